//! Keeps the objects of one plane equal to a list of manifests, and tells how they are.
//!
//! ```text
//! manifests ─▶ wanted (with tracking labels) ─┐
//!                                             ├─▶ apply in order, prune what is not wanted any more
//! plane ─▶ inventory (by tracking label) ─────┘
//! plane ─▶ observed (health per manifest) ─▶ status
//! ```

mod autoscaled;
mod inventory;
mod observed;
mod teardown;
#[cfg(test)]
mod tests;
mod wanted;

use super::condition::{State, condition};
use super::placement;
use super::rendering::finalizer;
use crate::engine::{ClusterId, Controller, FailureReason, Gvk, ObjectKey, ObjectRef, Plan, Unseen, World};
use model::{Condition, Kind, RenderedRelease, RenderedReleaseStatus, TargetPlane, labels, names};
use wanted::Wanted;

/// Applies rendered releases to their planes.
#[derive(Debug, Default)]
pub struct RenderedReleaseController;

impl Controller for RenderedReleaseController {
    const NAME: &'static str = "rendered-release";
    const FIELD_MANAGER: &'static str = labels::MANAGED_BY_RENDERED_RELEASE;
    type Object = RenderedRelease;

    fn reconcile(&self, release: &RenderedRelease, world: &World) -> Plan {
        if release.is_being_deleted() {
            return teardown::plan(release, world);
        }
        let plan = Plan::new().add_finalizer(finalizer(release.spec.target_plane));
        let cluster = match reach(release, world) {
            Ok(cluster) => cluster,
            Err(message) => return plan.status(failed(release, message)),
        };
        let mut wanted = match wanted::all(release, &cluster) {
            Ok(wanted) => wanted,
            Err(message) => return plan.status(failed(release, message)),
        };
        let placed = autoscaled::place(&mut wanted, world, &cluster);
        match placed.and_then(|()| kept(release, world, &cluster, &wanted, plan.clone())) {
            Ok(kept) => kept,
            Err(unseen) => plan.status(failed(release, unseen.to_string())),
        }
    }
}

/// Applies, prunes and tells.
fn kept(
    release: &RenderedRelease,
    world: &World,
    cluster: &ClusterId,
    wanted: &[Wanted],
    plan: Plan,
) -> Result<Plan, Unseen> {
    // Objects of a namespace that is not there yet would only be refused: the namespace's coming wakes this again.
    let missing = missing_namespace(release, world, cluster, wanted)?;
    let mut plan = plan;
    for one in wanted {
        if missing.is_none() || one.object.key.namespace.as_deref() != missing.as_deref() {
            plan = plan.at_step(plane::apply_step(&one.object.gvk.kind)).apply_manifest(cluster, one.manifest.clone());
        }
    }
    for object in inventory::tracked(release, world, cluster, wanted)? {
        if !object.deleting && !wanted.iter().any(|one| one.object == object.object) {
            plan =
                plan.at_step(plane::order::delete_step(&object.object.gvk.kind)).delete_ref(object.object, object.uid);
        }
    }
    if let Some((id, namespace)) = first_homeless(wanted, missing.as_deref()) {
        let message = format!(
            "Failed to apply resources to target plane: failed to apply resource {id}: namespaces {namespace:?} not found"
        );
        plan = plan.wait(
            ObjectRef {
                cluster: cluster.clone(),
                gvk: Gvk::new("v1", "Namespace"),
                key: ObjectKey::new(None, namespace),
            },
            "a ProjectReleaseBinding of the project and environment creates it",
        );
        let told = condition("ResourcesApplied", State::False, "ApplyFailed", message, release.generation());
        return Ok(plan.status(observed::status(release, world, cluster, wanted, told)?));
    }
    if let Some(failure) = world.last_failure().filter(|failure| failure.reason != FailureReason::Conflict) {
        let id = wanted
            .iter()
            .find(|one| one.object == failure.object)
            .map_or_else(|| failure.object.to_string(), |one| one.id.clone());
        let message = format!(
            "Failed to apply resources to target plane: failed to {} resource {id}: {}",
            failure.action, failure.message
        );
        let told = condition("ResourcesApplied", State::False, "ApplyFailed", message, release.generation());
        return Ok(plan.status(observed::status(release, world, cluster, wanted, told)?));
    }
    // What is applied is told when the plane shows it, so that no status speaks of wishes.
    if !observed::all_applied(release, world, cluster, wanted)? {
        return Ok(plan);
    }
    let told = condition(
        "ResourcesApplied",
        State::True,
        "ApplySucceeded",
        "All resources applied successfully",
        release.generation(),
    );
    Ok(plan.status(observed::status(release, world, cluster, wanted, told)?))
}

/// The first manifest whose namespace is missing.
fn first_homeless<'w>(wanted: &'w [Wanted], missing: Option<&'w str>) -> Option<(&'w str, &'w str)> {
    let missing = missing?;
    let homeless = wanted.iter().find(|one| one.object.key.namespace.as_deref() == Some(missing))?;
    Some((&homeless.id, missing))
}

/// The cluster that the release is for, if it can be reached.
fn reach(release: &RenderedRelease, world: &World) -> Result<ClusterId, String> {
    if release.spec.target_plane == TargetPlane::ObservabilityPlane {
        return Err("observability planes are not served by this version: the release waits".into());
    }
    let placed =
        placement::find(world, release.namespace(), &release.spec.environment_name).map(|placement| placement.plane);
    let cluster = placed.map_err(|blocked| blocked.message)?.cluster();
    within_reach(&cluster, world)
}

/// The cluster, if it can be reached.
fn within_reach(cluster: &ClusterId, world: &World) -> Result<ClusterId, String> {
    world.plane(cluster).map_err(|unseen| format!("Failed to apply resources to target plane: {unseen}"))
}

/// The namespace that the project's binding makes, if manifests are for it, it is not there yet, and the release itself
/// does not bring it. Of other namespaces nothing is known here.
fn missing_namespace(
    release: &RenderedRelease,
    world: &World,
    cluster: &ClusterId,
    wanted: &[Wanted],
) -> Result<Option<String>, Unseen> {
    let gvk = Gvk::new("v1", "Namespace");
    let name =
        names::runtime_namespace(release.namespace(), &release.spec.owner.project_name, &release.spec.environment_name);
    let needed = wanted.iter().any(|one| one.object.key.namespace.as_deref() == Some(name.as_str()));
    let brought = wanted.iter().any(|one| one.object.gvk == gvk && *one.object.key.name == *name);
    if !needed || brought || world.exists_dynamic(cluster, &gvk, ObjectKey::new(None, &name))? {
        return Ok(None);
    }
    Ok(Some(name))
}

/// The status when nothing could be applied: what was known stays known.
fn failed(release: &RenderedRelease, message: String) -> RenderedReleaseStatus {
    let told: Condition = condition("ResourcesApplied", State::False, "ApplyFailed", message, release.generation());
    RenderedReleaseStatus {
        resources: release.status.as_ref().map(|status| status.resources.clone()).unwrap_or_default(),
        conditions: vec![told],
    }
}
