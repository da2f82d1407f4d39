//! Claims in, plans out.

use std::path::Path;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::{Value, json};

use super::plan::{ClaimPlan, ClaimWorld, End, FINALIZER, PROVISIONER, plan};

fn claim(metadata: &Value, spec: &Value, status: &Value) -> PersistentVolumeClaim {
    let mut whole = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
    for (field, value) in spec.as_object().expect("fields") {
        whole[field] = value.clone();
    }
    let mut named = json!({"name": "data", "namespace": "shop", "uid": "u"});
    for (field, value) in metadata.as_object().expect("fields") {
        named[field] = value.clone();
    }
    serde_json::from_value(json!({"metadata": named, "spec": whole, "status": status})).expect("a claim")
}

fn class(name: &str, provisioner: &str, default: bool) -> Arc<StorageClass> {
    let annotations = json!({"storageclass.kubernetes.io/is-default-class": default.to_string()});
    let class = json!({"metadata": {"name": name, "annotations": annotations}, "provisioner": provisioner});
    Arc::new(serde_json::from_value(class).expect("a class"))
}

fn planned(claim: &PersistentVolumeClaim, volume: Option<&str>, used: bool) -> ClaimPlan {
    let classes = [class("local", PROVISIONER, true), class("cloud", "ebs.example", false)];
    let volume: Option<PersistentVolume> = volume.map(|policy| {
        let volume = json!({"metadata": {"name": "pvc-u"}, "spec": {"persistentVolumeReclaimPolicy": policy}});
        serde_json::from_value(volume).expect("a volume")
    });
    plan(&ClaimWorld { claim, classes: &classes, volume: volume.as_ref(), used, folder: Path::new("/data/claims/u") })
}

#[test]
fn a_claim_is_bound_to_a_folder_of_its_own() {
    let first = planned(&claim(&json!({}), &json!({}), &json!({"phase": "Pending"})), None, false);
    assert!(first.protect && first.end.is_none());
    assert_eq!(first.bind, Some(("local".to_owned(), "pvc-u".to_owned())));
    let status = serde_json::to_value(&first.status).expect("a status");
    assert_eq!(status, json!({"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}));
    let made = serde_json::to_value(first.make.expect("a volume")).expect("a volume");
    assert_eq!(made["spec"]["hostPath"]["path"], "/data/claims/u");
    assert_eq!(made["spec"]["claimRef"]["uid"], "u");

    let bound = json!({"storageClassName": "local", "volumeName": "pvc-u"});
    let rests = planned(&claim(&json!({"finalizers": [FINALIZER]}), &bound, &status), Some("Delete"), true);
    assert_eq!(rests, ClaimPlan::default(), "nothing is written at rest");
    let grown =
        json!({"storageClassName": "local", "volumeName": "pvc-u", "resources": {"requests": {"storage": "2Gi"}}});
    let grown = planned(&claim(&json!({"finalizers": [FINALIZER]}), &grown, &status), Some("Delete"), true);
    assert_eq!(
        grown.status.and_then(|status| status.capacity).map(|capacity| capacity["storage"].0.clone()).as_deref(),
        Some("2Gi")
    );
}

#[test]
fn what_a_folder_cannot_be_is_told_with_its_path() {
    for (spec, expected) in [
        (json!({"volumeMode": "Block"}), "spec.volumeMode Block: not supported on this node"),
        (json!({"accessModes": ["ReadWriteOncePod"]}), "spec.accessModes ReadWriteOncePod: not supported on this node"),
        (json!({"volumeName": "mine"}), "spec.volumeName of a volume made by hand: not supported on this node"),
        (json!({"selector": {"matchLabels": {"a": "b"}}}), "spec.selector: not supported on this node"),
        (json!({"dataSource": {"kind": "VolumeSnapshot", "name": "s"}}), "spec.dataSource: not supported on this node"),
        (
            json!({"storageClassName": "fast"}),
            "storageclass.storage.k8s.io \"fast\" not found; known are [local, cloud]; create one of that name with provisioner node.local/folder, or leave spec.storageClassName out",
        ),
        (
            json!({"storageClassName": "cloud"}),
            "storage class \"cloud\" names provisioner \"ebs.example\", which does not run here; this node serves node.local/folder",
        ),
        (
            json!({"storageClassName": ""}),
            "no persistent volumes available for this claim and no storage class is set: spec.storageClassName is empty, and volumes made by hand are not supported on this node",
        ),
    ] {
        let plan = planned(&claim(&json!({}), &spec, &json!({"phase": "Pending"})), None, false);
        assert_eq!(plan.tell.map(|(_, _, words)| words).as_deref(), Some(expected));
        assert!(plan.make.is_none() && plan.bind.is_none() && plan.status.is_none(), "{spec}");
    }
}

#[test]
fn a_claim_goes_when_no_pod_uses_it_and_its_folder_with_it_unless_retained() {
    let going = json!({"finalizers": [FINALIZER], "deletionTimestamp": "2026-11-21T10:00:00Z"});
    for (volume, used, expected) in [
        (Some("Delete"), true, None),
        (Some("Delete"), false, Some(End::Delete)),
        (Some("Retain"), false, Some(End::Retain)),
        (None, false, Some(End::Delete)),
    ] {
        let plan = planned(&claim(&going, &json!({}), &json!({})), volume, used);
        assert_eq!(plan, ClaimPlan { end: expected, ..ClaimPlan::default() });
    }
}
