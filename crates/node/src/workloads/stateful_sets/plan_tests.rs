//! StatefulSets and pods in, plans out.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::ResourceExt;
use serde_json::{Value, json};

use super::plan::{SetPlan, SetWorld, plan};
use crate::workloads::revisions::REVISION_LABEL;

const NOW: &str = "2026-11-21T10:00:00Z";

fn set(image: &str, spec: &Value, status: &Value) -> StatefulSet {
    let mut whole = json!({
        "replicas": 3, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": image}]}},
    });
    for (field, value) in spec.as_object().expect("fields") {
        whole[field] = value.clone();
    }
    let set = json!({"metadata": {"name": "db", "namespace": "shop", "uid": "s", "generation": 1}, "spec": whole, "status": status});
    serde_json::from_value(set).expect("a StatefulSet")
}

/// What a set with one revision had, then one with another.
struct Lab {
    revisions: Vec<Arc<ControllerRevision>>,
    claims: Vec<Arc<PersistentVolumeClaim>>,
}

impl Lab {
    /// With the revisions of these images, the first the oldest.
    fn with(images: &[&str]) -> Self {
        let mut lab = Self { revisions: Vec::new(), claims: Vec::new() };
        for image in images {
            let made = lab.planned(&set(image, &json!({}), &json!({})), &[]).revisions.create.expect("a revision");
            lab.revisions.push(Arc::new(made));
        }
        lab
    }

    fn name(&self, revision: usize) -> String {
        self.revisions[revision].name_any()
    }

    fn planned(&self, set: &StatefulSet, pods: &[Arc<Pod>]) -> SetPlan {
        let now = NOW.parse().expect("a moment");
        plan(&SetWorld { set, pods, revisions: &self.revisions, claims: &self.claims, node: "here", now })
    }

    /// Pods in the form `ordinal state revision`.
    fn pods(&self, texts: &[&str]) -> Vec<Arc<Pod>> {
        let pods = texts.iter().map(|text| {
            let mut words = text.split(' ');
            let (ordinal, state) = (words.next().expect("an ordinal"), words.next().expect("a state"));
            let revision: usize = words.next().map_or(0, |text| text.parse().expect("a revision"));
            let ready = state == "ready";
            let phase = match state {
                "ready" | "ending" | "slow" => "Running",
                other => other,
            };
            let conditions: Vec<Value> = ready
                .then(|| json!({"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-21T09:59:50Z"}))
                .into_iter()
                .collect();
            let pod = json!({
                "metadata": {
                    "name": format!("db-{ordinal}"), "namespace": "shop", "uid": ordinal,
                    "labels": {REVISION_LABEL: self.name(revision)},
                    "deletionTimestamp": (state == "ending").then_some(NOW),
                    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "s", "controller": true}],
                },
                "status": {"phase": phase, "conditions": conditions},
            });
            Arc::new(serde_json::from_value(pod).expect("a pod"))
        });
        pods.collect()
    }
}

fn steps(plan: &SetPlan) -> (Vec<String>, Vec<&str>) {
    (
        plan.create.iter().map(ResourceExt::name_any).collect(),
        plan.delete.iter().map(|(name, _)| name.as_str()).collect(),
    )
}

#[test]
fn pods_start_one_after_another_and_stop_from_the_end() {
    let lab = Lab::with(&["db:1"]);
    let parallel = json!({"podManagementPolicy": "Parallel"});
    for (what, spec, pods, create, delete) in [
        ("the first", json!({}), &[][..], &["db-0"][..], &[][..]),
        ("it is not ready", json!({}), &["0 Pending"], &[], &[]),
        ("the next", json!({}), &["0 ready"], &["db-1"], &[]),
        ("one in the middle is gone", json!({}), &["0 ready", "2 ready"], &["db-1"], &[]),
        ("one is on its way out", json!({}), &["0 ready", "1 ending", "2 ready"], &[], &[]),
        ("one has failed", json!({}), &["0 ready", "1 Failed", "2 ready"], &[], &["db-1"]),
        ("too many", json!({"replicas": 1}), &["0 ready", "1 ready", "2 ready"], &[], &["db-2"]),
        ("one goes", json!({"replicas": 1}), &["0 ready", "1 ready", "2 ending"], &[], &[]),
        ("all go", json!({"replicas": 0}), &["0 slow"], &[], &["db-0"]),
        ("another beginning", json!({"ordinals": {"start": 5}, "replicas": 1}), &["0 ready"], &["db-5"], &[]),
        ("at once", parallel.clone(), &["1 Pending"], &["db-0", "db-2"], &[]),
        ("not ready long enough", json!({"minReadySeconds": 20}), &["0 ready"], &[], &[]),
    ] {
        let plan = lab.planned(&set("db:1", &spec, &json!({})), &lab.pods(pods));
        assert_eq!(steps(&plan), (create.iter().map(ToString::to_string).collect(), delete.to_vec()), "{what}");
    }
    let mut down = parallel;
    down["replicas"] = json!(0);
    let plan = lab.planned(&set("db:1", &down, &json!({})), &lab.pods(&["0 ready", "1 ready"]));
    assert_eq!(steps(&plan).1, ["db-1", "db-0"]);
    let slow = lab.planned(&set("db:1", &json!({"minReadySeconds": 20}), &json!({})), &lab.pods(&["0 ready"]));
    assert_eq!(slow.look_again.map(|moment| moment.to_string()).as_deref(), Some("2026-11-21T10:00:10Z"));
}

#[test]
fn a_pod_has_a_name_a_place_in_dns_and_claims_of_its_own() {
    let templates =
        json!({"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]});
    let mut lab = Lab::with(&["db:1"]);
    let plan = lab.planned(&set("db:1", &templates, &json!({})), &[]);
    let claim = plan.create_claims[0].clone();
    assert_eq!((claim.name_any(), claim.labels()["app"].as_str()), ("data-db-0".to_owned(), "db"));
    let pod = serde_json::to_value(&plan.create[0]).expect("a pod");
    assert_eq!(pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"], "db-0");
    assert_eq!(pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"], "0");
    assert_eq!(pod["metadata"]["labels"][REVISION_LABEL], lab.name(0));
    assert_eq!((&pod["spec"]["hostname"], &pod["spec"]["subdomain"]), (&json!("db-0"), &json!("db")));
    assert_eq!(pod["spec"]["volumes"], json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]));
    lab.claims.push(Arc::new(claim));
    assert_eq!(lab.planned(&set("db:1", &templates, &json!({})), &[]).create_claims, [], "kept from before");

    let mut scaled = templates;
    scaled["replicas"] = json!(0);
    assert_eq!(lab.planned(&set("db:1", &scaled, &json!({})), &[]).delete_claims, [""; 0]);
    scaled["persistentVolumeClaimRetentionPolicy"] = json!({"whenScaled": "Delete", "whenDeleted": "Delete"});
    assert_eq!(lab.planned(&set("db:1", &scaled, &json!({})), &[]).delete_claims, ["data-db-0"]);
}

#[test]
fn a_new_template_rolls_from_the_end_down_to_the_partition() {
    let lab = Lab::with(&["db:1", "db:2"]);
    let current = json!({"currentRevision": lab.name(0)});
    let rolling = |fields: Value| json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": fields}});
    for (what, spec, pods, create, delete) in [
        ("begins", json!({}), &["0 ready", "1 ready", "2 ready"][..], &[][..], &["db-2"][..]),
        ("made anew", json!({}), &["0 ready", "1 ready"], &["db-2 1"], &[]),
        ("it is not ready", json!({}), &["0 ready", "1 ready", "2 slow 1"], &[], &[]),
        ("goes on", json!({}), &["0 ready", "1 ready", "2 ready 1"], &[], &["db-1"]),
        (
            "two at once",
            rolling(json!({"maxUnavailable": 2})),
            &["0 ready", "1 ready", "2 ready"],
            &[],
            &["db-2", "db-1"],
        ),
        ("at the partition", rolling(json!({"partition": 2})), &["0 ready", "1 ready", "2 ready 1"], &[], &[]),
        ("below it the old one", rolling(json!({"partition": 2})), &["0 ready", "2 ready 1"], &["db-1 0"], &[]),
        ("by hand", json!({"updateStrategy": {"type": "OnDelete"}}), &["0 ready", "1 ready", "2 ready"], &[], &[]),
        ("an old one never gets ready", json!({}), &["0 slow"], &[], &["db-0"]),
    ] {
        let plan = lab.planned(&set("db:2", &spec, &current), &lab.pods(pods));
        let made = plan.create.iter().map(|pod| {
            let revision =
                lab.revisions.iter().position(|revision| pod.labels()[REVISION_LABEL] == revision.name_any());
            format!("{} {}", pod.name_any(), revision.expect("a revision"))
        });
        assert_eq!(
            (made.collect::<Vec<_>>(), steps(&plan).1),
            (create.iter().map(ToString::to_string).collect(), delete.to_vec()),
            "{what}"
        );
    }
}

#[test]
fn the_status_tells_the_rollout_and_its_end() {
    let lab = Lab::with(&["db:1", "db:2"]);
    let current = json!({"currentRevision": lab.name(0)});
    let told = |pods: &[&str]| {
        let status = lab.planned(&set("db:2", &json!({}), &current), &lab.pods(pods)).status.expect("a status");
        let revision =
            |name: Option<String>| lab.revisions.iter().position(|revision| Some(revision.name_any()) == name);
        (
            [
                status.replicas,
                status.ready_replicas.unwrap_or(0),
                status.updated_replicas.unwrap_or(0),
                status.current_replicas.unwrap_or(0),
            ],
            (revision(status.current_revision), revision(status.update_revision)),
        )
    };
    assert_eq!(told(&["0 ready", "1 ending", "2 ready 1"]), ([3, 2, 1, 1], (Some(0), Some(1))));
    assert_eq!(told(&["0 ready 1", "1 ready 1", "2 ready 1"]), ([3, 3, 3, 3], (Some(1), Some(1))));
}

#[test]
fn a_template_of_before_becomes_the_newest_revision_again() {
    let lab = Lab::with(&["db:1", "db:2"]);
    let plan = lab.planned(&set("db:1", &json!({}), &json!({"currentRevision": lab.name(1)})), &[]);
    assert_eq!((plan.revisions.create, plan.revisions.renumber), (None, Some((lab.name(0), 3))));
    let lab = Lab::with(&["db:1", "db:2", "db:3"]);
    let plan =
        lab.planned(&set("db:3", &json!({"revisionHistoryLimit": 1}), &json!({"currentRevision": lab.name(2)})), &[]);
    assert_eq!(plan.revisions.delete, [lab.name(0)]);
}
