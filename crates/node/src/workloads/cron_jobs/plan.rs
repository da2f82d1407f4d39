//! A CronJob and its Jobs in, what to write out. Pure.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus, Job};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{Resource as _, ResourceExt as _};

use super::schedule::{Schedule, named_zone};
use crate::pods::time;
use crate::recorder::Tone;
use crate::workloads::deployment_plan::controller;
use crate::workloads::jobs::is_finished;
use crate::workloads::owned::sooner;

/// The annotation with the time that a Job was made for.
const SCHEDULED_AT: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// Missed times above which something is told.
const MANY: usize = 100;

/// Everything known about a CronJob.
pub(super) struct CronWorld<'a> {
    pub(super) cron: &'a CronJob,
    /// Jobs of its namespace.
    pub(super) jobs: &'a [Arc<Job>],
    /// The computer's time zone, for a schedule that names none.
    pub(super) local: &'a TimeZone,
    pub(super) now: Timestamp,
}

/// What to write for a CronJob.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CronPlan {
    /// Name and UID of Jobs that make room for the next one.
    pub(super) replace: Vec<(String, String)>,
    pub(super) create: Option<Job>,
    /// Name and UID of finished Jobs beyond the history.
    pub(super) forget: Vec<(String, String)>,
    pub(super) status: Option<CronJobStatus>,
    pub(super) tell: Vec<(Tone, &'static str, String)>,
    pub(super) look_again: Option<Timestamp>,
}

/// Plans the next step of a CronJob.
pub(super) fn plan(world: &CronWorld<'_>) -> CronPlan {
    let cron = world.cron;
    let mut plan = CronPlan::default();
    if cron.metadata.deletion_timestamp.is_some() {
        return plan;
    }
    let own: Vec<&Arc<Job>> = world
        .jobs
        .iter()
        .filter(|job| controller(&job.metadata).map(|owner| &owner.uid) == cron.metadata.uid.as_ref())
        .collect();
    let held = cron.status.clone().unwrap_or_default();
    let active: Vec<&Arc<Job>> =
        own.iter().copied().filter(|job| is_finished(job).is_none() && !is_going(job)).collect();
    let told_active = held.active.as_deref().unwrap_or_default();
    for job in own.iter().filter(|job| told_active.iter().any(|told| told.uid == job.metadata.uid)) {
        if let Some(succeeded) = is_finished(job) {
            let condition = if succeeded { "Complete" } else { "Failed" };
            let words = format!("Saw completed job: {}, condition: {condition}", job.name_any());
            plan.tell.push((Tone::Normal, "SawCompletedJob", words));
        }
    }
    plan.forget = beyond_history(cron, &own);
    let mut status = CronJobStatus {
        last_schedule_time: held.last_schedule_time.clone(),
        last_successful_time: last_success(&own, &held),
        active: None,
    };
    let mut running: Vec<ObjectReference> = active.iter().map(|job| reference_to(job)).collect();
    if let Some(scheduled) = due(world, &mut plan) {
        match start(world, scheduled, &active, &mut plan) {
            Some(job) => {
                status.last_schedule_time = Some(time(scheduled));
                running.retain(|told| plan.replace.iter().all(|(_, uid)| told.uid.as_ref() != Some(uid)));
                plan.create = Some(job);
            }
            None => {
                let words = "Not starting job because prior execution is running and concurrency policy is Forbid";
                plan.tell.push((Tone::Normal, "JobAlreadyActive", words.to_owned()));
            }
        }
    }
    // A Job that is made now is added when it has its UID.
    status.active = (!running.is_empty()).then_some(running);
    plan.status = (held != status).then_some(status);
    plan
}

fn is_going(job: &Job) -> bool {
    job.metadata.deletion_timestamp.is_some()
}

fn reference_to(job: &Job) -> ObjectReference {
    ObjectReference { resource_version: None, ..job.object_ref(&()) }
}

/// The time for which a Job is to be started now. Sees to it that the next one is not missed.
fn due(world: &CronWorld<'_>, plan: &mut CronPlan) -> Option<Timestamp> {
    let cron = world.cron;
    let spec = &cron.spec;
    if spec.suspend == Some(true) {
        return None;
    }
    let schedule = match Schedule::read(&spec.schedule, spec.time_zone.as_deref(), world.local) {
        Ok(schedule) => schedule,
        Err(words) => {
            let reason = if words.starts_with("invalid timeZone") { "UnknownTimeZone" } else { "UnparseableSchedule" };
            plan.tell.push((Tone::Warning, reason, words));
            return None;
        }
    };
    let made = cron.metadata.creation_timestamp.as_ref().map_or(world.now, |time| time.0);
    let last = cron.status.as_ref().and_then(|status| status.last_schedule_time.as_ref()).map(|time| time.0);
    let since = last.unwrap_or(made);
    plan.look_again = sooner(plan.look_again, schedule.next(since, world.now));
    let patience = spec.starting_deadline_seconds.map(|seconds| Duration::from_secs(seconds.max(0) as u64));
    let earliest =
        patience.and_then(|patience| world.now.checked_sub(patience).ok()).map_or(since, |early| early.max(since));
    let found = schedule.last(since, world.now)?;
    // A time exactly at the end of the patience is still in time.
    if found < earliest {
        let words = format!("Missed scheduled time to start a job: {found}");
        plan.tell.push((Tone::Warning, "MissSchedule", words));
        return None;
    }
    if schedule.more_than(MANY, earliest, world.now) {
        let words = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
        plan.tell.push((Tone::Warning, "TooManyMissedTimes", words.to_owned()));
    }
    Some(found)
}

/// The Job of a scheduled time, where the concurrency policy lets it start now.
fn start(world: &CronWorld<'_>, scheduled: Timestamp, active: &[&Arc<Job>], plan: &mut CronPlan) -> Option<Job> {
    match world.cron.spec.concurrency_policy.as_deref() {
        Some("Forbid") if !active.is_empty() => return None,
        Some("Replace") => {
            plan.replace = active.iter().map(|job| (job.name_any(), job.uid().unwrap_or_default())).collect();
        }
        _ => {}
    }
    Some(new_job(world.cron, scheduled))
}

/// The Job of a scheduled time: its name tells the time, so that none is made twice.
fn new_job(cron: &CronJob, scheduled: Timestamp) -> Job {
    let template = cron.spec.job_template.clone();
    let metadata = template.metadata.unwrap_or_default();
    let mut annotations = metadata.annotations.unwrap_or_default();
    let zone = cron.spec.time_zone.as_deref().and_then(|zone| named_zone(zone).ok()).unwrap_or(TimeZone::UTC);
    let told = scheduled.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    annotations.insert(SCHEDULED_AT.to_owned(), told);
    let owner = cron.controller_owner_ref(&()).unwrap_or_default();
    Job {
        metadata: ObjectMeta {
            name: Some(format!("{}-{}", cron.name_any(), scheduled.as_second() / 60)),
            namespace: cron.namespace(),
            labels: metadata.labels,
            annotations: Some(annotations),
            owner_references: Some(vec![OwnerReference { block_owner_deletion: Some(true), ..owner }]),
            ..ObjectMeta::default()
        },
        spec: template.spec,
        status: None,
    }
}

fn last_success(
    own: &[&Arc<Job>],
    held: &CronJobStatus,
) -> Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time> {
    let ends = own.iter().filter(|job| is_finished(job) == Some(true));
    let ends = ends.filter_map(|job| job.status.as_ref()?.completion_time.clone());
    ends.chain(held.last_successful_time.clone()).max_by_key(|time| time.0)
}

/// Finished Jobs beyond the limits, the oldest first, counted apart for successes and failures.
fn beyond_history(cron: &CronJob, own: &[&Arc<Job>]) -> Vec<(String, String)> {
    let limits = [
        (true, cron.spec.successful_jobs_history_limit.unwrap_or(3)),
        (false, cron.spec.failed_jobs_history_limit.unwrap_or(1)),
    ];
    let mut excess = Vec::new();
    for (succeeded, limit) in limits {
        let mut ended: Vec<&Arc<Job>> =
            own.iter().copied().filter(|job| is_finished(job) == Some(succeeded) && !is_going(job)).collect();
        ended.sort_by_key(|job| {
            let started = job.status.as_ref().and_then(|status| status.start_time.as_ref());
            (started.or(job.metadata.creation_timestamp.as_ref()).map(|time| time.0), job.name_any())
        });
        let surplus = ended.len().saturating_sub(limit.max(0) as usize);
        excess.extend(ended.into_iter().take(surplus).map(|job| (job.name_any(), job.uid().unwrap_or_default())));
    }
    excess
}
