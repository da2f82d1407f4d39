//! CronJobs and Jobs in, plans out.

use std::sync::Arc;

use jiff::tz::TimeZone;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use serde_json::{Value, json};

use super::plan::{CronPlan, CronWorld, plan};

const NOW: &str = "2026-11-21T10:00:30Z";

fn cron(spec: &Value, status: &Value) -> CronJob {
    let mut whole = json!({"schedule": "*/10 * * * *", "jobTemplate": {"spec": {"template": {}}}});
    for (field, value) in spec.as_object().expect("fields") {
        whole[field] = value.clone();
    }
    let metadata =
        json!({"name": "tidy", "namespace": "shop", "uid": "c", "creationTimestamp": "2026-11-21T09:55:00Z"});
    serde_json::from_value(json!({"metadata": metadata, "spec": whole, "status": status})).expect("a CronJob")
}

/// A Job of the CronJob: its name, its minute, and `Complete`, `Failed` or nothing.
fn job(name: &str, minute: u32, ended: &str) -> Arc<Job> {
    let moment = format!("2026-11-21T09:{minute:02}:00Z");
    let conditions: Vec<Value> =
        (!ended.is_empty()).then(|| json!({"type": ended, "status": "True"})).into_iter().collect();
    let job = json!({
        "metadata": {"name": name, "namespace": "shop", "uid": name, "ownerReferences": [
            {"apiVersion": "batch/v1", "kind": "CronJob", "name": "tidy", "uid": "c", "controller": true}]},
        "status": {"startTime": moment, "completionTime": moment, "conditions": conditions},
    });
    Arc::new(serde_json::from_value(job).expect("a Job"))
}

fn planned(cron: &CronJob, jobs: &[Arc<Job>]) -> CronPlan {
    plan(&CronWorld { cron, jobs, local: &TimeZone::UTC, now: NOW.parse().expect("a moment") })
}

fn reasons(plan: &CronPlan) -> Vec<&str> {
    plan.tell.iter().map(|(_, reason, _)| *reason).collect()
}

#[test]
fn a_job_is_made_for_the_last_time_that_was_not_served() {
    let served = |moment: &str| json!({"lastScheduleTime": moment});
    for (what, spec, status, made, told) in [
        ("due", json!({}), json!({}), Some("tidy-29920920"), &[][..]),
        ("served", json!({}), served("2026-11-21T10:00:00Z"), None, &[]),
        ("the last of several", json!({}), served("2026-11-21T09:10:00Z"), Some("tidy-29920920"), &[]),
        ("not after it was made", json!({"schedule": "0 9 * * *"}), json!({}), None, &[]),
        ("suspended", json!({"suspend": true}), json!({}), None, &[]),
        ("in time", json!({"startingDeadlineSeconds": 30}), json!({}), Some("tidy-29920920"), &[]),
        ("too late", json!({"startingDeadlineSeconds": 29}), json!({}), None, &["MissSchedule"]),
        (
            "away for long",
            json!({"schedule": "* * * * *"}),
            served("2026-11-20T10:00:00Z"),
            Some("tidy-29920920"),
            &["TooManyMissedTimes"],
        ),
        ("no schedule", json!({"schedule": "often"}), json!({}), None, &["UnparseableSchedule"]),
        ("no time zone", json!({"timeZone": "Mars/Crater"}), json!({}), None, &["UnknownTimeZone"]),
    ] {
        let plan = planned(&cron(&spec, &status), &[]);
        let name = plan.create.as_ref().and_then(|job| job.metadata.name.clone());
        assert_eq!((name.as_deref(), reasons(&plan)), (made, told.to_vec()), "{what}");
        let last = plan.status.and_then(|status| status.last_schedule_time).map(|time| time.0.to_string());
        assert_eq!(last.as_deref(), made.map(|_| "2026-11-21T10:00:00Z"), "{what}");
    }
}

#[test]
fn it_looks_again_at_the_next_time_and_tells_the_time_in_its_zone() {
    let plan = planned(&cron(&json!({"timeZone": "Asia/Tokyo"}), &json!({})), &[]);
    assert_eq!(plan.look_again.map(|moment| moment.to_string()).as_deref(), Some("2026-11-21T10:10:00Z"));
    let annotations = plan.create.and_then(|job| job.metadata.annotations).expect("annotations");
    assert_eq!(annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"], "2026-11-21T19:00:00+09:00");
}

#[test]
fn the_concurrency_policy_says_what_a_running_job_means() {
    let running = [job("before", 50, "")];
    for (policy, made, replaced, told) in
        [("Allow", true, 0, &[][..]), ("Forbid", false, 0, &["JobAlreadyActive"]), ("Replace", true, 1, &[])]
    {
        let plan = planned(&cron(&json!({"concurrencyPolicy": policy}), &json!({})), &running);
        assert_eq!(
            (plan.create.is_some(), plan.replace.len(), reasons(&plan)),
            (made, replaced, told.to_vec()),
            "{policy}"
        );
        let active = plan.status.and_then(|status| status.active).unwrap_or_default();
        assert_eq!(active.len(), 1 - replaced, "{policy}");
    }
}

#[test]
fn finished_jobs_are_told_counted_and_forgotten_beyond_the_history() {
    let served =
        json!({"lastScheduleTime": "2026-11-21T10:00:00Z", "active": [{"kind": "Job", "name": "c4", "uid": "c4"}]});
    let jobs = [
        job("c1", 1, "Complete"),
        job("c2", 2, "Complete"),
        job("c3", 3, "Complete"),
        job("c4", 4, "Complete"),
        job("f1", 5, "Failed"),
        job("f2", 6, "Failed"),
    ];
    let plan = planned(&cron(&json!({"successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 0}), &served), &jobs);
    let names: Vec<&str> = plan.forget.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names, reasons(&plan)), (vec!["c1", "f1", "f2"], vec!["SawCompletedJob"]));
    let status = plan.status.expect("a status");
    let last = status.last_successful_time.map(|time| time.0.to_string());
    assert_eq!((status.active, last.as_deref()), (None, Some("2026-11-21T09:04:00Z")));
}
