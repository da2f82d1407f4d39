//! Pod specs, alone or in a template.

use serde_json::{Map, Value, json};

use super::defaults::put;
use crate::kinds::Kind;

/// Where a kind keeps its pod spec.
fn place(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "Pod" => &["spec"],
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicationController" => {
            &["spec", "template", "spec"]
        }
        "PodTemplate" => &["template", "spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => return None,
    })
}

/// The pod spec of an object.
pub(super) fn spec_of<'a>(kind: &Kind, object: &'a mut Value) -> Option<&'a mut Value> {
    let mut value = object;
    for step in place(&kind.kind)? {
        value = value.get_mut(*step)?;
    }
    value.is_object().then_some(value)
}

const SPEC: &[(&str, &str)] = &[
    ("restartPolicy", "\"Always\""),
    ("terminationGracePeriodSeconds", "30"),
    ("dnsPolicy", "\"ClusterFirst\""),
    ("securityContext", "{}"),
    ("schedulerName", "\"default-scheduler\""),
    ("volumes[].configMap.defaultMode", "420"),
    ("volumes[].secret.defaultMode", "420"),
    ("volumes[].projected.defaultMode", "420"),
    ("volumes[].downwardAPI.defaultMode", "420"),
    ("volumes[].downwardAPI.items[].fieldRef.apiVersion", "\"v1\""),
    ("volumes[].projected.sources[].serviceAccountToken.expirationSeconds", "3600"),
    ("volumes[].hostPath.type", "\"\""),
];

const CONTAINER: &[(&str, &str)] = &[
    ("resources", "{}"),
    ("terminationMessagePath", "\"/dev/termination-log\""),
    ("terminationMessagePolicy", "\"File\""),
    ("ports[].protocol", "\"TCP\""),
    ("env[].valueFrom.fieldRef.apiVersion", "\"v1\""),
];

const PROBE: &[(&str, &str)] = &[
    ("timeoutSeconds", "1"),
    ("periodSeconds", "10"),
    ("successThreshold", "1"),
    ("failureThreshold", "3"),
    ("httpGet.path", "\"/\""),
    ("httpGet.scheme", "\"HTTP\""),
    ("grpc.service", "\"\""),
];

fn fill_table(value: &mut Value, table: &[(&str, &str)]) {
    for (path, default) in table {
        if let Ok(default) = serde_json::from_str(default) {
            put(value, &path.split('.').collect::<Vec<_>>(), &default);
        }
    }
}

/// Fills the defaults of a pod spec.
pub(super) fn fill(spec: &mut Value, alone: bool) {
    fill_table(spec, SPEC);
    if alone {
        put(spec, &["enableServiceLinks"], &true.into());
    }
    accounts(spec);
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            container_defaults(container, alone);
        }
    }
    for volume in
        spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
    {
        if volume.len() == 1 && volume.contains_key("name") {
            volume.insert("emptyDir".into(), json!({}));
        }
    }
}

/// What a server adds to a new pod: priority, account, and how long it stays on a node that is gone.
pub(super) fn admit(spec: &mut Value) {
    put(spec, &["preemptionPolicy"], &"PreemptLowerPriority".into());
    put(spec, &["priority"], &0.into());
    if spec["serviceAccountName"].as_str().is_none_or(str::is_empty) {
        spec["serviceAccountName"] = "default".into();
    }
    accounts(spec);
    tolerate(spec);
}

fn tolerate(spec: &mut Value) {
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let covers = |toleration: &Value| {
            let text = |field: &str| toleration[field].as_str().unwrap_or_default();
            (text("key").is_empty() || text("key") == key)
                && (text("effect").is_empty() || text("effect") == "NoExecute")
        };
        let list = &mut spec["tolerations"];
        if list.is_null() {
            *list = json!([]);
        }
        if let Some(items) = list.as_array_mut()
            && !items.iter().any(covers)
        {
            items.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
}

/// The account's name has an older field with the same value.
fn accounts(spec: &mut Value) {
    if let Some(account) = spec.get("serviceAccountName").filter(|account| !account.is_null()).cloned() {
        put(spec, &["serviceAccount"], &account);
    }
}

fn container_defaults(container: &mut Value, alone: bool) {
    fill_table(container, CONTAINER);
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(probe).filter(|probe| probe.is_object()) {
            fill_table(probe, PROBE);
        }
    }
    let image = container["image"].as_str().unwrap_or_default().to_owned();
    if !image.is_empty() {
        let name = image.split('@').next().unwrap_or_default();
        let tag = name.rsplit('/').next().and_then(|last| last.split_once(':')).map(|(_, tag)| tag);
        let latest = !image.contains('@') && tag.is_none_or(|tag| tag == "latest");
        put(container, &["imagePullPolicy"], &if latest { "Always" } else { "IfNotPresent" }.into());
    }
    let Some(resources) = container.get_mut("resources").and_then(Value::as_object_mut) else { return };
    for kind in ["limits", "requests"] {
        for quantity in resources.get_mut(kind).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
            if quantity.is_number() {
                *quantity = quantity.to_string().into();
            }
        }
    }
    // What is limited but not requested is requested as much as limited: of pods, not of templates.
    if alone && let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() {
        let requests = resources.entry("requests").or_insert_with(|| json!({}));
        for (key, value) in &limits {
            put(requests, &[key], value);
        }
    }
}

/// `BestEffort`, `Burstable` or `Guaranteed`.
pub(super) fn quality(spec: &Value) -> &'static str {
    let mut any = false;
    let mut all = true;
    for container in
        ["containers", "initContainers"].iter().flat_map(|list| spec[*list].as_array().into_iter().flatten())
    {
        let resources = &container["resources"];
        for name in ["cpu", "memory"] {
            let (limit, request) = (&resources["limits"][name], &resources["requests"][name]);
            any |= !limit.is_null() || !request.is_null();
            all &= !limit.is_null() && limit == request;
        }
    }
    match (any, all) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
