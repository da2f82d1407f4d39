//! Fields of Kubernetes' own kinds that never change, or hardly.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::{
    cause,
    go_json::{SELECTOR, go_json},
};
use crate::{kinds::Kind, object::meta, status::Cause};

/// Kind, field that never changes after creation.
const IMMUTABLE: &[(&str, &str)] = &[
    ("Deployment", "spec.selector"),
    ("ReplicaSet", "spec.selector"),
    ("DaemonSet", "spec.selector"),
    ("StatefulSet", "spec.selector"),
    ("Job", "spec.selector"),
    ("Job", "spec.completionMode"),
    ("Job", "spec.podFailurePolicy"),
    ("Job", "spec.backoffLimitPerIndex"),
    ("Job", "spec.managedBy"),
    ("Job", "spec.successPolicy"),
    ("Secret", "type"),
    ("StorageClass", "provisioner"),
    ("StorageClass", "parameters"),
    ("PriorityClass", "value"),
    ("EndpointSlice", "addressType"),
];

/// What an update may not change.
pub(super) fn check(kind: &Kind, object: &Value, old: &Value, causes: &mut Vec<Cause>) {
    for (_, path) in IMMUTABLE.iter().filter(|(name, _)| *name == &*kind.kind) {
        if at(object, path) != at(old, path) {
            causes.push(cause(
                "FieldValueInvalid",
                *path,
                format!("Invalid value: {}: field is immutable", go_json(at(object, path), SELECTOR)),
            ));
        }
    }
    if matches!(&*kind.kind, "RoleBinding" | "ClusterRoleBinding") && object["roleRef"] != old["roleRef"] {
        let [group, name, role] = ["apiGroup", "kind", "name"].map(|key| &object["roleRef"][key]);
        let shown = format!("{{\"APIGroup\":{group},\"Kind\":{name},\"Name\":{role}}}");
        causes.push(cause("FieldValueInvalid", "roleRef", format!("Invalid value: {shown}: cannot change roleRef")));
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
    if &*kind.kind == "PersistentVolumeClaim" {
        claim(object, old, causes);
    }
    let job = &*kind.kind == "Job";
    if job && object["spec"]["completions"] != old["spec"]["completions"] && !elastic(&object["spec"], &old["spec"]) {
        let message = format!("Invalid value: {}: field is immutable", object["spec"]["completions"]);
        causes.push(cause("FieldValueInvalid", "spec.completions", message));
    }
    if job && template(object, old) != template(old, old) {
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

/// What of a Job's template never changes: all of it, but where its pods may run and what they get while it is suspended.
fn template(object: &Value, old: &Value) -> Value {
    let mut template = object["spec"]["template"].clone();
    if old["spec"]["suspend"] != true {
        return template;
    }
    let free: [(&str, &[&str]); 3] = [
        ("/metadata", &["labels", "annotations"]),
        ("/spec", &["nodeSelector", "tolerations", "schedulingGates"]),
        ("/spec/affinity", &["nodeAffinity"]),
    ];
    for (place, keys) in free {
        if let Some(map) = template.pointer_mut(place).and_then(Value::as_object_mut) {
            map.retain(|key, _| !keys.contains(&key.as_str()));
        }
    }
    for list in ["containers", "initContainers"] {
        let containers = template["spec"].get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
            container.remove("resources");
        }
    }
    if let Some(spec) = template["spec"].as_object_mut() {
        spec.retain(|key, value| key != "affinity" || value.as_object().is_some_and(|affinity| !affinity.is_empty()));
    }
    template
}

/// A Job with indices may have more or fewer of them, together with its parallelism.
fn elastic(new: &Value, old: &Value) -> bool {
    new["completionMode"] == "Indexed"
        && new["completions"].is_number()
        && old["completions"].is_number()
        && new["completions"] == new["parallelism"]
}

/// A claim never changes, but for its volume and a class where it said none, which are set once, and its size once it is
/// bound.
fn claim(object: &Value, old: &Value, causes: &mut Vec<Cause>) {
    let bound = object["status"]["phase"] == "Bound";
    let bare = |claim: &Value| {
        let mut spec = claim["spec"].clone();
        if let Some(map) = spec.as_object_mut() {
            if old["spec"]["volumeName"].as_str().is_none_or(str::is_empty) {
                map.remove("volumeName");
            }
            if old["spec"]["storageClassName"].is_null() {
                map.remove("storageClassName");
            }
        }
        if bound && let Some(map) = spec.as_object_mut() {
            map.remove("volumeAttributesClassName");
        }
        if bound && let Some(requests) = spec["resources"]["requests"].as_object_mut() {
            requests.remove("storage");
        }
        spec
    };
    if bare(object) != bare(old) {
        causes.push(cause(
            "FieldValueForbidden",
            "spec",
            "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
        ));
    }
    let size = |size: &Value| size.as_str().and_then(crate::object::quantity::number).unwrap_or(0.0);
    let wanted = |claim: &Value| size(&claim["spec"]["resources"]["requests"]["storage"]);
    if wanted(object) < wanted(old) && wanted(object) <= size(&old["status"]["capacity"]["storage"]) {
        let message = "Forbidden: field can not be less than status.capacity";
        causes.push(cause("FieldValueForbidden", "spec.resources.requests.storage", message));
    }
    if object["spec"]["volumeMode"] != old["spec"]["volumeMode"] {
        let message = format!("Invalid value: {}: field is immutable", object["spec"]["volumeMode"]);
        causes.push(cause("FieldValueInvalid", "volumeMode", message));
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
