//! A Job and its pods in, what to write out. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobCondition, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

use super::indexes;
use super::per_index;
use super::pods::{Failures, index_of};
use super::success_policy;
use super::tracking::{Counts, count, is_tracked};
use crate::pods::{Backoff, time};
use crate::recorder::Tone;
use crate::workloads::deployment_plan::controller;
use crate::workloads::owned::{
    is_active, is_ending, is_over, least_serving_first, named, of_owner, phase, ready_since, sooner,
};

/// Pods that are made or deleted in one step.
const BURST: usize = 500;

/// Everything known about a Job.
pub(crate) struct JobWorld<'a> {
    pub(crate) job: &'a Job,
    /// Pods of its namespace.
    pub(crate) pods: &'a [Arc<Pod>],
    /// How long the next pod waits after failures in a row.
    pub(crate) backoff: Backoff,
    pub(crate) now: Timestamp,
}

/// What to write for a Job. The status goes first, then the finalizers, then the rest.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct JobPlan {
    pub(crate) status: Option<JobStatus>,
    /// Pods whose finalizer goes.
    pub(crate) release: Vec<(String, String)>,
    /// Pods to delete.
    pub(crate) delete: Vec<(String, String)>,
    /// Pods to make, each with its completion index where the Job has them.
    pub(crate) create: Vec<Option<i32>>,
    /// How often indexes have failed, of a Job that limits that.
    pub(super) failures: BTreeMap<i32, Failures>,
    pub(crate) tell: Vec<(Tone, &'static str, String)>,
    /// Its time to live after its end is over.
    pub(crate) expire: bool,
    pub(crate) look_again: Option<Timestamp>,
}

impl JobPlan {
    /// The failures that a new pod of an index is made after; `None` where they are not limited.
    pub(super) fn failures_of(&self, job: &Job, index: Option<i32>) -> Option<Failures> {
        per_index::limit(job.spec.as_ref()?)?;
        Some(self.failures.get(&index?).copied().unwrap_or_default())
    }
}

/// Where a Job stands.
enum Verdict {
    Runs,
    Suspended,
    Complete { reason: String, message: String },
    Fails { reason: String, message: String },
}

/// Whether a Job has come to its end, and whether it succeeded.
pub(crate) fn is_finished(job: &Job) -> Option<bool> {
    let holds = |kind: &str| held_condition(job.status.as_ref(), kind).is_some();
    if holds("Complete") { Some(true) } else { holds("Failed").then_some(false) }
}

fn held_condition<'a>(status: Option<&'a JobStatus>, kind: &str) -> Option<&'a JobCondition> {
    let mut conditions = status?.conditions.iter().flatten();
    conditions.find(|condition| condition.type_ == kind && condition.status == "True")
}

/// Plans the next step of a Job.
pub(crate) fn plan(world: &JobWorld<'_>) -> JobPlan {
    let job = world.job;
    let mut plan =
        JobPlan { release: strays(&job.name_any(), job.metadata.uid.as_ref(), world.pods), ..JobPlan::default() };
    let Some(spec) = &job.spec else { return plan };
    // Another controller's Job is not touched.
    if spec.managed_by.as_deref().is_some_and(|by| by != "kubernetes.io/job-controller") {
        return plan;
    }
    let own = of_owner(world.pods, job.metadata.uid.as_deref());
    if job.metadata.deletion_timestamp.is_some() {
        plan.release.extend(own.iter().filter(|pod| is_tracked(pod)).map(|pod| named(pod)));
        return plan;
    }
    let indexed = spec.completion_mode.as_deref() == Some("Indexed");
    let ends = |kind: &str| held_condition(job.status.as_ref(), kind).is_some();
    let counts = count(job, &own, indexed, ends("FailureTarget") || ends("SuccessCriteriaMet"));
    plan.release.extend(counts.release.iter().cloned());
    let active: Vec<&Arc<Pod>> = own.iter().copied().filter(|pod| is_active(pod)).collect();
    let ending = own.iter().filter(|pod| is_ending(pod) && !is_over(pod)).count() as i32;
    let held = job.status.clone().unwrap_or_default();
    let mut status = JobStatus {
        ready: Some(active.iter().filter(|pod| ready_since(pod).is_some()).count() as i32),
        terminating: Some(ending),
        succeeded: some(counts.succeeded),
        failed: some(counts.failed),
        completed_indexes: (!counts.completed.is_empty()).then(|| indexes::write(&counts.completed)),
        failed_indexes: per_index::limit(spec).map(|_| indexes::write(&counts.failed_indexes)),
        uncounted_terminated_pods: Some(counts.uncounted.clone()),
        ..held.clone()
    };
    if is_finished(job).is_some() {
        plan.delete = active.iter().map(|pod| named(pod)).collect();
        status.active = some(active.len() as i32);
        plan.status = (held != status).then_some(status);
        time_to_live(world, spec, &mut plan);
        return plan;
    }
    let verdict = verdict(world, spec, &counts, &own, active.len() as i32, &mut plan);
    if !matches!(verdict, Verdict::Suspended) {
        status.start_time = status.start_time.or(Some(time(world.now)));
    }
    resume(world, spec, &mut status, &mut plan);
    let mut staying = active.len();
    match &verdict {
        Verdict::Runs => {
            manage(world, spec, &counts, active, ending, &mut plan);
            staying = staying - plan.delete.len() + plan.create.len();
        }
        Verdict::Suspended | Verdict::Complete { .. } | Verdict::Fails { .. } => {
            plan.delete = active.iter().map(|pod| named(pod)).collect();
            // Finished only when nothing of it runs or waits to be counted.
            staying = 0;
            let quiet = active.is_empty() && ending == 0 && counts.settled();
            conclude(world, verdict, quiet, &mut status, &mut plan);
        }
    }
    status.active = some(staying as i32);
    plan.status = (held != status).then_some(status);
    plan
}

fn some(count: i32) -> Option<i32> {
    (count > 0).then_some(count)
}

/// Pods of an earlier Job of the same name: their ends are nobody's to count.
pub(super) fn strays(name: &str, uid: Option<&String>, pods: &[Arc<Pod>]) -> Vec<(String, String)> {
    let stray = pods.iter().filter(|pod| {
        let owner = controller(&pod.metadata).filter(|owner| owner.kind == "Job" && owner.name == name);
        is_tracked(pod) && owner.is_some_and(|owner| Some(&owner.uid) != uid)
    });
    stray.map(|pod| named(pod)).collect()
}

fn verdict(
    world: &JobWorld<'_>,
    spec: &JobSpec,
    counts: &Counts,
    own: &[&Arc<Pod>],
    active: i32,
    plan: &mut JobPlan,
) -> Verdict {
    let status = world.job.status.as_ref();
    let fails = |reason: &str, message: String| Verdict::Fails { reason: reason.to_owned(), message };
    if let Some(told) = held_condition(status, "FailureTarget") {
        return fails(told.reason.as_deref().unwrap_or_default(), told.message.clone().unwrap_or_default());
    }
    let complete = |reason: &str, message: String| Verdict::Complete { reason: reason.to_owned(), message };
    if let Some(told) = held_condition(status, "SuccessCriteriaMet") {
        return complete(told.reason.as_deref().unwrap_or_default(), told.message.clone().unwrap_or_default());
    }
    if let Some(words) = senseless(spec) {
        return fails("UnsupportedField", words);
    }
    if let Some(words) = &counts.fails_job {
        return fails("PodFailurePolicy", words.clone());
    }
    let limit = spec.backoff_limit.unwrap_or(if per_index::limit(spec).is_some() { i32::MAX } else { 6 });
    if counts.all_failed() > limit || restarts_past(spec, own, limit) {
        return fails("BackoffLimitExceeded", "Job has reached the specified backoff limit".to_owned());
    }
    let failed_indexes = counts.failed_indexes.len() as i32;
    if spec.max_failed_indexes.is_some_and(|most| failed_indexes > most) {
        let words = "Job has exceeded the specified maximal number of failed indexes";
        return fails("MaxFailedIndexesExceeded", words.to_owned());
    }
    if let Some(words) = success_policy::met(spec.success_policy.as_ref(), &counts.completed) {
        return complete("SuccessPolicy", words);
    }
    if spec.suspend == Some(true) {
        return Verdict::Suspended;
    }
    let started = status.and_then(|status| status.start_time.as_ref()).map_or(world.now, |time| time.0);
    if let Some(seconds) = spec.active_deadline_seconds {
        let until = started.saturating_add(Duration::from_secs(seconds.max(0) as u64)).unwrap_or(Timestamp::MAX);
        if until <= world.now {
            return fails("DeadlineExceeded", "Job was active longer than specified deadline".to_owned());
        }
        plan.look_again = sooner(plan.look_again, Some(until));
    }
    let indexed = spec.completion_mode.as_deref() == Some("Indexed");
    let succeeded = counts.all_succeeded(indexed);
    let reached = match spec.completions {
        Some(completions) => succeeded + failed_indexes >= completions,
        None => succeeded > 0 && active == 0,
    };
    match reached {
        true if failed_indexes > 0 => fails("FailedIndexes", "Job has failed indexes".to_owned()),
        true => complete("CompletionsReached", "Reached expected number of succeeded pods".to_owned()),
        false => Verdict::Runs,
    }
}

/// A field that means nothing without another one.
fn senseless(spec: &JobSpec) -> Option<String> {
    let indexed = spec.completion_mode.as_deref() == Some("Indexed");
    let limited = spec.backoff_limit_per_index.is_some();
    let needs_indexes = "needs spec.completionMode Indexed";
    let needs_limit = "needs spec.backoffLimitPerIndex";
    let mut rules = spec.pod_failure_policy.iter().flat_map(|policy| &policy.rules);
    let fail_index = rules.position(|rule| rule.action == "FailIndex");
    let words = |path: &str, why: &str| Some(format!("{path}: {why}"));
    match fail_index {
        _ if limited && !indexed => words("spec.backoffLimitPerIndex", needs_indexes),
        _ if spec.success_policy.is_some() && !indexed => words("spec.successPolicy", needs_indexes),
        _ if spec.max_failed_indexes.is_some() && !limited => words("spec.maxFailedIndexes", needs_limit),
        Some(at) if !limited => words(&format!("spec.podFailurePolicy.rules[{at}].action: FailIndex"), needs_limit),
        _ => None,
    }
}

/// With `OnFailure` a pod starts its containers again itself: these starts count.
fn restarts_past(spec: &JobSpec, own: &[&Arc<Pod>], limit: i32) -> bool {
    let policy = spec.template.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
    if policy != Some("OnFailure") {
        return false;
    }
    let running = own.iter().filter(|pod| matches!(phase(pod), "Running" | "Pending"));
    let statuses = running.filter_map(|pod| pod.status.as_ref()).flat_map(|status| {
        status.init_container_statuses.iter().flatten().chain(status.container_statuses.iter().flatten())
    });
    let restarts: i32 = statuses.map(|status| status.restart_count).sum();
    if limit == 0 { restarts > 0 } else { restarts >= limit }
}

/// Makes what is missing and deletes what is too much.
fn manage(
    world: &JobWorld<'_>,
    spec: &JobSpec,
    counts: &Counts,
    mut active: Vec<&Arc<Pod>>,
    ending: i32,
    plan: &mut JobPlan,
) {
    let indexed = spec.completion_mode.as_deref() == Some("Indexed");
    let succeeded = counts.all_succeeded(indexed);
    let parallelism = spec.parallelism.unwrap_or(1);
    let wanted = match spec.completions {
        Some(completions) => (completions - succeeded - counts.failed_indexes.len() as i32).min(parallelism),
        None if succeeded > 0 => active.len() as i32,
        None => parallelism,
    };
    let wanted = wanted.max(0) as usize;
    if active.len() > wanted {
        least_serving_first(&mut active);
        plan.delete = active.iter().take((active.len() - wanted).min(BURST)).map(|pod| named(pod)).collect();
        return;
    }
    let only_failed = spec.pod_replacement_policy.as_deref() == Some("Failed") || spec.pod_failure_policy.is_some();
    let replaced_later = if only_failed { ending as usize } else { 0 };
    let missing = wanted.saturating_sub(active.len() + replaced_later).min(BURST);
    if missing == 0 {
        return;
    }
    if per_index::limit(spec).is_some() {
        try_indexes(world, spec, counts, &active, missing, plan);
        return;
    }
    if let Some(moment) = next_try(world).filter(|moment| *moment > world.now) {
        plan.look_again = sooner(plan.look_again, Some(moment));
        return;
    }
    plan.create = if indexed {
        let taken: BTreeSet<i32> = active.iter().filter_map(|pod| index_of(pod)).collect();
        let free = (0..spec.completions.unwrap_or_default())
            .filter(|index| !counts.completed.contains(index) && !taken.contains(index));
        free.take(missing).map(Some).collect()
    } else {
        vec![None; missing]
    };
}

/// Makes pods of indexes of which each has failures and a back-off of its own.
fn try_indexes(
    world: &JobWorld<'_>,
    spec: &JobSpec,
    counts: &Counts,
    active: &[&Arc<Pod>],
    missing: usize,
    plan: &mut JobPlan,
) {
    let own = of_owner(world.pods, world.job.metadata.uid.as_deref());
    let failures = per_index::failures(spec, &own, world.now);
    let taken: BTreeSet<i32> = active.iter().filter_map(|pod| index_of(pod)).collect();
    for index in 0..spec.completions.unwrap_or_default() {
        if plan.create.len() >= missing {
            break;
        }
        if [&counts.completed, &counts.failed_indexes, &taken].iter().any(|set| set.contains(&index)) {
            continue;
        }
        if let Some((failures, last)) = failures.get(&index) {
            let pause = world.backoff.pause(failures.all().max(0) as u32);
            let moment = last.saturating_add(pause).unwrap_or(*last);
            if moment > world.now {
                plan.look_again = sooner(plan.look_again, Some(moment));
                continue;
            }
            plan.failures.insert(index, *failures);
        }
        plan.create.push(Some(index));
    }
}

/// When the next pod may be made: after failures in a row each waits longer.
fn next_try(world: &JobWorld<'_>) -> Option<Timestamp> {
    let mut ends: Vec<(Timestamp, bool)> = of_owner(world.pods, world.job.metadata.uid.as_deref())
        .into_iter()
        .filter(|pod| is_over(pod))
        .map(|pod| (ended_at(pod).unwrap_or(world.now), phase(pod) == "Failed"))
        .collect();
    ends.sort_unstable();
    let failures = ends.iter().rev().take_while(|(_, failed)| *failed).count() as u32;
    let (last, _) = ends.last().filter(|_| failures > 0)?;
    last.saturating_add(world.backoff.pause(failures)).ok()
}

pub(super) fn ended_at(pod: &Pod) -> Option<Timestamp> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let ends = statuses.iter().filter_map(|one| one.state.as_ref()?.terminated.as_ref()?.finished_at.as_ref());
    ends.map(|time| time.0).max()
}

/// Tells the end, or its coming, in the conditions.
fn conclude(world: &JobWorld<'_>, verdict: Verdict, quiet: bool, status: &mut JobStatus, plan: &mut JobPlan) {
    match verdict {
        Verdict::Runs => {}
        Verdict::Suspended => {
            status.start_time = None;
            if set(world, status, "Suspended", "True", "JobSuspended", "Job suspended") {
                plan.tell.push((Tone::Normal, "Suspended", "Job suspended".to_owned()));
            }
        }
        Verdict::Complete { reason, message } => {
            set(world, status, "SuccessCriteriaMet", "True", &reason, &message);
            if quiet && set(world, status, "Complete", "True", &reason, &message) {
                status.completion_time = Some(time(world.now));
                plan.tell.push((Tone::Normal, "Completed", "Job completed".to_owned()));
            }
        }
        Verdict::Fails { reason, message } => {
            set(world, status, "FailureTarget", "True", &reason, &message);
            if quiet && set(world, status, "Failed", "True", &reason, &message) {
                let event = match reason.as_str() {
                    "DeadlineExceeded" => "DeadlineExceeded",
                    "BackoffLimitExceeded" => "BackoffLimitExceeded",
                    "PodFailurePolicy" => "PodFailurePolicy",
                    "MaxFailedIndexesExceeded" => "MaxFailedIndexesExceeded",
                    "FailedIndexes" => "FailedIndexes",
                    _ => "UnsupportedField",
                };
                plan.tell.push((Tone::Warning, event, message));
            }
        }
    }
}

/// A Job that was suspended and is not any more begins its time anew.
fn resume(world: &JobWorld<'_>, spec: &JobSpec, status: &mut JobStatus, plan: &mut JobPlan) {
    let was_suspended = held_condition(Some(status), "Suspended").is_some();
    if was_suspended && spec.suspend != Some(true) {
        set(world, status, "Suspended", "False", "JobResumed", "Job resumed");
        status.start_time = Some(time(world.now));
        plan.tell.push((Tone::Normal, "Resumed", "Job resumed".to_owned()));
    }
}

/// Sets a condition; says whether that changed it.
fn set(world: &JobWorld<'_>, status: &mut JobStatus, kind: &str, holds: &str, reason: &str, message: &str) -> bool {
    let conditions = status.conditions.get_or_insert_default();
    if conditions.iter().any(|condition| condition.type_ == kind && condition.status == holds) {
        return false;
    }
    conditions.retain(|condition| condition.type_ != kind);
    conditions.push(JobCondition {
        type_: kind.to_owned(),
        status: holds.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_probe_time: Some(time(world.now)),
        last_transition_time: Some(time(world.now)),
    });
    true
}

fn time_to_live(world: &JobWorld<'_>, spec: &JobSpec, plan: &mut JobPlan) {
    let Some(seconds) = spec.ttl_seconds_after_finished else { return };
    let status = world.job.status.as_ref();
    let told = held_condition(status, "Complete").or_else(|| held_condition(status, "Failed"));
    let since = told.and_then(|condition| condition.last_transition_time.as_ref()).map_or(world.now, |time| time.0);
    let until = since.saturating_add(Duration::from_secs(seconds.max(0) as u64)).unwrap_or(Timestamp::MAX);
    if until <= world.now {
        plan.expire = true;
    } else {
        plan.look_again = sooner(plan.look_again, Some(until));
    }
}
