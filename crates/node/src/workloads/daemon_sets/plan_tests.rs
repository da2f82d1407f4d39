//! DaemonSets and pods in, plans out.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::plan::{DaemonPlan, DaemonWorld, plan};
use crate::workloads::revisions::{REVISION_LABEL, hash_of};

const NOW: &str = "2026-11-21T10:00:00Z";

fn set(image: &str, pods: &Value, spec: &Value) -> DaemonSet {
    let mut template =
        json!({"metadata": {"labels": {"app": "log"}}, "spec": {"containers": [{"name": "c", "image": image}]}});
    for (field, value) in pods.as_object().expect("fields") {
        template["spec"][field] = value.clone();
    }
    let mut whole = json!({"selector": {"matchLabels": {"app": "log"}}, "template": template});
    for (field, value) in spec.as_object().expect("fields") {
        whole[field] = value.clone();
    }
    let set = json!({"metadata": {"name": "log", "namespace": "shop", "uid": "s", "generation": 1}, "spec": whole});
    serde_json::from_value(set).expect("a DaemonSet")
}

fn planned(set: &DaemonSet, revisions: &[Arc<ControllerRevision>], pods: &[Arc<Pod>]) -> DaemonPlan {
    let labels = BTreeMap::from([("kubernetes.io/os".to_owned(), "linux".to_owned())]);
    let now = NOW.parse().expect("a moment");
    plan(&DaemonWorld { set, pods, revisions, node: "here", node_labels: &labels, now })
}

/// Revisions of these images, the first the oldest.
fn revisions(images: &[&str]) -> Vec<Arc<ControllerRevision>> {
    let mut made = Vec::new();
    for image in images {
        let plan = planned(&set(image, &json!({}), &json!({})), &made, &[]);
        made.push(Arc::new(plan.revisions.create.expect("a revision")));
    }
    made
}

/// A pod in the form `name state revision`.
fn pod(text: &str, revisions: &[Arc<ControllerRevision>]) -> Arc<Pod> {
    let words: Vec<&str> = text.split(' ').collect();
    let revision = &revisions[words[2].parse::<usize>().expect("a revision")];
    let ready = (words[1] == "ready").then(|| json!({"type": "Ready", "status": "True", "lastTransitionTime": NOW}));
    let pod = json!({
        "metadata": {
            "name": words[0], "namespace": "shop", "uid": words[0], "labels": {REVISION_LABEL: hash_of(revision)},
            "deletionTimestamp": (words[1] == "ending").then_some(NOW),
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "log", "uid": "s", "controller": true}],
        },
        "status": {"phase": if words[1] == "Failed" { "Failed" } else { "Running" }, "conditions": ready.into_iter().collect::<Vec<_>>()},
    });
    Arc::new(serde_json::from_value(pod).expect("a pod"))
}

#[test]
fn the_node_has_one_pod_of_the_newest_template() {
    let revisions = revisions(&["log:1", "log:2"]);
    let surge =
        json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}});
    let by_hand = json!({"updateStrategy": {"type": "OnDelete"}});
    let elsewhere = json!({"nodeSelector": {"kubernetes.io/os": "plan9"}});
    let here = json!({"nodeSelector": {"kubernetes.io/os": "linux"}});
    let none = json!({});
    for (what, template, spec, pods, create, delete) in [
        ("the first", &none, &none, &[][..], true, &[][..]),
        ("a node that fits", &here, &none, &[], true, &[]),
        ("a node that does not fit", &elsewhere, &none, &["a ready 1"], false, &["a"]),
        ("it is there", &none, &none, &["a ready 1"], false, &[]),
        ("one too many", &none, &none, &["a ready 1", "b ready 1"], false, &["b"]),
        ("an old one", &none, &none, &["a ready 0"], false, &["a"]),
        ("the old one is going", &none, &none, &["a ending 0"], false, &[]),
        ("it failed", &none, &none, &["a Failed 1"], true, &["a"]),
        ("before the old one goes", &none, &surge, &["a ready 0"], true, &[]),
        ("not ready yet", &none, &surge, &["a ready 0", "b slow 1"], false, &[]),
        ("ready", &none, &surge, &["a ready 0", "b ready 1"], false, &["a"]),
        ("by hand", &none, &by_hand, &["a ready 0"], false, &[]),
    ] {
        let pods: Vec<Arc<Pod>> = pods.iter().map(|text| pod(text, &revisions)).collect();
        let plan = planned(&set("log:2", template, spec), &revisions, &pods);
        let names: Vec<&str> = plan.delete.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((plan.create.is_some(), names), (create, delete.to_vec()), "{what}");
    }
}

#[test]
fn the_status_counts_one_node() {
    let revisions = revisions(&["log:1"]);
    for (pods, expected) in [
        (
            &[][..],
            json!({"desiredNumberScheduled": 1, "currentNumberScheduled": 0, "numberReady": 0, "numberUnavailable": 1}),
        ),
        (
            &["a ready 0"],
            json!({"desiredNumberScheduled": 1, "currentNumberScheduled": 1, "numberReady": 1, "numberAvailable": 1, "updatedNumberScheduled": 1}),
        ),
    ] {
        let pods: Vec<Arc<Pod>> = pods.iter().map(|text| pod(text, &revisions)).collect();
        let status = planned(&set("log:1", &json!({}), &json!({})), &revisions, &pods).status;
        let mut wanted = expected;
        wanted["numberMisscheduled"] = json!(0);
        wanted["observedGeneration"] = json!(1);
        assert_eq!(serde_json::to_value(status).expect("a status"), wanted);
    }
}
