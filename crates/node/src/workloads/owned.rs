//! Pods as their controllers see them, and pods made from a template.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::deployment_plan::controller;

/// The pods that an owner controls.
pub(super) fn of_owner<'a>(pods: &'a [Arc<Pod>], owner: Option<&str>) -> Vec<&'a Arc<Pod>> {
    let owned = pods
        .iter()
        .filter(|pod| owner.is_some() && controller(&pod.metadata).map(|reference| reference.uid.as_str()) == owner);
    owned.collect()
}

pub(super) fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

/// Whether its containers ended and will not start again.
pub(super) fn is_over(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

pub(super) fn is_ending(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

pub(super) fn is_active(pod: &Pod) -> bool {
    !is_ending(pod) && !is_over(pod)
}

/// Since when a pod is ready.
pub(super) fn ready_since(pod: &Pod) -> Option<Timestamp> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready" && condition.status == "True")?;
    Some(ready.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0))
}

/// From when on a ready pod counts as available.
pub(super) fn available_from(pod: &Pod, least_ready: Duration) -> Option<Timestamp> {
    ready_since(pod).map(|since| since.saturating_add(least_ready).unwrap_or(since))
}

/// `minReadySeconds` as a time.
pub(super) fn least_ready(seconds: Option<i32>) -> Duration {
    Duration::from_secs(seconds.unwrap_or(0).max(0) as u64)
}

/// The earlier of two moments to look again.
pub(super) fn sooner(held: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    held.into_iter().chain(other).min()
}

/// Those that serve least come first; of equals the youngest.
pub(super) fn least_serving_first(pods: &mut [&Arc<Pod>]) {
    pods.sort_by_key(|pod| {
        let created = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let rank = match (phase(pod), ready_since(pod)) {
            (_, Some(_)) => 2,
            ("Running", None) => 1,
            _ => 0,
        };
        (rank, std::cmp::Reverse(created), pod.metadata.name.clone())
    });
}

/// Name and UID, by which a pod is deleted.
pub(super) fn named(pod: &Pod) -> (String, String) {
    (pod.metadata.name.clone().unwrap_or_default(), pod.metadata.uid.clone().unwrap_or_default())
}

/// A pod of a template, for `node` where nothing restricts where it may go.
pub(super) fn pod_of(
    template: &PodTemplateSpec,
    owner: OwnerReference,
    namespace: Option<String>,
    name: String,
    node: &str,
) -> Pod {
    let metadata = template.metadata.clone().unwrap_or_default();
    let mut spec = template.spec.clone().unwrap_or_default();
    if spec.node_selector.as_ref().is_none_or(std::collections::BTreeMap::is_empty) {
        spec.node_name.get_or_insert_with(|| node.to_owned());
    }
    Pod {
        metadata: ObjectMeta {
            name: Some(name),
            generate_name: Some(format!("{}-", owner.name)),
            namespace,
            labels: metadata.labels,
            annotations: metadata.annotations,
            finalizers: metadata.finalizers,
            owner_references: Some(vec![OwnerReference { block_owner_deletion: Some(true), ..owner }]),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    }
}
