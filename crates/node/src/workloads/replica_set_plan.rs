//! A ReplicaSet and its pods in, what to write out. Pure.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{Resource, ResourceExt as _};

use super::deployment_plan::controller;
use super::hash::pod_name;
use super::rollout::wished;

/// What to write for a ReplicaSet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ReplicaSetPlan {
    /// How many pods to create.
    pub(crate) create: usize,
    /// Names and UIDs of pods to delete.
    pub(crate) delete: Vec<(String, String)>,
    pub(crate) status: Option<ReplicaSetStatus>,
    pub(crate) look_again: Option<Timestamp>,
}

/// Pods that are created in one step; the rest follows when these are seen.
const BURST: usize = 500;

/// Plans the next step of a ReplicaSet. `pods` are those of its namespace.
pub(crate) fn plan(set: &ReplicaSet, pods: &[Arc<Pod>], now: Timestamp) -> ReplicaSetPlan {
    let mut plan = ReplicaSetPlan::default();
    let uid = set.uid();
    let owned = pods.iter().filter(|pod| controller(&pod.metadata).map(|owner| owner.uid.clone()) == uid);
    let mut active: Vec<&Arc<Pod>> = owned.clone().filter(|pod| is_active(pod)).collect();
    let ending = owned.filter(|pod| pod.metadata.deletion_timestamp.is_some()).count() as i32;
    let least_ready =
        Duration::from_secs(set.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or(0).max(0) as u64);

    if set.metadata.deletion_timestamp.is_none() {
        let wanted = wished(set).max(0) as usize;
        plan.create = wanted.saturating_sub(active.len()).min(BURST);
        if active.len() > wanted {
            // Those that serve least go first; of equals the youngest.
            active.sort_by_key(|pod| {
                let created = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
                (rank(pod), std::cmp::Reverse(created), pod.name_any())
            });
            let surplus = active.len() - wanted;
            plan.delete =
                active.iter().take(surplus).map(|pod| (pod.name_any(), pod.uid().unwrap_or_default())).collect();
        }
    }
    let mut ready = 0;
    let mut available = 0;
    for pod in &active {
        let Some(since) = ready_since(pod) else { continue };
        ready += 1;
        let from = since.saturating_add(least_ready).unwrap_or(since);
        if least_ready.is_zero() || from <= now {
            available += 1;
        } else {
            plan.look_again = Some(plan.look_again.map_or(from, |held| held.min(from)));
        }
    }
    let template_labels = set
        .spec
        .as_ref()
        .and_then(|spec| spec.template.as_ref()?.metadata.as_ref()?.labels.clone())
        .unwrap_or_default();
    let labelled = active
        .iter()
        .filter(|pod| template_labels.iter().all(|(key, value)| pod.labels().get(key) == Some(value)))
        .count() as i32;
    let some = |count: i32| (count > 0).then_some(count);
    let status = ReplicaSetStatus {
        replicas: active.len() as i32,
        fully_labeled_replicas: some(labelled),
        ready_replicas: some(ready),
        available_replicas: some(available),
        terminating_replicas: some(ending),
        observed_generation: set.metadata.generation,
        conditions: set.status.as_ref().and_then(|status| status.conditions.clone()),
    };
    plan.status = (set.status.as_ref() != Some(&status)).then_some(status);
    plan
}

fn is_active(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    pod.metadata.deletion_timestamp.is_none() && !matches!(phase, Some("Succeeded" | "Failed"))
}

/// Since when a pod is ready.
fn ready_since(pod: &Pod) -> Option<Timestamp> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready" && condition.status == "True")?;
    Some(ready.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0))
}

fn rank(pod: &Pod) -> u8 {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    match (phase, ready_since(pod)) {
        (_, Some(_)) => 2,
        (Some("Running"), None) => 1,
        _ => 0,
    }
}

/// A new pod of a ReplicaSet, for `node` where nothing restricts where it may go.
pub(crate) fn new_pod(set: &ReplicaSet, node: &str) -> Pod {
    let template = set.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
    let metadata = template.metadata.unwrap_or_default();
    let mut spec = template.spec.unwrap_or_default();
    if spec.node_selector.as_ref().is_none_or(std::collections::BTreeMap::is_empty) {
        spec.node_name.get_or_insert_with(|| node.to_owned());
    }
    Pod {
        metadata: ObjectMeta {
            name: Some(pod_name(&set.name_any())),
            generate_name: Some(format!("{}-", set.name_any())),
            namespace: set.namespace(),
            labels: metadata.labels,
            annotations: metadata.annotations,
            finalizers: metadata.finalizers,
            owner_references: Some(vec![OwnerReference {
                block_owner_deletion: Some(true),
                ..set.controller_owner_ref(&()).unwrap_or_default()
            }]),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    }
}
