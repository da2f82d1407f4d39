//! Deployments, ReplicaSets and pods in, plans out.
#![allow(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "tables read better with their values in place"
)]

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::deployment_plan::{DeploymentPlan, DeploymentWorld, plan};
use super::hash::{HASH_LABEL, template_hash};
use super::replica_set_plan;

const NOW: &str = "2026-11-21T10:00:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a moment")
}

fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}})
}

fn deployment(image: &str, more: &Value, status: Value) -> Deployment {
    let mut spec = json!({"replicas": 4, "selector": {"matchLabels": {"app": "web"}}, "template": template(image)});
    for (field, value) in more.as_object().expect("fields") {
        spec[field] = value.clone();
    }
    let deployment = json!({
        "metadata": {"name": "web", "namespace": "shop", "uid": "d", "generation": 2, "annotations": {"team": "a"}},
        "spec": spec, "status": status,
    });
    serde_json::from_value(deployment).expect("a Deployment")
}

/// A ReplicaSet of the Deployment: its image, revision, wished, present and available pods.
fn set(image: &str, revision: i32, counts: (i32, i32, i32)) -> Arc<ReplicaSet> {
    let (wished, present, available) = counts;
    let hash = template_hash(&serde_json::from_value(template(image)).expect("a template"), 0);
    let mut labelled = template(image);
    labelled["metadata"]["labels"][HASH_LABEL] = json!(hash);
    let set = json!({
        "metadata": {
            "name": format!("web-{hash}"), "namespace": "shop", "uid": format!("r{revision}"), "generation": 1,
            "creationTimestamp": format!("2026-11-21T09:00:0{revision}Z"),
            "annotations": {
                "deployment.kubernetes.io/revision": revision.to_string(),
                "deployment.kubernetes.io/desired-replicas": "4", "deployment.kubernetes.io/max-replicas": "5",
            },
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d", "controller": true}],
        },
        "spec": {"replicas": wished, "selector": {"matchLabels": {"app": "web"}}, "template": labelled},
        "status": {"replicas": present, "readyReplicas": available, "availableReplicas": available, "observedGeneration": 1},
    });
    Arc::new(serde_json::from_value(set).expect("a ReplicaSet"))
}

fn planned(deployment: &Deployment, sets: &[Arc<ReplicaSet>], pods: &[Arc<Pod>]) -> DeploymentPlan {
    plan(&DeploymentWorld { deployment, sets, pods, now: now() })
}

/// The changed replicas, in the order of the plan.
fn scaled(plan: &DeploymentPlan) -> Vec<(i32, i32)> {
    plan.update.iter().filter_map(|update| update.replicas).collect()
}

fn condition(plan: &DeploymentPlan, type_: &str) -> Option<(String, String)> {
    let conditions = plan.status.as_ref()?.conditions.as_ref()?;
    let found = conditions.iter().find(|condition| condition.type_ == type_)?;
    Some((found.status.clone(), found.reason.clone().unwrap_or_default()))
}

fn pair(one: &str, other: &str) -> Option<(String, String)> {
    Some((one.to_owned(), other.to_owned()))
}

#[test]
fn a_new_deployment_gets_its_first_replica_set() {
    let plan = planned(&deployment("app:1", &json!({}), json!({})), &[], &[]);
    let made = plan.create.as_ref().expect("a ReplicaSet");
    let spec = made.spec.as_ref().expect("a spec");
    let hash = made.metadata.labels.as_ref().expect("labels")[HASH_LABEL].clone();
    assert_eq!(made.metadata.name, Some(format!("web-{hash}")));
    assert_eq!(spec.replicas, Some(4));
    assert_eq!(spec.selector.match_labels.as_ref().expect("labels")[HASH_LABEL], hash);
    assert_eq!(made.metadata.annotations.as_ref().expect("annotations")["team"], "a");
    assert_eq!(plan.revision.as_deref(), Some("1"));
    assert_eq!(condition(&plan, "Progressing"), pair("True", "NewReplicaSetCreated"));
    assert_eq!(condition(&plan, "Available"), pair("False", "MinimumReplicasUnavailable"));
    assert_eq!(plan.look_again.map(|moment| moment.to_string()).as_deref(), Some("2026-11-21T10:10:00Z"));
}

#[test]
fn a_new_template_rolls_and_a_complete_one_rests() {
    let next = deployment("app:2", &json!({}), json!({}));
    let plan = planned(&next, &[set("app:1", 1, (4, 4, 4))], &[]);
    let made = plan.create.as_ref().and_then(|made| made.spec.as_ref()).expect("a ReplicaSet");
    assert_eq!((made.replicas, plan.revision.as_deref()), (Some(1), Some("2")), "the surge is a quarter");

    let rolling = [set("app:1", 1, (4, 4, 4)), set("app:2", 2, (1, 1, 1))];
    assert_eq!(scaled(&planned(&next, &rolling, &[])), [(4, 2)], "one may be away and one is there beyond");

    let complete = [set("app:1", 1, (0, 0, 0)), set("app:2", 2, (4, 4, 4))];
    let plan = planned(&next, &complete, &[]);
    assert_eq!((scaled(&plan), plan.create.is_none(), plan.look_again), (vec![], true, None));
    assert_eq!(condition(&plan, "Progressing"), pair("True", "NewReplicaSetAvailable"));
    let status = serde_json::to_value(plan.status).expect("a status");
    let mut rested = deployment("app:2", &json!({}), status);
    rested.metadata.annotations = Some([("deployment.kubernetes.io/revision".to_owned(), "2".to_owned())].into());
    assert_eq!(planned(&rested, &complete, &[]), DeploymentPlan::default(), "nothing is written at rest");
}

#[test]
fn a_rollback_brings_the_old_set_back_as_the_newest_revision() {
    let back = deployment("app:1", &json!({}), json!({}));
    let plan = planned(&back, &[set("app:1", 1, (0, 0, 0)), set("app:2", 2, (4, 4, 4))], &[]);
    assert_eq!((plan.create.is_none(), plan.revision.as_deref()), (true, Some("3")));
    let update = plan.update.iter().find(|update| update.replicas == Some((0, 1))).expect("the old set grows");
    assert_eq!(update.annotations["deployment.kubernetes.io/revision"], "3");
}

#[test]
fn recreate_brings_the_new_pods_when_the_last_old_one_is_gone() {
    let next = deployment("app:2", &json!({"strategy": {"type": "Recreate"}}), json!({}));
    let ending = json!({
        "metadata": {"name": "p", "namespace": "shop", "deletionTimestamp": NOW, "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "r1", "controller": true}]},
        "status": {"phase": "Running"},
    });
    let ending: Arc<Pod> = Arc::new(serde_json::from_value(ending).expect("a pod"));
    let plan = planned(&next, &[set("app:1", 1, (4, 4, 4))], &[]);
    assert_eq!((scaled(&plan), plan.create.is_none()), (vec![(4, 0)], true));
    let plan = planned(&next, &[set("app:1", 1, (0, 0, 0))], &[ending]);
    assert!(plan.create.is_none(), "an old pod is still ending");
    let plan = planned(&next, &[set("app:1", 1, (0, 0, 0))], &[]);
    assert_eq!(plan.create.and_then(|made| made.spec?.replicas), Some(4));
}

#[test]
fn a_paused_deployment_scales_and_does_not_roll() {
    let paused = deployment("app:2", &json!({"paused": true, "replicas": 2}), json!({}));
    let plan = planned(&paused, &[set("app:1", 1, (4, 4, 4))], &[]);
    assert_eq!((scaled(&plan), plan.create.is_none()), (vec![(4, 2)], true));
    assert_eq!(condition(&plan, "Progressing"), pair("Unknown", "DeploymentPaused"));
}

#[test]
fn no_progress_within_the_deadline_is_a_failure() {
    let since = |moment: &str| {
        json!({"replicas": 4, "updatedReplicas": 4, "conditions": [
        {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "lastUpdateTime": moment, "lastTransitionTime": moment}]})
    };
    let sets = [set("app:1", 1, (4, 4, 0))];
    let late = deployment("app:1", &json!({"progressDeadlineSeconds": 60}), since("2026-11-21T09:58:00Z"));
    assert_eq!(condition(&planned(&late, &sets, &[]), "Progressing"), pair("False", "ProgressDeadlineExceeded"));
    let early = deployment("app:1", &json!({"progressDeadlineSeconds": 60}), since("2026-11-21T09:59:30Z"));
    let plan = planned(&early, &sets, &[]);
    assert_eq!(condition(&plan, "Progressing"), pair("True", "ReplicaSetUpdated"));
    assert_eq!(plan.look_again.map(|moment| moment.to_string()).as_deref(), Some("2026-11-21T10:00:30Z"));
}

#[test]
fn pods_that_the_api_refuses_are_told_up_to_the_deployment() {
    let mut refused = (*set("app:1", 1, (4, 0, 0))).clone();
    let status = refused.status.take().expect("a status");
    let told = replica_set_plan::with_failure(status, Some("pods \"web\" is forbidden"), now());
    assert_eq!(replica_set_plan::with_failure(told.clone(), None, now()).conditions, None, "until one is made");
    refused.status = Some(told);
    let web = deployment("app:1", &json!({}), json!({}));
    let plan = planned(&web, &[Arc::new(refused)], &[]);
    assert_eq!(condition(&plan, "ReplicaFailure"), pair("True", "FailedCreate"));
    let status = serde_json::to_value(plan.status).expect("a status");
    let again = planned(&deployment("app:1", &json!({}), status), &[set("app:1", 1, (4, 4, 0))], &[]);
    assert_eq!(condition(&again, "ReplicaFailure"), None);
}

#[test]
fn history_beyond_the_limit_goes_oldest_first() {
    let limited = deployment("app:4", &json!({"revisionHistoryLimit": 1}), json!({}));
    let sets = [
        set("app:1", 1, (0, 0, 0)),
        set("app:2", 2, (0, 0, 0)),
        set("app:3", 3, (0, 0, 0)),
        set("app:4", 4, (4, 4, 4)),
    ];
    let names: Vec<String> = sets[..2].iter().filter_map(|set| set.metadata.name.clone()).collect();
    assert_eq!(planned(&limited, &sets, &[]).delete, names);
}

fn pod(name: &str, phase: &str, ready_since: Option<&str>) -> Arc<Pod> {
    let conditions: Vec<Value> = ready_since
        .iter()
        .map(|since| json!({"type": "Ready", "status": "True", "lastTransitionTime": since}))
        .collect();
    let pod = json!({
        "metadata": {"name": name, "namespace": "shop", "uid": name, "labels": {"app": "web"}, "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "r1", "controller": true}]},
        "status": {"phase": phase, "conditions": conditions},
    });
    Arc::new(serde_json::from_value(pod).expect("a pod"))
}

#[test]
fn a_replica_set_creates_what_is_missing_and_deletes_what_serves_least() {
    let wants = |wished| set("app:1", 1, (wished, 0, 0));
    let pods = [pod("a", "Running", Some("2026-11-21T09:00:00Z")), pod("b", "Pending", None), pod("c", "Failed", None)];
    assert_eq!(replica_set_plan::plan(&wants(4), &pods, now()).create, 2, "a failed pod is replaced");
    let plan = replica_set_plan::plan(&wants(1), &pods, now());
    assert_eq!((plan.create, plan.delete), (0, vec![("b".to_owned(), "b".to_owned())]));
}

#[test]
fn a_pod_is_available_when_it_was_ready_long_enough() {
    let mut slow = (*set("app:1", 1, (1, 1, 0))).clone();
    slow.spec.as_mut().expect("a spec").min_ready_seconds = Some(60);
    let available = |since: &str| {
        let plan = replica_set_plan::plan(&slow, &[pod("a", "Running", Some(since))], now());
        let status = plan.status.expect("a status");
        (status.ready_replicas, status.available_replicas, plan.look_again.map(|moment| moment.to_string()))
    };
    assert_eq!(available("2026-11-21T09:59:30Z"), (Some(1), None, Some("2026-11-21T10:00:30Z".to_owned())));
    assert_eq!(available("2026-11-21T09:58:00Z"), (Some(1), Some(1), None));
}
