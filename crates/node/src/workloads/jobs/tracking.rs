//! How many pods of a Job have ended, each counted once. Pure.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use k8s_openapi::api::batch::v1::{Job, JobStatus, UncountedTerminatedPods};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

use super::failure_policy::{Judgement, judge};
use super::indexes;
use super::per_index;
use super::pods::index_of;
use crate::workloads::owned::{is_ending, named, phase};

/// On a pod until its end is counted.
pub(crate) const FINALIZER: &str = "batch.kubernetes.io/job-tracking";

/// The counts after this step.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// Counted for good.
    pub(super) succeeded: i32,
    pub(super) failed: i32,
    /// Seen to have ended, not counted yet: by UID.
    pub(super) uncounted: UncountedTerminatedPods,
    /// Indexes that are complete, of a Job with indexes.
    pub(super) completed: BTreeSet<i32>,
    /// Indexes that have failed for good, of a Job that limits the failures of each.
    pub(super) failed_indexes: BTreeSet<i32>,
    /// Pods that have failed and are counted when another one has taken their index.
    pub(super) delayed: usize,
    /// Name and UID of pods whose finalizer goes once the status is written.
    pub(super) release: Vec<(String, String)>,
    /// Why a rule has the whole Job fail.
    pub(super) fails_job: Option<String>,
}

impl Counts {
    /// All that have succeeded, counted or not.
    pub(super) fn all_succeeded(&self, indexed: bool) -> i32 {
        if indexed { self.completed.len() as i32 } else { self.succeeded + length(self.uncounted.succeeded.as_ref()) }
    }

    pub(super) fn all_failed(&self) -> i32 {
        self.failed + length(self.uncounted.failed.as_ref())
    }

    pub(super) fn settled(&self) -> bool {
        self.delayed == 0 && self.uncounted == UncountedTerminatedPods::default()
    }
}

fn length(list: Option<&Vec<String>>) -> i32 {
    list.map_or(0, Vec::len) as i32
}

pub(super) fn is_tracked(pod: &Pod) -> bool {
    pod.metadata.finalizers.iter().flatten().any(|finalizer| finalizer == FINALIZER)
}

/// Counts. `own` are the Job's pods; `concluding`: no index is tried again.
pub(super) fn count(job: &Job, own: &[&Arc<Pod>], indexed: bool, concluding: bool) -> Counts {
    let held: JobStatus = job.status.clone().unwrap_or_default();
    let before = held.uncounted_terminated_pods.clone().unwrap_or_default();
    let tracked: HashMap<String, &Arc<Pod>> =
        own.iter().filter(|pod| is_tracked(pod)).map(|pod| (pod.uid().unwrap_or_default(), *pod)).collect();
    let mut counts = Counts {
        succeeded: held.succeeded.unwrap_or_default(),
        failed: held.failed.unwrap_or_default(),
        completed: indexes::parse(held.completed_indexes.as_deref().unwrap_or_default()),
        failed_indexes: indexes::parse(held.failed_indexes.as_deref().unwrap_or_default()),
        ..Counts::default()
    };
    // Those whose finalizer is gone are counted now; the others are let go now.
    let (mut succeeded, mut failed) = (Vec::new(), Vec::new());
    for uid in before.succeeded.into_iter().flatten() {
        if tracked.contains_key(&uid) { succeeded.push(uid) } else { counts.succeeded += 1 }
    }
    for uid in before.failed.into_iter().flatten() {
        if tracked.contains_key(&uid) { failed.push(uid) } else { counts.failed += 1 }
    }
    let spec = job.spec.as_ref();
    let policy = spec.and_then(|spec| spec.pod_failure_policy.as_ref());
    let only_failed = spec.and_then(|spec| spec.pod_replacement_policy.as_deref()) == Some("Failed");
    for pod in own.iter().filter(|pod| is_tracked(pod)) {
        let uid = pod.uid().unwrap_or_default();
        if succeeded.contains(&uid) || failed.contains(&uid) {
            counts.release.push(named(pod));
            continue;
        }
        match phase(pod) {
            "Succeeded" => {
                counts.completed.extend(index_of(pod).filter(|_| indexed));
                succeeded.push(uid);
            }
            // A pod that somebody deletes has failed; one that this controller deletes has lost its finalizer before.
            phase if phase == "Failed" || (is_ending(pod) && !only_failed) => {
                let judgement = judge(policy, pod);
                match per_index::fate(job, own, pod, &judgement) {
                    Some(per_index::Fate::Waits) if !concluding => {
                        counts.delayed += 1;
                        continue;
                    }
                    Some(per_index::Fate::Failed(index)) => {
                        counts.failed_indexes.insert(index);
                    }
                    _ => {}
                }
                match judgement {
                    Judgement::Ignore => {}
                    Judgement::Count | Judgement::FailIndex => failed.push(uid),
                    Judgement::FailJob(words) => {
                        counts.fails_job.get_or_insert(words);
                        failed.push(uid);
                    }
                }
            }
            _ => continue,
        }
        counts.release.push(named(pod));
    }
    if indexed {
        counts.succeeded = counts.completed.len() as i32;
        counts.failed_indexes.retain(|index| !counts.completed.contains(index));
    }
    let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
    counts.uncounted = UncountedTerminatedPods { succeeded: some(succeeded), failed: some(failed) };
    counts
}
