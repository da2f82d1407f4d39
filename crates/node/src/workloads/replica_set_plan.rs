//! A ReplicaSet and its pods in, what to write out. Pure.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::Pod;
use kube::{Resource, ResourceExt as _};

use super::hash::pod_name;
use super::owned::{
    available_from, is_active, is_ending, least_ready, least_serving_first, named, of_owner, pod_of, sooner,
};
use super::rollout::wished;
use crate::pods::time;

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
    let owned = of_owner(pods, set.metadata.uid.as_deref());
    let ending = owned.iter().filter(|pod| is_ending(pod)).count() as i32;
    let mut active: Vec<&Arc<Pod>> = owned.into_iter().filter(|pod| is_active(pod)).collect();
    let least_ready = least_ready(set.spec.as_ref().and_then(|spec| spec.min_ready_seconds));

    if set.metadata.deletion_timestamp.is_none() {
        let wanted = wished(set).max(0) as usize;
        plan.create = wanted.saturating_sub(active.len()).min(BURST);
        if active.len() > wanted {
            least_serving_first(&mut active);
            let surplus = active.len() - wanted;
            plan.delete = active.iter().take(surplus).map(|pod| named(pod)).collect();
        }
    }
    let mut ready = 0;
    let mut available = 0;
    for pod in &active {
        let Some(from) = available_from(pod, least_ready) else { continue };
        ready += 1;
        if least_ready.is_zero() || from <= now {
            available += 1;
        } else {
            plan.look_again = sooner(plan.look_again, Some(from));
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

/// The condition by which a set says that its pods are refused.
pub(crate) const REPLICA_FAILURE: &str = "ReplicaFailure";

/// The status with the API's refusal of a pod, or without one.
pub(crate) fn with_failure(mut status: ReplicaSetStatus, refusal: Option<&str>, now: Timestamp) -> ReplicaSetStatus {
    let mut conditions = status.conditions.take().unwrap_or_default();
    let held = conditions.iter().position(|condition| condition.type_ == REPLICA_FAILURE);
    let held = held.map(|place| conditions.remove(place));
    if let Some(words) = refusal {
        conditions.push(ReplicaSetCondition {
            type_: REPLICA_FAILURE.to_owned(),
            status: "True".to_owned(),
            reason: Some("FailedCreate".to_owned()),
            message: Some(words.to_owned()),
            last_transition_time: held.and_then(|held| held.last_transition_time).or_else(|| Some(time(now))),
        });
    }
    status.conditions = (!conditions.is_empty()).then_some(conditions);
    status
}

/// A new pod of a ReplicaSet, for `node` where nothing restricts where it may go.
pub(crate) fn new_pod(set: &ReplicaSet, node: &str) -> Pod {
    let template = set.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
    let owner = set.controller_owner_ref(&()).unwrap_or_default();
    pod_of(&template, owner, set.namespace(), pod_name(&set.name_any()), node)
}
