//! Defaults that Kubernetes fills into its own kinds, as a table: kind, place, value.

use serde_json::{Map, Value, json};

use super::pods;
use crate::{kinds::Kind, object::meta};

/// Kind, path of the field (`[]`: every item), default as JSON. Only fields whose parent is there are filled.
const TABLE: &[(&str, &str, &str)] = &[
    ("Deployment", "spec.replicas", "1"),
    ("Deployment", "spec.strategy", "{\"type\":\"RollingUpdate\"}"),
    ("Deployment", "spec.strategy.type", "\"RollingUpdate\""),
    ("Deployment", "spec.revisionHistoryLimit", "10"),
    ("Deployment", "spec.progressDeadlineSeconds", "600"),
    ("ReplicaSet", "spec.replicas", "1"),
    ("ReplicationController", "spec.replicas", "1"),
    ("StatefulSet", "spec.replicas", "1"),
    ("StatefulSet", "spec.podManagementPolicy", "\"OrderedReady\""),
    ("StatefulSet", "spec.updateStrategy", "{\"type\":\"RollingUpdate\"}"),
    ("StatefulSet", "spec.updateStrategy.type", "\"RollingUpdate\""),
    ("StatefulSet", "spec.revisionHistoryLimit", "10"),
    (
        "StatefulSet",
        "spec.persistentVolumeClaimRetentionPolicy",
        "{\"whenDeleted\":\"Retain\",\"whenScaled\":\"Retain\"}",
    ),
    ("StatefulSet", "spec.volumeClaimTemplates[].apiVersion", "\"v1\""),
    ("StatefulSet", "spec.volumeClaimTemplates[].kind", "\"PersistentVolumeClaim\""),
    ("StatefulSet", "spec.volumeClaimTemplates[].spec.volumeMode", "\"Filesystem\""),
    ("DaemonSet", "spec.updateStrategy", "{\"type\":\"RollingUpdate\"}"),
    ("DaemonSet", "spec.updateStrategy.type", "\"RollingUpdate\""),
    ("DaemonSet", "spec.revisionHistoryLimit", "10"),
    ("Job", "spec.completionMode", "\"NonIndexed\""),
    ("Job", "spec.suspend", "false"),
    ("Job", "spec.manualSelector", "false"),
    ("CronJob", "spec.concurrencyPolicy", "\"Allow\""),
    ("CronJob", "spec.suspend", "false"),
    ("CronJob", "spec.successfulJobsHistoryLimit", "3"),
    ("CronJob", "spec.failedJobsHistoryLimit", "1"),
    ("Service", "spec", "{}"),
    ("Service", "spec.type", "\"ClusterIP\""),
    ("Service", "spec.sessionAffinity", "\"None\""),
    ("Service", "spec.ports[].protocol", "\"TCP\""),
    ("Secret", "type", "\"Opaque\""),
    ("PersistentVolumeClaim", "spec.volumeMode", "\"Filesystem\""),
    ("PersistentVolume", "spec.volumeMode", "\"Filesystem\""),
    ("PersistentVolume", "spec.persistentVolumeReclaimPolicy", "\"Retain\""),
    ("HorizontalPodAutoscaler", "spec.minReplicas", "1"),
    ("EndpointSlice", "ports[].name", "\"\""),
    ("EndpointSlice", "ports[].protocol", "\"TCP\""),
    ("Endpoints", "subsets[].ports[].protocol", "\"TCP\""),
    ("StorageClass", "reclaimPolicy", "\"Delete\""),
    ("StorageClass", "volumeBindingMode", "\"Immediate\""),
    ("PriorityClass", "preemptionPolicy", "\"PreemptLowerPriority\""),
    ("NetworkPolicy", "spec.podSelector", "{}"),
    ("NetworkPolicy", "spec.ingress[].ports[].protocol", "\"TCP\""),
    ("NetworkPolicy", "spec.egress[].ports[].protocol", "\"TCP\""),
    ("RoleBinding", "roleRef.apiGroup", "\"rbac.authorization.k8s.io\""),
    ("ClusterRoleBinding", "roleRef.apiGroup", "\"rbac.authorization.k8s.io\""),
    ("Deployment", "status.conditions[].lastUpdateTime", "null"),
    ("Deployment", "status.conditions[].lastTransitionTime", "null"),
    ("ReplicaSet", "status.conditions[].lastTransitionTime", "null"),
    ("ReplicationController", "status.conditions[].lastTransitionTime", "null"),
    ("StatefulSet", "status.conditions[].lastTransitionTime", "null"),
    ("DaemonSet", "status.conditions[].lastTransitionTime", "null"),
    ("Job", "status.conditions[].lastProbeTime", "null"),
    ("Job", "status.conditions[].lastTransitionTime", "null"),
    ("Pod", "status.conditions[].lastProbeTime", "null"),
    ("Pod", "status.conditions[].lastTransitionTime", "null"),
    ("Namespace", "status.conditions[].lastTransitionTime", "null"),
    ("Node", "status.conditions[].lastHeartbeatTime", "null"),
    ("Node", "status.conditions[].lastTransitionTime", "null"),
    ("PersistentVolumeClaim", "status.conditions[].lastProbeTime", "null"),
    ("PersistentVolumeClaim", "status.conditions[].lastTransitionTime", "null"),
    ("HorizontalPodAutoscaler", "status.conditions[].lastTransitionTime", "null"),
    ("CustomResourceDefinition", "spec.conversion", "{\"strategy\":\"None\"}"),
];

/// Fills all defaults of the kind.
pub(super) fn fill(kind: &Kind, object: &mut Value) {
    for (_, path, default) in TABLE.iter().filter(|(name, ..)| *name == &*kind.kind) {
        let steps: Vec<&str> = path.split('.').collect();
        if let Ok(default) = serde_json::from_str(default) {
            put(object, &steps, &default);
        }
    }
    if let Some(spec) = pods::spec_of(kind, object) {
        pods::fill(spec, kind.kind == "Pod".into());
    }
    special(kind, object);
}

/// Puts the default where the last step is absent and everything before it is there.
pub(super) fn put(value: &mut Value, steps: &[&str], default: &Value) {
    let Some((first, rest)) = steps.split_first() else { return };
    let Some(map) = value.as_object_mut() else { return };
    if let Some(name) = first.strip_suffix("[]") {
        if let Some(items) = map.get_mut(name).and_then(Value::as_array_mut) {
            for item in items {
                put(item, rest, default);
            }
        }
    } else if rest.is_empty() {
        if map.get(*first).is_none_or(Value::is_null) {
            map.insert((*first).to_owned(), default.clone());
        }
    } else if let Some(inner) = map.get_mut(*first) {
        put(inner, rest, default);
    }
}

/// Which of its templates a DaemonSet has; the server writes it.
pub(super) const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// Defaults that depend on other fields.
fn special(kind: &Kind, object: &mut Value) {
    match &*kind.kind {
        "Namespace" => {
            let name = meta::text(object, "name").to_owned();
            label(object, "labels", "kubernetes.io/metadata.name", &name);
        }
        "Deployment" => rolling(object, "strategy", &json!({"maxUnavailable": "25%", "maxSurge": "25%"})),
        "DaemonSet" => {
            rolling(object, "updateStrategy", &json!({"maxUnavailable": 1, "maxSurge": 0}));
            if object["metadata"]["annotations"][TEMPLATE_GENERATION].is_null() {
                label(object, "annotations", TEMPLATE_GENERATION, "0");
            }
        }
        "Job" => job(object),
        "Service" => service(object),
        "NetworkPolicy" => {
            let egress = object["spec"].get("egress").is_some_and(|rules| !rules.is_null());
            let kinds = if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
            put(object, &["spec", "policyTypes"], &kinds);
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            for subject in object["subjects"].as_array_mut().into_iter().flatten() {
                let group = if subject["kind"] == "ServiceAccount" { continue } else { "rbac.authorization.k8s.io" };
                put(subject, &["apiGroup"], &group.into());
            }
            if object.get("subjects").is_some_and(Value::is_null)
                && let Some(map) = object.as_object_mut()
            {
                map.remove("subjects");
            }
        }
        "Role" | "ClusterRole" => never_empty(object, "rules"),
        "EndpointSlice" => never_empty(object, "endpoints"),
        "HorizontalPodAutoscaler" => behavior(object),
        "StatefulSet" => {
            rolling(object, "updateStrategy", &json!({"partition": 0}));
            put(object, &["spec", "volumeClaimTemplates[]", "status", "phase"], &"Pending".into());
        }
        "CustomResourceDefinition" => definition(object),
        "Secret" => secret(object),
        _ => {}
    }
}

/// Sets a label or an annotation.
fn label(object: &mut Value, field: &str, key: &str, value: &str) {
    if let Some(metadata) = meta::of_mut(object).filter(|_| !value.is_empty()) {
        let entries = metadata.entry(field).or_insert(Value::Null);
        if entries.is_null() {
            *entries = json!({});
        }
        if let Some(entries) = entries.as_object_mut() {
            entries.insert(key.to_owned(), value.into());
        }
    }
}

/// A list that is written as null where it has no items.
fn never_empty(object: &mut Value, list: &str) {
    if object[list].as_array().is_none_or(Vec::is_empty) {
        object[list] = Value::Null;
    }
}

/// How fast an autoscaler scales, where it says anything of it.
fn behavior(object: &mut Value) {
    let Some(behavior) = object["spec"]["behavior"].as_object_mut() else { return };
    let half = |kind: &str, value: u32| json!({"type": kind, "value": value, "periodSeconds": 15});
    for (side, default) in [
        (
            "scaleUp",
            json!({"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [half("Pods", 4), half("Percent", 100)]}),
        ),
        ("scaleDown", json!({"selectPolicy": "Max", "policies": [half("Percent", 100)]})),
    ] {
        let rules = behavior.entry(side).or_insert(Value::Null);
        if rules.is_null() {
            *rules = json!({});
        }
        for (key, value) in default.as_object().into_iter().flatten() {
            put(rules, &[key], value);
        }
    }
}

fn rolling(object: &mut Value, field: &str, default: &Value) {
    let Some(strategy) = object.get_mut("spec").and_then(|spec| spec.get_mut(field)).and_then(Value::as_object_mut)
    else {
        return;
    };
    if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate") {
        let rolling = strategy.entry("rollingUpdate").or_insert_with(|| Value::Object(Map::new()));
        for (key, value) in default.as_object().into_iter().flatten() {
            put(rolling, &[key], value);
        }
    }
}

fn job(object: &mut Value) {
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let absent = |spec: &Map<String, Value>, key: &str| spec.get(key).is_none_or(Value::is_null);
    if absent(spec, "completions") && absent(spec, "parallelism") {
        spec.insert("completions".into(), 1.into());
    }
    if absent(spec, "parallelism") {
        spec.insert("parallelism".into(), 1.into());
    }
    if absent(spec, "backoffLimit") {
        let limited = !absent(spec, "backoffLimitPerIndex");
        spec.insert("backoffLimit".into(), if limited { i32::MAX } else { 6 }.into());
    }
    if absent(spec, "podReplacementPolicy") {
        let judged = !absent(spec, "podFailurePolicy");
        spec.insert("podReplacementPolicy".into(), if judged { "Failed" } else { "TerminatingOrFailed" }.into());
    }
}

fn service(object: &mut Value) {
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
    for port in
        spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
    {
        let number = port.get("port").cloned().unwrap_or(Value::Null);
        if port.get("targetPort").is_none_or(|target| target.is_null() || target == 0 || target == "")
            && !number.is_null()
        {
            port.insert("targetPort".into(), number);
        }
    }
    let kind = spec.get("type").and_then(Value::as_str).unwrap_or("ClusterIP").to_owned();
    let default = |spec: &mut Map<String, Value>, key: &str, value: Value| {
        if spec.get(key).is_none_or(Value::is_null) {
            spec.insert(key.into(), value);
        }
    };
    if spec.get("sessionAffinity").and_then(Value::as_str) == Some("ClientIP") {
        default(spec, "sessionAffinityConfig", json!({"clientIP": {"timeoutSeconds": 10800}}));
    }
    if kind != "ExternalName" {
        default(spec, "internalTrafficPolicy", "Cluster".into());
    }
    if kind == "NodePort" || kind == "LoadBalancer" {
        default(spec, "externalTrafficPolicy", "Cluster".into());
    }
    if kind == "LoadBalancer" {
        default(spec, "allocateLoadBalancerNodePorts", true.into());
    }
}

fn definition(object: &mut Value) {
    let Some(names) = object.get_mut("spec").and_then(|spec| spec.get_mut("names")).and_then(Value::as_object_mut)
    else {
        return;
    };
    let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    if kind.is_empty() {
        return;
    }
    for (key, value) in [("listKind", format!("{kind}List")), ("singular", kind.to_lowercase())] {
        if names.get(key).and_then(Value::as_str).is_none_or(str::is_empty) {
            names.insert(key.into(), value.into());
        }
    }
}

/// `stringData` is for writing only.
fn secret(object: &mut Value) {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let Some(map) = object.as_object_mut() else { return };
    let Some(Value::Object(plain)) = map.remove("stringData") else { return };
    let data = map.entry("data").or_insert_with(|| Value::Object(Map::new()));
    if data.is_null() {
        *data = Value::Object(Map::new());
    }
    if let Some(data) = data.as_object_mut() {
        for (key, value) in plain {
            data.insert(key, STANDARD.encode(value.as_str().unwrap_or_default()).into());
        }
    }
}
