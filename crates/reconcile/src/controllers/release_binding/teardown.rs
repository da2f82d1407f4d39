//! Takes what runs for a binding down, for good or until it is wanted again.

use super::status::Told;
use crate::controllers::condition::{State, condition, set};
use crate::controllers::departure::{self, remove};
use crate::controllers::rendering::{self, Live};
use crate::engine::{Plan, Unseen, World};
use model::{Kind, ReleaseBinding, ReleaseBindingStatus, RenderedRelease, finalizers, names};
use std::sync::Arc;

/// The binding goes.
pub(super) fn plan(binding: &ReleaseBinding, world: &World) -> Plan {
    let left = match releases(binding, world) {
        Ok(left) => left,
        Err(unseen) => return Plan::with_status(finalizing(binding, unseen.to_string())),
    };
    if left.is_empty() {
        return Plan::new().remove_finalizer(finalizers::RELEASE_BINDING);
    }
    let plan = remove(Plan::new(), &left);
    let message = departure::message("ReleaseBinding is finalizing", &plan);
    plan.status(finalizing(binding, message))
}

/// The binding stays, and what runs for it goes.
pub(super) fn undeploy(plan: Plan, binding: &ReleaseBinding, world: &World, told: Told) -> Plan {
    match releases(binding, world) {
        Ok(left) if left.is_empty() => plan.status(told.undeployed("Resources undeployed")),
        Ok(left) => remove(plan, &left).status(told.undeployed("Resources being undeployed")),
        Err(unseen) => plan.status(told.not_synced(&unseen.into())),
    }
}

/// The rendered releases that belong to the binding.
fn releases(binding: &ReleaseBinding, world: &World) -> Result<Vec<Arc<RenderedRelease>>, Unseen> {
    let (component, environment) = (&binding.spec.owner.component_name, &binding.spec.environment);
    let names = [
        names::component_rendered_release(component, environment),
        names::component_observability_rendered_release(component, environment),
    ];
    let mut own = Vec::new();
    for name in names {
        if let Live::Ours(release) = rendering::live(world, binding.namespace(), &name, binding.uid())? {
            own.push(release);
        }
    }
    Ok(own)
}

fn finalizing(binding: &ReleaseBinding, message: String) -> ReleaseBindingStatus {
    let mut status = binding.status.clone().unwrap_or_default();
    set(&mut status.conditions, condition("Finalizing", State::True, "Finalizing", message, binding.generation()));
    status
}
