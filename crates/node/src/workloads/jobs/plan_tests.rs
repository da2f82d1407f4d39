//! Jobs and pods in, plans out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::plan::{JobPlan, JobWorld, plan};
use super::pods::{Failures, index_of, new_pod};
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
        (
            "a limit of indexes without indexes",
            json!({"backoffLimitPerIndex": 1}),
            json!({}),
            &[],
            Some("UnsupportedField"),
        ),
        (
            "a policy of indexes without",
            json!({"successPolicy": {"rules": [{"succeededCount": 1}]}}),
            json!({}),
            &[],
            Some("UnsupportedField"),
        ),
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

/// A pod of a Job with limited indexes in the form `name phase/index failures`; an exit code that is not 1 after `=`.
fn tried(text: &str) -> Arc<Pod> {
    let (text, code) = text.split_once('=').unwrap_or((text, "1"));
    let (text, failures) = text.rsplit_once(' ').expect("failures");
    let mut made = (*pod(text)).clone();
    let annotations = made.metadata.annotations.get_or_insert_default();
    annotations.insert("batch.kubernetes.io/job-index-failure-count".to_owned(), failures.to_owned());
    let ended = made.status.iter_mut().flat_map(|status| status.container_statuses.iter_mut().flatten());
    for status in ended {
        let state = status.state.as_mut().and_then(|state| state.terminated.as_mut()).expect("an end");
        state.exit_code = code.parse().expect("a code");
    }
    Arc::new(made)
}

#[test]
fn each_index_fails_for_itself() {
    let at = |text: &str| text.parse::<Timestamp>().expect("a moment");
    let later = "2026-11-21T10:05:00Z";
    for (what, spec, failed, pods, now, expected) in [
        // Expected: pods made, names released, failed indexes, reason of the end.
        (
            "a failure is kept until it is tried again",
            json!({}),
            "",
            &["a Failed/0 0", "b Running/1 0", "c Running/2 0"][..],
            NOW,
            (vec![], vec![], "", None),
        ),
        (
            "after its own pause",
            json!({}),
            "",
            &["a Failed/0 0", "b Running/1 0", "c Running/2 0"],
            later,
            (vec![(0, 1)], vec![], "", None),
        ),
        (
            "and counted then",
            json!({}),
            "",
            &["a Failed/0 0", "d Running/0 1", "b Running/1 0", "c Running/2 0"],
            later,
            (vec![], vec!["a"], "", None),
        ),
        (
            "the last failure is the index's",
            json!({}),
            "",
            &["d Failed/0 1", "b Running/1 0", "c Running/2 0"],
            NOW,
            (vec![], vec!["d"], "0", None),
        ),
        ("which is not tried again", json!({}), "0", &["b Running/1 0"], later, (vec![(2, 0)], vec![], "0", None)),
        (
            "others go on to the end",
            json!({}),
            "0",
            &["b Succeeded/1 0", "c Succeeded/2 0"],
            NOW,
            (vec![], vec!["b", "c"], "0", Some("FailedIndexes")),
        ),
        (
            "too many of them",
            json!({"maxFailedIndexes": 0}),
            "",
            &["d Failed/0 1", "b Running/1 0"],
            NOW,
            (vec![], vec!["d"], "0", Some("MaxFailedIndexesExceeded")),
        ),
        (
            "not too many",
            json!({"maxFailedIndexes": 1}),
            "",
            &["d Failed/0 1", "b Running/1 0", "c Running/2 0"],
            NOW,
            (vec![], vec!["d"], "0", None),
        ),
        (
            "a rule ends an index at once",
            json!({"podFailurePolicy": {"rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [7]}}]}}),
            "",
            &["a Failed/0 0=7", "b Running/1 0", "c Running/2 0"],
            NOW,
            (vec![], vec!["a"], "0", None),
        ),
        (
            "what is ignored is tried again",
            json!({"podFailurePolicy": {"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [7]}}]}}),
            "",
            &["a Failed/0 1=7", "b Running/1 0", "c Running/2 0"],
            later,
            (vec![(0, 1)], vec![], "", None),
        ),
        (
            "a limit of all failures stands beside",
            json!({"backoffLimit": 0}),
            "",
            &["d Failed/0 1", "b Running/1 0"],
            NOW,
            (vec![], vec!["d"], "0", Some("BackoffLimitExceeded")),
        ),
    ] {
        let mut whole =
            json!({"completionMode": "Indexed", "completions": 3, "parallelism": 3, "backoffLimitPerIndex": 1});
        for (field, value) in spec.as_object().expect("fields") {
            whole[field] = value.clone();
        }
        let job = job(&whole, &json!({"startTime": "2026-11-21T09:00:00Z", "failedIndexes": failed}));
        let pods: Vec<Arc<Pod>> = pods.iter().map(|text| tried(text)).collect();
        let backoff = Backoff { initial: Duration::from_secs(10), longest: Duration::from_mins(10) };
        let plan = plan(&JobWorld { job: &job, pods: &pods, backoff, now: at(now) });
        let made = plan
            .create
            .iter()
            .map(|index| (index.expect("an index"), plan.failures_of(&job, *index).expect("a limit").counted));
        let status = plan.status.clone().unwrap_or_default();
        let mut conditions = status.conditions.iter().flatten();
        let reason = conditions.find(|one| one.type_ == "FailureTarget").and_then(|found| found.reason.as_deref());
        let told = (
            made.collect::<Vec<_>>(),
            names(&plan.release),
            status.failed_indexes.as_deref().unwrap_or_default(),
            reason,
        );
        assert_eq!(told, expected, "{what}");
    }
}

#[test]
fn a_failure_that_waited_is_counted_when_the_job_ends() {
    let spec = json!({"completionMode": "Indexed", "completions": 2, "backoffLimitPerIndex": 3});
    let target = json!({"startTime": "2026-11-21T09:00:00Z", "conditions": [{"type": "FailureTarget", "status": "True", "reason": "DeadlineExceeded"}]});
    let plan = planned(&job(&spec, &target), &["a Failed/0"]);
    assert_eq!((names(&plan.release), told(&plan).0.as_str()), (vec!["a"], "FailureTarget=True"));
    let early = json!({"startTime": "2026-11-21T09:00:00Z"});
    let late =
        json!({"completionMode": "Indexed", "completions": 2, "backoffLimitPerIndex": 3, "activeDeadlineSeconds": 60});
    let plan = planned(&job(&late, &early), &["a Failed/0"]);
    assert_eq!(
        (plan.release.len(), told(&plan).0.as_str()),
        (0, "FailureTarget=True"),
        "not over while one is not counted"
    );
}

#[test]
fn a_new_pod_knows_how_often_its_index_has_failed() {
    let job = job(&json!({"completionMode": "Indexed", "completions": 2, "backoffLimitPerIndex": 3}), &json!({}));
    let pod = new_pod(&job, Some(1), Some(Failures { counted: 2, ignored: 1 }), "n");
    assert_eq!((index_of(&pod), Failures::before(&pod)), (Some(1), Failures { counted: 2, ignored: 1 }));
    let marks: BTreeMap<_, _> = pod.metadata.annotations.unwrap_or_default();
    assert_eq!(marks.get("batch.kubernetes.io/job-index-failure-count").map(String::as_str), Some("2"));
}

#[test]
fn a_success_policy_ends_a_job_before_all_indexes_are_complete() {
    let spec = json!({"completionMode": "Indexed", "completions": 4, "parallelism": 4, "successPolicy": {"rules": [{"succeededIndexes": "1-3", "succeededCount": 1}]}});
    let started = json!({"startTime": "2026-11-21T09:00:00Z"});
    let plan = planned(&job(&spec, &started), &["a Succeeded/0", "b Running/1"]);
    assert_eq!(told(&plan).0, "");
    let plan = planned(&job(&spec, &started), &["a Running/0", "b Succeeded/2"]);
    assert_eq!((told(&plan).0.as_str(), names(&plan.delete)), ("SuccessCriteriaMet=True", vec!["a"]));
    let mut met = serde_json::to_value(&plan.status).expect("a status");
    met["uncountedTerminatedPods"] = json!({});
    let plan = planned(&job(&spec, &met), &["b Succeeded+/2"]);
    let status = plan.status.clone().expect("a status");
    let complete = status.conditions.iter().flatten().find(|one| one.type_ == "Complete").expect("an end");
    let words = (complete.reason.as_deref(), complete.message.as_deref());
    assert_eq!(words, (Some("SuccessPolicy"), Some("Matched rules at index 0")));
}
