//! Jobs and pods in, plans out.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::plan::{JobPlan, JobWorld, plan};
use super::tracking::FINALIZER;
use crate::pods::Backoff;

const NOW: &str = "2026-11-21T10:00:00Z";

fn job(spec: &Value, status: &Value) -> Job {
    let mut whole =
        json!({"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}});
    for (field, value) in spec.as_object().expect("fields") {
        whole[field] = value.clone();
    }
    let job = json!({"metadata": {"name": "work", "namespace": "shop", "uid": "j"}, "spec": whole, "status": status});
    serde_json::from_value(job).expect("a Job")
}

/// A pod of the Job in the form `name phase`, with its finalizer; `+` after the phase: without it; an index after `/`.
fn pod(text: &str) -> Arc<Pod> {
    let (name, rest) = text.split_once(' ').expect("a phase");
    let (rest, index) = rest.split_once('/').unwrap_or((rest, ""));
    let (phase, counted) = rest.strip_suffix('+').map_or((rest, false), |phase| (phase, true));
    let ending = phase == "Ending";
    let finalizers = if counted { json!([]) } else { json!([FINALIZER]) };
    let pod = json!({
        "metadata": {
            "name": name, "namespace": "shop", "uid": name, "finalizers": finalizers,
            "annotations": {"batch.kubernetes.io/job-completion-index": index},
            "deletionTimestamp": ending.then_some(NOW),
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "work", "uid": "j", "controller": true}],
        },
        "status": {"phase": if ending { "Running" } else { phase }, "containerStatuses": [
            {"name": "c", "image": "", "imageID": "", "ready": false, "restartCount": 3,
             "state": {"terminated": {"exitCode": 1, "finishedAt": "2026-11-21T09:59:58Z"}}}]},
    });
    Arc::new(serde_json::from_value(pod).expect("a pod"))
}

fn planned(job: &Job, pods: &[&str]) -> JobPlan {
    let pods: Vec<Arc<Pod>> = pods.iter().map(|text| pod(text)).collect();
    let backoff = Backoff { initial: Duration::from_secs(10), longest: Duration::from_mins(10) };
    plan(&JobWorld { job, pods: &pods, backoff, now: NOW.parse::<Timestamp>().expect("a moment") })
}

fn names(list: &[(String, String)]) -> Vec<&str> {
    list.iter().map(|(name, _)| name.as_str()).collect()
}

/// Conditions in the form `Type=Status`, and the counts.
fn told(plan: &JobPlan) -> (String, [i32; 3]) {
    let status = plan.status.clone().unwrap_or_default();
    let conditions =
        status.conditions.into_iter().flatten().map(|condition| format!("{}={}", condition.type_, condition.status));
    let counts = [status.active, status.succeeded, status.failed].map(Option::unwrap_or_default);
    (conditions.collect::<Vec<_>>().join(" "), counts)
}

#[test]
fn pods_are_made_up_to_what_may_run_at_once_and_is_still_to_do() {
    for (spec, pods, create, delete) in [
        (json!({}), &[][..], 1, &[][..]),
        (json!({"parallelism": 3, "completions": 5}), &[], 3, &[]),
        (json!({"parallelism": 3, "completions": 5}), &["a Running", "b Succeeded"], 2, &[]),
        (json!({"parallelism": 3, "completions": 2}), &["a Running", "b Succeeded"], 0, &[]),
        (json!({"parallelism": 1, "completions": 9}), &["a Running", "b Pending"], 0, &["b"]),
        (json!({"parallelism": 2}), &["a Running"], 1, &[]),
        (json!({"parallelism": 2}), &["a Running", "b Succeeded"], 0, &[]),
        (json!({"parallelism": 0}), &["a Running"], 0, &["a"]),
        (json!({"parallelism": 1, "completions": 2}), &["a Ending+"], 1, &[]),
        (json!({"parallelism": 1, "completions": 2, "podReplacementPolicy": "Failed"}), &["a Ending"], 0, &[]),
    ] {
        let plan = planned(&job(&spec, &json!({})), pods);
        assert_eq!((plan.create.len(), names(&plan.delete)), (create, delete.to_vec()), "{spec} {pods:?}");
    }
}

#[test]
fn an_end_is_written_down_then_let_go_then_counted() {
    let spec = json!({"completions": 2, "parallelism": 1});
    let first = planned(&job(&spec, &json!({})), &["a Succeeded"]);
    let status = first.status.as_ref().expect("a status");
    let uncounted = status.uncounted_terminated_pods.clone().expect("uncounted");
    assert_eq!((uncounted.succeeded, status.succeeded), (Some(vec!["a".to_owned()]), None));
    assert_eq!(names(&first.release), ["a"]);
    let status = serde_json::to_value(status).expect("a status");
    let again = planned(&job(&spec, &status), &["a Succeeded", "b Running"]);
    assert_eq!((names(&again.release), told(&again).1), (vec!["a"], [0, 0, 0]), "it was killed in between");
    for pods in [&["a Succeeded+", "b Running"][..], &["b Running"]] {
        let counted = planned(&job(&spec, &status), pods);
        assert_eq!(
            (counted.release.len(), told(&counted).1),
            (0, [1, 1, 0]),
            "once, whether the pod is still there or not"
        );
    }
}

#[test]
fn a_job_ends_when_enough_succeeded_and_nothing_runs_or_waits_to_be_counted() {
    let (one, started) = (json!({"completions": 1}), "2026-11-21T09:00:00Z");
    let counted = json!({"startTime": started, "succeeded": 1, "uncountedTerminatedPods": {}});
    for (what, spec, status, pods, conditions) in [
        (
            "not counted yet",
            one.clone(),
            json!({"startTime": started}),
            &["a Succeeded"][..],
            "SuccessCriteriaMet=True",
        ),
        ("counted", one.clone(), counted.clone(), &["a Succeeded+"], "SuccessCriteriaMet=True Complete=True"),
        ("one too many runs", one, counted.clone(), &["a Succeeded+", "b Running"], "SuccessCriteriaMet=True"),
        (
            "a work queue",
            json!({"parallelism": 2}),
            counted.clone(),
            &["a Succeeded+"],
            "SuccessCriteriaMet=True Complete=True",
        ),
        ("a queue that is worked at", json!({"parallelism": 2}), counted, &["a Succeeded+", "b Running"], ""),
    ] {
        let plan = planned(&job(&spec, &status), pods);
        assert_eq!(told(&plan).0, conditions, "{what}");
    }
}

#[test]
fn too_many_failures_or_too_much_time_end_a_job_as_failed() {
    let started = |moment: &str| json!({"startTime": moment, "failed": 2, "uncountedTerminatedPods": {}});
    let late = "2026-11-21T09:00:00Z";
    for (what, spec, status, pods, expected) in [
        ("at its limit", json!({"backoffLimit": 2}), started(late), &[][..], None),
        ("past its limit", json!({"backoffLimit": 1}), started(late), &[], Some("BackoffLimitExceeded")),
        ("one not counted", json!({"backoffLimit": 2}), started(late), &["a Failed"], Some("BackoffLimitExceeded")),
        ("in time", json!({"activeDeadlineSeconds": 3601}), started(late), &[], None),
        ("late", json!({"activeDeadlineSeconds": 3600}), started(late), &["a Running"], Some("DeadlineExceeded")),
        ("not carried out", json!({"backoffLimitPerIndex": 1}), json!({}), &[], Some("UnsupportedField")),
        (
            "started again by its pod too often",
            json!({"backoffLimit": 3, "template": {"spec": {"restartPolicy": "OnFailure", "containers": []}}}),
            json!({}),
            &["a Running"],
            Some("BackoffLimitExceeded"),
        ),
    ] {
        let plan = planned(&job(&spec, &status), pods);
        let status = plan.status.clone().unwrap_or_default();
        let mut conditions = status.conditions.iter().flatten();
        let reason =
            conditions.find(|condition| condition.type_ == "FailureTarget").and_then(|found| found.reason.clone());
        assert_eq!(reason.as_deref(), expected, "{what}");
        let running = pods.iter().any(|pod| pod.ends_with("Running"));
        let failed = status.conditions.iter().flatten().any(|condition| condition.type_ == "Failed");
        let settled = pods.iter().all(|pod| !pod.ends_with("Failed"));
        assert_eq!(failed, expected.is_some() && !running && settled, "{what}: told as failed when nothing runs");
        assert_eq!(plan.delete.len(), usize::from(running && expected.is_some()), "{what}");
    }
}

#[test]
fn after_failures_the_next_pod_waits_longer_each_time() {
    let spec = json!({"completions": 3});
    for (pods, until) in [
        (&["a Failed+"][..], Some("2026-11-21T10:00:08Z")),
        (&["a Failed+", "b Failed+"], Some("2026-11-21T10:00:18Z")),
        (&["a Succeeded+"], None),
    ] {
        let plan = planned(&job(&spec, &json!({"startTime": "2026-11-21T09:00:00Z"})), pods);
        assert_eq!(plan.look_again.map(|moment| moment.to_string()).as_deref(), until, "{pods:?}");
        assert_eq!(plan.create.is_empty(), until.is_some(), "{pods:?}");
    }
}

#[test]
fn each_index_is_completed_once() {
    let spec = json!({"completionMode": "Indexed", "completions": 4, "parallelism": 3});
    let plan =
        planned(&job(&spec, &json!({"completedIndexes": "0"})), &["a Running/1", "b Succeeded/3", "c Failed+/2"]);
    let status = plan.status.as_ref().expect("a status");
    assert_eq!((status.completed_indexes.as_deref(), status.succeeded), (Some("0,3"), Some(2)));
    assert_eq!((plan.create.len(), plan.look_again.is_some()), (0, true), "it failed a moment ago");
    let plan = planned(&job(&spec, &json!({"completedIndexes": "0"})), &["a Running/1"]);
    assert_eq!(plan.create, [Some(2), Some(3)]);
}

#[test]
fn a_suspended_job_has_no_pods_and_begins_its_time_anew() {
    let running = json!({"startTime": "2026-11-21T09:00:00Z"});
    let plan = planned(&job(&json!({"suspend": true}), &running), &["a Running"]);
    let status = plan.status.clone().expect("a status");
    assert_eq!((names(&plan.delete), told(&plan).0.as_str(), status.start_time), (vec!["a"], "Suspended=True", None));
    let status = serde_json::to_value(plan.status).expect("a status");
    let plan = planned(&job(&json!({"suspend": false}), &status), &[]);
    let since = plan.status.clone().and_then(|status| status.start_time).map(|time| time.0.to_string());
    assert_eq!((plan.create.len(), told(&plan).0.as_str(), since.as_deref()), (1, "Suspended=False", Some(NOW)));
}

#[test]
fn a_finished_job_goes_when_its_time_to_live_is_over() {
    let status =
        |moment: &str| json!({"conditions": [{"type": "Complete", "status": "True", "lastTransitionTime": moment}]});
    for (ttl, ended, expire, until) in
        [(60, "2026-11-21T09:58:00Z", true, None), (60, "2026-11-21T09:59:30Z", false, Some("2026-11-21T10:00:30Z"))]
    {
        let plan = planned(&job(&json!({"ttlSecondsAfterFinished": ttl}), &status(ended)), &["a Succeeded+"]);
        let again = plan.look_again.map(|moment| moment.to_string());
        assert_eq!((plan.expire, again.as_deref(), plan.create.len()), (expire, until, 0));
    }
}

#[test]
fn pods_of_a_job_that_goes_are_let_go() {
    let mut going = job(&json!({}), &json!({}));
    going.metadata.deletion_timestamp =
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(NOW.parse().expect("a moment")));
    assert_eq!(names(&planned(&going, &["a Running", "b Succeeded+"]).release), ["a"]);
    let mut other = job(&json!({}), &json!({}));
    other.metadata.uid = Some("k".to_owned());
    assert_eq!(names(&planned(&other, &["a Running"]).release), ["a"], "of an earlier Job of the name");
}
