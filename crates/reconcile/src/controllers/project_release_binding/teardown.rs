//! Takes a project's namespace down, after the components in it.

use crate::controllers::condition::{State, condition, set};
use crate::controllers::departure::{self, remove};
use crate::controllers::lookup;
use crate::controllers::rendering::{self, Live};
use crate::engine::{ClusterId, ObjectRef, Plan, Unseen, World};
use model::{
    Kind, ProjectReleaseBinding, ProjectReleaseBindingStatus, ReleaseBinding, ResourceReleaseBinding, finalizers,
    indexes, names,
};

pub(super) fn plan(binding: &ProjectReleaseBinding, world: &World) -> Plan {
    steps(binding, world).unwrap_or_else(|unseen| Plan::with_status(status(binding, unseen.to_string())))
}

fn steps(binding: &ProjectReleaseBinding, world: &World) -> Result<Plan, Unseen> {
    let here = ClusterId::control_plane();
    let owner = &binding.spec.owner.project_name;
    // Deleting the namespace would pull it away from under whatever is being taken down, or retained, in it.
    let (namespace, environment) = (binding.namespace(), binding.spec.environment.as_str());
    let components = lookup::list_spec(world, indexes::BINDINGS_BY_ENVIRONMENT, namespace, &[environment])?;
    let resources = lookup::list_spec(world, indexes::RESOURCE_BINDINGS_BY_ENVIRONMENT, namespace, &[environment])?;
    let components = components
        .iter()
        .filter(|other| other.spec.owner.project_name == *owner && other.is_being_deleted())
        .map(|other| ObjectRef::to::<ReleaseBinding>(&here, (namespace, other.name())));
    let resources = resources
        .iter()
        .filter(|other| other.spec.owner.project_name == *owner && other.is_being_deleted())
        .map(|other| ObjectRef::to::<ResourceReleaseBinding>(&here, (namespace, other.name())));
    let inside: Vec<ObjectRef> = components.chain(resources).collect();
    if !inside.is_empty() {
        let plan = inside.into_iter().fold(Plan::new(), |plan, object| plan.wait(object, "it is still being deleted"));
        let message = departure::message("ProjectReleaseBinding is finalizing", &plan);
        return Ok(plan.status(status(binding, message)));
    }
    let name = names::project_rendered_release(owner, &binding.spec.environment);
    match rendering::live(world, binding.namespace(), &name, binding.uid())? {
        Live::Absent | Live::Foreign => Ok(Plan::new().remove_finalizer(finalizers::PROJECT_RELEASE_BINDING)),
        Live::Ours(release) => {
            let plan = remove(Plan::new(), &[release]);
            let message = departure::message("ProjectReleaseBinding is finalizing", &plan);
            Ok(plan.status(status(binding, message)))
        }
    }
}

fn status(binding: &ProjectReleaseBinding, message: String) -> ProjectReleaseBindingStatus {
    let mut status = binding.status.clone().unwrap_or_default();
    set(&mut status.conditions, condition("Finalizing", State::True, "Finalizing", message, binding.generation()));
    status
}
