//! Takes everything of a release off its plane.

use super::{inventory, within_reach};
use crate::controllers::blocked::Blocked;
use crate::controllers::condition::{State, condition, set};
use crate::controllers::departure;
use crate::controllers::placement::{self, Plane};
use crate::controllers::rendering::finalizer;
use crate::engine::{Plan, World};
use model::{Environment, Kind, RenderedRelease, RenderedReleaseStatus};

pub(super) fn plan(release: &RenderedRelease, world: &World) -> Plan {
    let done = || Plan::new().remove_finalizer(finalizer(release.spec.target_plane));
    let plane = match whereabouts(release, world) {
        Ok(plane) => plane,
        // Where the plane is not known any more, nothing can be on it that anybody could reach.
        Err(blocked) if blocked.reason == "DataPlaneNotFound" => return done(),
        Err(blocked) => return Plan::with_status(status(release, "CleanupFailed", blocked.message)),
    };
    let cluster = match within_reach(&plane.cluster(), world) {
        Ok(cluster) => cluster,
        Err(message) => return Plan::with_status(status(release, "CleanupFailed", message)),
    };
    let left = match inventory::tracked(release, world, &cluster, &[]) {
        Ok(left) => left,
        Err(unseen) => return Plan::with_status(status(release, "CleanupFailed", unseen.to_string())),
    };
    if left.is_empty() {
        return done();
    }
    let mut plan = Plan::new();
    for object in left {
        plan = plan.wait(object.object.clone(), "it is still being deleted on the plane");
        if !object.deleting {
            plan =
                plan.at_step(plane::order::delete_step(&object.object.gvk.kind)).delete_ref(object.object, object.uid);
        }
    }
    match world.last_failure() {
        Some(failure) => plan.status(status(release, "CleanupFailed", failure.to_string())),
        None => {
            let message = departure::message("Cleaning up on the plane", &plan);
            plan.status(status(release, "CleanupInProgress", message))
        }
    }
}

/// The plane of the release. An environment that was removed by force takes its reference along; then the plane that
/// environments without a reference use is the only one that can still be asked.
fn whereabouts(release: &RenderedRelease, world: &World) -> Result<Plane, Blocked> {
    match placement::find(world, release.namespace(), &release.spec.environment_name) {
        Ok(placement) => Ok(placement.plane),
        Err(blocked) if blocked.reason == "EnvironmentNotFound" => {
            placement::plane(world, release.namespace(), &Environment::default())
        }
        Err(blocked) => Err(blocked),
    }
}

fn status(release: &RenderedRelease, reason: &str, message: String) -> RenderedReleaseStatus {
    let mut status = release.status.clone().unwrap_or_default();
    set(&mut status.conditions, condition("Finalizing", State::True, reason, message, release.generation()));
    status
}
