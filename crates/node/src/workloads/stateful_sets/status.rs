//! What a StatefulSet's status says.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{StatefulSetSpec, StatefulSetStatus};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

use super::plan::{SetWorld, Templates};
use crate::workloads::owned::{available_from, is_ending, least_ready, phase, ready_since};
use crate::workloads::revisions::REVISION_LABEL;

/// The status, where it changes.
pub(super) fn status(
    world: &SetWorld<'_>,
    spec: &StatefulSetSpec,
    own: &[&Arc<Pod>],
    templates: &Templates,
) -> Option<StatefulSetStatus> {
    let held = world.set.status.clone().unwrap_or_default();
    let count = |holds: &dyn Fn(&Pod) -> bool| own.iter().filter(|pod| holds(pod)).count() as i32;
    let of = |pod: &Pod, revision: &str| {
        !is_ending(pod) && pod.labels().get(REVISION_LABEL).is_some_and(|label| label == revision)
    };
    let serves = |pod: &Pod| phase(pod) == "Running" && ready_since(pod).is_some() && !is_ending(pod);
    let long = least_ready(spec.min_ready_seconds);
    let total = spec.replicas.unwrap_or(1);
    let replicas = own.len() as i32;
    let ready = count(&serves);
    let available = count(&|pod| {
        serves(pod) && (long.is_zero() || available_from(pod, long).is_some_and(|from| from <= world.now))
    });
    let updated = count(&|pod| of(pod, &templates.update));
    let mut current = templates.current.clone();
    // A rollout is complete when all pods are of the new revision and serve.
    if [replicas, ready, updated].iter().all(|count| *count == total) {
        current.clone_from(&templates.update);
    }
    let some = |count: i32| (count > 0).then_some(count);
    let status = StatefulSetStatus {
        observed_generation: world.set.metadata.generation,
        replicas,
        ready_replicas: some(ready),
        available_replicas: Some(available),
        current_replicas: some(count(&|pod| of(pod, &current))),
        updated_replicas: some(updated),
        current_revision: Some(current),
        update_revision: Some(templates.update.clone()),
        collision_count: Some(held.collision_count.unwrap_or(0)),
        conditions: held.conditions.clone(),
    };
    (held != status).then_some(status)
}
