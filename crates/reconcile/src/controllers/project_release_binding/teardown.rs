//! Takes a project's namespace down, after the components in it.

use crate::controllers::condition::{State, condition, set};
use crate::controllers::lookup;
use crate::controllers::rendering::{self, Live};
use crate::engine::{ClusterId, ObjectRef, Plan, Unseen, World};
use model::{
    Kind, ProjectReleaseBinding, ProjectReleaseBindingStatus, ReleaseBinding, RenderedRelease, finalizers, indexes,
    names,
};

pub(super) fn plan(binding: &ProjectReleaseBinding, world: &World) -> Plan {
    steps(binding, world).unwrap_or_else(|unseen| Plan::with_status(status(binding, unseen.to_string())))
}

fn steps(binding: &ProjectReleaseBinding, world: &World) -> Result<Plan, Unseen> {
    let here = ClusterId::control_plane();
    let owner = &binding.spec.owner.project_name;
    // Deleting the namespace would pull it away from under whatever is being taken down in it.
    let inside: Vec<_> =
        lookup::list_spec(world, indexes::BINDINGS_BY_ENVIRONMENT, binding.namespace(), &[&binding.spec.environment])?
            .into_iter()
            .filter(|other| other.spec.owner.project_name == *owner && other.is_being_deleted())
            .collect();
    if !inside.is_empty() {
        let message = format!("Waiting for {} release binding(s) to be taken down", inside.len());
        let plan = Plan::with_status(status(binding, message));
        return Ok(inside.iter().fold(plan, |plan, other| {
            plan.wait(
                ObjectRef::to::<ReleaseBinding>(&here, (other.namespace(), other.name())),
                "it is still being deleted",
            )
        }));
    }
    let name = names::project_rendered_release(owner, &binding.spec.environment);
    match rendering::live(world, binding.namespace(), &name, binding.uid())? {
        Live::Absent | Live::Foreign => Ok(Plan::new().remove_finalizer(finalizers::PROJECT_RELEASE_BINDING)),
        Live::Ours(release) => {
            let plan = Plan::with_status(status(binding, "ProjectReleaseBinding is finalizing".into())).wait(
                ObjectRef::to::<RenderedRelease>(&here, (binding.namespace(), name.as_str())),
                "its objects are still being deleted",
            );
            Ok(if release.is_being_deleted() { plan } else { plan.delete(&here, release.as_ref()) })
        }
    }
}

fn status(binding: &ProjectReleaseBinding, message: String) -> ProjectReleaseBindingStatus {
    let mut status = binding.status.clone().unwrap_or_default();
    set(&mut status.conditions, condition("Finalizing", State::True, "Finalizing", message, binding.generation()));
    status
}
