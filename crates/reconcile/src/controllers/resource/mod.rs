//! A resource: a release is cut for each state of its type and parameters. Where it runs is the bindings' affair.

mod release;
mod teardown;
#[cfg(test)]
mod tests;

use super::blocked::Blocked;
use super::condition::{State, condition};
use crate::engine::{ClusterId, Controller, FailureReason, Plan, World};
use model::{Condition, Kind, LatestRelease, Resource, ResourceStatus, finalizers};
use release::Cut;

/// Cuts resource releases.
#[derive(Debug, Default)]
pub struct ResourceController;

impl Controller for ResourceController {
    const NAME: &'static str = "resource";
    type Object = Resource;

    fn reconcile(&self, resource: &Resource, world: &World) -> Plan {
        if resource.is_being_deleted() {
            return teardown::plan(resource, world);
        }
        let plan = Plan::new().add_finalizer(finalizers::RESOURCE);
        match release::cut(resource, world) {
            Ok(cut) => in_place(plan, resource, world, cut),
            Err(blocked) => blocked.wait(plan).status(not_ready(resource, &blocked)),
        }
    }
}

/// Creates the release that is missing; says so once it is there.
fn in_place(plan: Plan, resource: &Resource, world: &World, cut: Cut) -> Plan {
    if !cut.exists {
        let plan = plan.create(&ClusterId::control_plane(), &cut.object(resource.namespace()));
        return match world.last_failure().filter(|failure| failure.reason != FailureReason::Conflict) {
            Some(failure) => {
                plan.status(not_ready(resource, &Blocked::new("ReleaseCreateFailed", failure.message.clone())))
            }
            None => plan,
        };
    }
    let message = format!("ResourceRelease {} in place", cut.name);
    let ready = condition("Ready", State::True, "Reconciled", message, resource.generation());
    plan.status(status(resource, ready, Some(LatestRelease { name: cut.name, hash: cut.hash })))
}

fn not_ready(resource: &Resource, blocked: &Blocked) -> ResourceStatus {
    let ready = condition("Ready", State::False, blocked.reason, blocked.message.clone(), resource.generation());
    let latest = resource.status.as_ref().and_then(|status| status.latest_release.clone());
    status(resource, ready, latest)
}

fn status(resource: &Resource, ready: Condition, latest_release: Option<LatestRelease>) -> ResourceStatus {
    ResourceStatus { observed_generation: resource.generation(), conditions: vec![ready], latest_release }
}
