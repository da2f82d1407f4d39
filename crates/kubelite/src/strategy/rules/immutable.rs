//! Fields of Kubernetes' own kinds that never change, or hardly.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::cause;
use crate::{kinds::Kind, object::meta, status::Cause};

/// Kind, field that never changes after creation.
const IMMUTABLE: &[(&str, &str)] = &[
    ("Deployment", "spec.selector"),
    ("ReplicaSet", "spec.selector"),
    ("DaemonSet", "spec.selector"),
    ("StatefulSet", "spec.selector"),
    ("Job", "spec.selector"),
    ("Job", "spec.completionMode"),
    ("Secret", "type"),
    ("RoleBinding", "roleRef"),
    ("ClusterRoleBinding", "roleRef"),
    ("StorageClass", "provisioner"),
    ("StorageClass", "parameters"),
    ("PriorityClass", "value"),
    ("EndpointSlice", "addressType"),
    ("PersistentVolumeClaim", "spec.accessModes"),
];

/// What an update may not change.
pub(super) fn check(kind: &Kind, object: &Value, old: &Value, causes: &mut Vec<Cause>) {
    for (_, path) in IMMUTABLE.iter().filter(|(name, _)| *name == &*kind.kind) {
        if at(object, path) != at(old, path) {
            causes.push(cause(
                "FieldValueInvalid",
                *path,
                format!("Invalid value: {}: field is immutable", at(object, path)),
            ));
        }
    }
    if matches!(&*kind.kind, "ConfigMap" | "Secret") && old["immutable"] == true {
        if object["immutable"] != true {
            causes.push(cause(
                "FieldValueForbidden",
                "immutable",
                "Forbidden: field is immutable when `immutable` is set",
            ));
        }
        for field in ["data", "binaryData"] {
            if object[field] != old[field] {
                causes.push(cause(
                    "FieldValueForbidden",
                    field,
                    "Forbidden: field is immutable when `immutable` is set",
                ));
            }
        }
    }
    if &*kind.kind == "Pod" && !meta::deleting(old) {
        pod_update(object, old, causes);
    }
    if &*kind.kind == "Job"
        && object["spec"]["suspend"] != true
        && object["spec"]["template"] != old["spec"]["template"]
    {
        causes.push(cause(
            "FieldValueInvalid",
            "spec.template",
            format!("Invalid value: {}: field is immutable", object["spec"]["template"]),
        ));
    }
    if &*kind.kind == "StatefulSet" {
        const FREE: &[&str] = &[
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
            "selector",
        ];
        let bound = |object: &Value| -> BTreeMap<String, Value> {
            object["spec"]
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(key, _)| !FREE.contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        };
        if bound(object) != bound(old) {
            causes.push(cause(
                "FieldValueForbidden",
                "spec",
                "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', \
                 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
            ));
        }
    }
}

/// Of a pod's spec only a few fields ever change.
fn pod_update(object: &Value, old: &Value, causes: &mut Vec<Cause>) {
    let bare = |object: &Value| {
        let mut spec = object["spec"].clone();
        for list in ["containers", "initContainers"] {
            for container in
                spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
            {
                container.remove("image");
                container.remove("imagePullPolicy");
            }
        }
        if let Some(spec) = spec.as_object_mut() {
            for key in [
                "activeDeadlineSeconds",
                "tolerations",
                "terminationGracePeriodSeconds",
                "schedulingGates",
                "nodeSelector",
                "ephemeralContainers",
            ] {
                spec.remove(key);
            }
            // The node may be named once.
            if old["spec"]["nodeName"].as_str().is_none_or(str::is_empty) {
                spec.remove("nodeName");
            }
        }
        spec
    };
    if bare(object) != bare(old) {
        causes.push(cause(
            "FieldValueForbidden",
            "spec",
            "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
             `spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        ));
    }
}

fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(object, |value, step| &value[step])
}
