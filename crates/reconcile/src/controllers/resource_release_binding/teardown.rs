//! Takes what a binding deployed down, unless it is to be retained.

use super::retain_policy;
use crate::controllers::condition::{State, condition, set};
use crate::controllers::departure::{self, remove};
use crate::controllers::rendering::{self, Live};
use crate::engine::{ClusterId, ObjectRef, Plan, Unseen, World};
use model::{Kind, ResourceReleaseBinding, ResourceReleaseBindingStatus, RetainPolicy, finalizers, names};

pub(super) fn plan(binding: &ResourceReleaseBinding, world: &World) -> Plan {
    steps(binding, world).unwrap_or_else(|unseen| Plan::with_status(status(binding, "Finalizing", unseen.to_string())))
}

fn steps(binding: &ResourceReleaseBinding, world: &World) -> Result<Plan, Unseen> {
    let name = names::resource_rendered_release(&binding.spec.owner.resource_name, &binding.spec.environment);
    let Live::Ours(release) = rendering::live(world, binding.namespace(), &name, binding.uid())? else {
        return Ok(Plan::new().remove_finalizer(finalizers::RESOURCE_RELEASE_BINDING));
    };
    if retain_policy(binding, world)? == RetainPolicy::Retain && !release.is_being_deleted() {
        let message = "what was deployed is retained; set spec.retainPolicy to Delete once it is not needed any more";
        let own =
            ObjectRef::to::<ResourceReleaseBinding>(&ClusterId::control_plane(), (binding.namespace(), binding.name()));
        return Ok(Plan::with_status(status(binding, "RetainHold", message.into())).wait(own, message));
    }
    let plan = remove(Plan::new(), &[release]);
    let message = departure::message("ResourceReleaseBinding is finalizing", &plan);
    Ok(plan.status(status(binding, "Finalizing", message)))
}

fn status(binding: &ResourceReleaseBinding, reason: &str, message: String) -> ResourceReleaseBindingStatus {
    let mut status = binding.status.clone().unwrap_or_default();
    set(&mut status.conditions, condition("Finalizing", State::True, reason, message, binding.generation()));
    status
}
