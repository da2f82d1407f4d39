//! Jobs that limit the failures of each index (`backoffLimitPerIndex`). Pure.
//!
//! How often an index has failed stands on its newest pod. So a failed pod keeps its finalizer until another pod of its
//! index is there, or the index is not tried again: the number is never lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

use super::failure_policy::{Judgement, judge};
use super::plan::ended_at;
use super::pods::{Failures, index_of};
use crate::workloads::owned::{is_ending, phase};

/// What becomes of the index of a failed pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Tried again; no other pod has taken it yet.
    Waits,
    /// Tried again by a pod that is there.
    Taken,
    /// Not tried again.
    Failed(i32),
}

/// The most failures of each index, of a Job that limits them.
pub(super) fn limit(spec: &JobSpec) -> Option<i32> {
    spec.backoff_limit_per_index.filter(|_| spec.completion_mode.as_deref() == Some("Indexed"))
}

/// The failures of a failed pod's index after that pod.
fn after(pod: &Pod, judgement: &Judgement) -> Failures {
    let before = Failures::before(pod);
    match judgement {
        Judgement::Ignore => Failures { ignored: before.ignored.saturating_add(1), ..before },
        _ => Failures { counted: before.counted.saturating_add(1), ..before },
    }
}

/// What becomes of the index of a failed pod; `None` where indexes have no limits of their own.
pub(super) fn fate(job: &Job, own: &[&Arc<Pod>], pod: &Pod, judgement: &Judgement) -> Option<Fate> {
    let limit = limit(job.spec.as_ref()?)?;
    let index = index_of(pod)?;
    let after = after(pod, judgement);
    if *judgement == Judgement::FailIndex || after.counted > limit {
        return Some(Fate::Failed(index));
    }
    let newer = |other: &Pod| index_of(other) == Some(index) && Failures::before(other).all() >= after.all();
    let taken = own.iter().any(|other| newer(other) && other.uid() != pod.uid());
    Some(if taken { Fate::Taken } else { Fate::Waits })
}

/// Each index that has failed: how often, and when last.
pub(super) fn failures(spec: &JobSpec, own: &[&Arc<Pod>], now: Timestamp) -> BTreeMap<i32, (Failures, Timestamp)> {
    let mut found: BTreeMap<i32, (Failures, Timestamp)> = BTreeMap::new();
    for pod in own.iter().filter(|pod| phase(pod) == "Failed" || (is_ending(pod) && phase(pod) != "Succeeded")) {
        let Some(index) = index_of(pod) else { continue };
        let failures = after(pod, &judge(spec.pod_failure_policy.as_ref(), pod));
        let held = found.get(&index);
        if held.is_none_or(|(held, _)| held.all() < failures.all()) {
            found.insert(index, (failures, ended_at(pod).unwrap_or(now)));
        }
    }
    found
}
