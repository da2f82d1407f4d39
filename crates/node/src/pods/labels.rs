//! The labels by which containers are found again: what they are, kept on the containers themselves.

use std::collections::HashMap;

use k8s_openapi::api::core::v1::{Container, Pod};
use kube::ResourceExt as _;

use crate::engine::Observed;

pub(crate) const POD_NAME: &str = "io.kubernetes.pod.name";
pub(crate) const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";
pub(crate) const POD_UID: &str = "io.kubernetes.pod.uid";
pub(crate) const POD_GRACE: &str = "io.kubernetes.pod.terminationGracePeriod";
pub(crate) const CONTAINER_NAME: &str = "io.kubernetes.container.name";
/// Changes when what the container runs changes.
pub(crate) const CONTAINER_HASH: &str = "io.kubernetes.container.hash";
/// How often the container was started before.
pub(crate) const RESTART_COUNT: &str = "io.kubernetes.container.restartCount";
/// How many of those starts count for the back-off.
pub(crate) const RESTART_STREAK: &str = "io.kubernetes.container.restartStreak";
/// The container name of the container that holds the pod's network.
pub(crate) const INFRA: &str = "POD";

/// Labels of a pod's container.
pub(crate) fn of_container(
    instance: &str,
    pod: &Pod,
    container: &str,
    hash: &str,
    attempt: u32,
    streak: u32,
) -> HashMap<String, String> {
    let grace = pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds).unwrap_or(30);
    [
        (crate::engine::INSTANCE_LABEL, instance.to_owned()),
        (POD_NAME, pod.name_any()),
        (POD_NAMESPACE, pod.namespace().unwrap_or_default()),
        (POD_UID, pod.uid().unwrap_or_default()),
        (POD_GRACE, grace.to_string()),
        (CONTAINER_NAME, container.to_owned()),
        (CONTAINER_HASH, hash.to_owned()),
        (RESTART_COUNT, attempt.to_string()),
        (RESTART_STREAK, streak.to_string()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

/// The engine's name for a container.
pub(crate) fn engine_name(pod: &Pod, container: &str, attempt: u32) -> String {
    let namespace = pod.namespace().unwrap_or_default();
    format!("k8s_{container}_{}_{namespace}_{}_{attempt}", pod.name_any(), pod.uid().unwrap_or_default())
}

/// A short digest of what a container runs. The image is the one field of it that may change in a pod.
pub(crate) fn hash(container: &Container) -> String {
    let text = serde_json::to_vec(container).unwrap_or_default();
    crate::digest::short(&text, 8)
}

/// Reads labels back.
impl Observed {
    pub(crate) fn label(&self, key: &str) -> &str {
        self.labels.get(key).map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn attempt(&self) -> u32 {
        self.label(RESTART_COUNT).parse().unwrap_or_default()
    }

    pub(crate) fn streak(&self) -> u32 {
        self.label(RESTART_STREAK).parse().unwrap_or_default()
    }
}

/// Whether a container is there to hold the network of others.
pub(crate) fn holds_network(found: &Observed) -> bool {
    found.label(CONTAINER_NAME) == INFRA
}
