//! Cells of the built-in kinds, column by column.

use serde_json::Value;

use super::time;
use crate::{
    kinds::{Column, Kind},
    object::{label_selector::LabelSelector, meta},
};

/// One cell for each column.
pub(super) fn cells(kind: &Kind, columns: &[Column], object: &Value, now: jiff::Timestamp) -> Vec<Value> {
    columns.iter().map(|column| cell(kind, &column.name, object, now)).collect()
}

fn text(value: &Value) -> Value {
    match value {
        Value::String(text) if !text.is_empty() => text.as_str().into(),
        Value::Null | Value::String(_) => "<none>".into(),
        other => other.to_string().into(),
    }
}

/// How access modes are shown.
const MODES: &[(&str, &str)] =
    &[("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];

fn modes(list: &Value) -> Value {
    let all: Vec<&str> = items(list).filter_map(Value::as_str).map(short_mode).collect();
    all.join(",").into()
}

fn short_mode(mode: &str) -> &str {
    MODES.iter().find(|(known, _)| *known == mode).map_or(mode, |(_, short)| short)
}

fn plain(value: &Value) -> Value {
    value.as_str().unwrap_or_default().into()
}

fn budget(value: &Value) -> Value {
    if value.is_null() { "N/A".into() } else { text(value) }
}

fn number(value: &Value) -> Value {
    value.as_i64().unwrap_or(0).into()
}

fn count(value: &Value) -> Value {
    value.as_object().map(serde_json::Map::len).or_else(|| value.as_array().map(Vec::len)).unwrap_or(0).into()
}

fn age(value: &Value, now: jiff::Timestamp) -> Value {
    value.as_str().map_or_else(|| "<unknown>".to_owned(), |text| time::since(text, now)).into()
}

fn join<'a>(values: impl Iterator<Item = &'a str>) -> Value {
    let text = values.collect::<Vec<_>>().join(",");
    if text.is_empty() { "<none>".into() } else { text.into() }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn selector(value: &Value) -> Value {
    let text = if value.get("matchLabels").is_some() || value.get("matchExpressions").is_some() {
        LabelSelector::from_value(value).to_string()
    } else {
        value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
            .collect::<Vec<_>>()
            .join(",")
    };
    if text.is_empty() { "<none>".into() } else { text.into() }
}

#[allow(clippy::match_same_arms, reason = "one row for each column reads as a table")]
fn cell(kind: &Kind, column: &str, object: &Value, now: jiff::Timestamp) -> Value {
    let (spec, status) = (&object["spec"], &object["status"]);
    let template = &spec["template"]["spec"];
    match (&*kind.kind, column) {
        (_, "Name") => meta::text(object, "name").into(),
        (_, "Created At" | "CreatedAt") => object["metadata"]["creationTimestamp"].clone(),
        (_, "Age") => age(&object["metadata"]["creationTimestamp"], now),
        ("Pod", "Ready") => {
            let all = items(&spec["containers"]).count();
            let ready = items(&status["containerStatuses"]).filter(|status| status["ready"] == true).count();
            format!("{ready}/{all}").into()
        }
        ("Pod", "Status") => pod_status(object).into(),
        ("Pod", "Restarts") => items(&status["containerStatuses"])
            .map(|status| status["restartCount"].as_i64().unwrap_or(0))
            .sum::<i64>()
            .to_string()
            .into(),
        ("Pod", "IP") => text(&status["podIP"]),
        ("Pod", "Node") => text(&spec["nodeName"]),
        ("Pod", "Nominated Node") => text(&status["nominatedNodeName"]),
        ("Deployment" | "StatefulSet", "Ready") => {
            format!("{}/{}", number(&status["readyReplicas"]), spec["replicas"].as_i64().unwrap_or(1)).into()
        }
        (_, "Up-to-date") => number(&status["updatedReplicas"]),
        ("Deployment", "Available") => number(&status["availableReplicas"]),
        ("ReplicaSet" | "ReplicationController", "Desired") => number(&spec["replicas"]),
        ("ReplicaSet" | "ReplicationController", "Current") => number(&status["replicas"]),
        ("ReplicaSet" | "ReplicationController", "Ready") => number(&status["readyReplicas"]),
        ("DaemonSet", "Desired") => number(&status["desiredNumberScheduled"]),
        ("DaemonSet", "Current") => number(&status["currentNumberScheduled"]),
        ("DaemonSet", "Ready") => number(&status["numberReady"]),
        ("DaemonSet", "Available") => number(&status["numberAvailable"]),
        ("DaemonSet", "Node Selector") => selector(&template["nodeSelector"]),
        ("CronJob", "Containers") => join(
            items(&spec["jobTemplate"]["spec"]["template"]["spec"]["containers"])
                .filter_map(|container| container["name"].as_str()),
        ),
        ("CronJob", "Images") => join(
            items(&spec["jobTemplate"]["spec"]["template"]["spec"]["containers"])
                .filter_map(|container| container["image"].as_str()),
        ),
        ("CronJob", "Selector") => "<none>".into(),
        (_, "Containers") => join(items(&template["containers"]).filter_map(|container| container["name"].as_str())),
        (_, "Images") => join(items(&template["containers"]).filter_map(|container| container["image"].as_str())),
        (_, "Selector") => selector(&spec["selector"]),
        ("Job", "Status") => job_status(object).into(),
        ("Job", "Completions") => match spec["completions"].as_i64() {
            Some(wanted) => format!("{}/{wanted}", number(&status["succeeded"])).into(),
            None => {
                format!("{}/1 of {}", number(&status["succeeded"]), spec["parallelism"].as_i64().unwrap_or(1)).into()
            }
        },
        ("Job", "Duration") => match (status["startTime"].as_str(), status["completionTime"].as_str()) {
            (Some(start), Some(end)) => end.parse().map_or(Value::from(""), |end| time::since(start, end).into()),
            (Some(start), None) => time::since(start, now).into(),
            _ => "".into(),
        },
        ("CronJob", "Schedule") => text(&spec["schedule"]),
        ("CronJob", "Timezone") => text(&spec["timeZone"]),
        ("CronJob", "Suspend") => {
            if spec["suspend"] == true {
                "True".into()
            } else {
                "False".into()
            }
        }
        ("CronJob", "Active") => count(&status["active"]),
        ("CronJob", "Last Schedule") => match status["lastScheduleTime"].as_str() {
            Some(at) => time::since(at, now).into(),
            None => "<none>".into(),
        },
        ("Service", "Type") => text(&spec["type"]),
        ("Service", "Cluster-IP") => text(&spec["clusterIP"]),
        ("Service", "External-IP") => external(object),
        ("Service", "Port(s)") => join_owned(items(&spec["ports"]).map(|port| {
            let protocol = port["protocol"].as_str().unwrap_or("TCP");
            match port["nodePort"].as_i64().filter(|&port| port > 0) {
                Some(node) => format!("{}:{node}/{protocol}", port["port"]),
                None => format!("{}/{protocol}", port["port"]),
            }
        })),
        ("ConfigMap", "Data") => (object["data"].as_object().map_or(0, serde_json::Map::len)
            + object["binaryData"].as_object().map_or(0, serde_json::Map::len))
        .into(),
        ("Secret", "Data") => count(&object["data"]),
        ("Secret", "Type") => text(&object["type"]),
        ("ServiceAccount", "Secrets") => count(&object["secrets"]),
        ("Namespace" | "PersistentVolume" | "PersistentVolumeClaim", "Status") => text(&status["phase"]),
        ("Endpoints", "Endpoints") => join_owned(items(&object["subsets"]).flat_map(|subset| {
            items(&subset["addresses"]).flat_map(move |address| {
                items(&subset["ports"])
                    .map(move |port| format!("{}:{}", address["ip"].as_str().unwrap_or_default(), port["port"]))
            })
        })),
        ("EndpointSlice", "AddressType") => text(&object["addressType"]),
        ("EndpointSlice", "Ports") => join_owned(items(&object["ports"]).map(|port| port["port"].to_string())),
        ("EndpointSlice", "Endpoints") => join(
            items(&object["endpoints"]).flat_map(|endpoint| items(&endpoint["addresses"])).filter_map(Value::as_str),
        ),
        ("Event", _) => event(column, object, now),
        ("Lease", "Holder") => text(&spec["holderIdentity"]),
        ("Node", "Status") => node_status(object).into(),
        ("Node", "Version") => text(&status["nodeInfo"]["kubeletVersion"]),
        ("Node", "Roles") => "<none>".into(),
        ("Node", "Internal-IP") => text(
            items(&status["addresses"])
                .find(|address| address["type"] == "InternalIP")
                .map_or(&Value::Null, |address| &address["address"]),
        ),
        ("Node", "OS-Image") => text(&status["nodeInfo"]["osImage"]),
        ("Node", "Kernel-Version") => text(&status["nodeInfo"]["kernelVersion"]),
        ("Node", "Container-Runtime") => text(&status["nodeInfo"]["containerRuntimeVersion"]),
        ("Ingress", "Class") => text(&spec["ingressClassName"]),
        ("Ingress", "Hosts") => join(items(&spec["rules"]).filter_map(|rule| rule["host"].as_str())),
        ("Ingress", "Address") => items(&status["loadBalancer"]["ingress"])
            .filter_map(|at| at["ip"].as_str().or_else(|| at["hostname"].as_str()))
            .collect::<Vec<_>>()
            .join(",")
            .into(),
        ("Ingress", "Ports") => {
            if spec["tls"].is_null() {
                "80".into()
            } else {
                "80, 443".into()
            }
        }
        ("NetworkPolicy", "Pod-Selector") => selector(&spec["podSelector"]),
        ("RoleBinding" | "ClusterRoleBinding", "Role") => format!(
            "{}/{}",
            object["roleRef"]["kind"].as_str().unwrap_or_default(),
            object["roleRef"]["name"].as_str().unwrap_or_default()
        )
        .into(),
        ("RoleBinding" | "ClusterRoleBinding", "Users" | "Groups" | "ServiceAccounts") => {
            let wanted = column.trim_end_matches('s');
            let listed =
                join_owned(items(&object["subjects"]).filter(|subject| subject["kind"] == wanted).map(|subject| {
                    let name = subject["name"].as_str().unwrap_or_default();
                    match subject["namespace"].as_str() {
                        Some(namespace) => format!("{namespace}/{name}"),
                        None => name.to_owned(),
                    }
                }));
            if listed == "<none>" { "".into() } else { listed }
        }
        ("PersistentVolumeClaim", "Volume") => plain(&spec["volumeName"]),
        // A claim has these once it has a volume.
        ("PersistentVolumeClaim", "Capacity") => plain(&status["capacity"]["storage"]),
        ("PersistentVolumeClaim", "Access Modes") => modes(&status["accessModes"]),
        (_, "VolumeAttributesClass") => {
            let class = plain(&spec["volumeAttributesClassName"]);
            if class == "" { "<unset>".into() } else { class }
        }
        ("PersistentVolumeClaim" | "PersistentVolume", "StorageClass") => text(&spec["storageClassName"]),
        ("PersistentVolumeClaim" | "PersistentVolume", "VolumeMode") => text(&spec["volumeMode"]),
        ("PersistentVolume", "Access Modes") => modes(&spec["accessModes"]),
        ("PersistentVolume", "Capacity") => text(&spec["capacity"]["storage"]),
        ("PersistentVolume", "Reclaim Policy") => text(&spec["persistentVolumeReclaimPolicy"]),
        ("PersistentVolume", "Reason") => text(&status["reason"]),
        ("HorizontalPodAutoscaler", "Reference") => format!(
            "{}/{}",
            spec["scaleTargetRef"]["kind"].as_str().unwrap_or_default(),
            spec["scaleTargetRef"]["name"].as_str().unwrap_or_default()
        )
        .into(),
        ("HorizontalPodAutoscaler", "MinPods") => text(&spec["minReplicas"]),
        ("HorizontalPodAutoscaler", "MaxPods") => number(&spec["maxReplicas"]),
        ("HorizontalPodAutoscaler", "Targets") => super::metrics::targets(object).into(),
        ("HorizontalPodAutoscaler", "Replicas") => number(&status["currentReplicas"]),
        ("PodDisruptionBudget", "Min Available") => budget(&spec["minAvailable"]),
        ("PodDisruptionBudget", "Max Unavailable") => budget(&spec["maxUnavailable"]),
        ("PodDisruptionBudget", "Allowed Disruptions") => number(&status["disruptionsAllowed"]),
        ("PriorityClass", "PreemptionPolicy") => text(&object["preemptionPolicy"]),
        ("PriorityClass", "Value") => number(&object["value"]),
        ("PriorityClass", "Global-Default") => (object["globalDefault"] == true).into(),
        ("StorageClass", "Provisioner") => text(&object["provisioner"]),
        ("StorageClass", "ReclaimPolicy") => text(&object["reclaimPolicy"]),
        ("StorageClass", "VolumeBindingMode") => text(&object["volumeBindingMode"]),
        ("StorageClass", "AllowVolumeExpansion") => (object["allowVolumeExpansion"] == true).into(),
        ("IngressClass", "Controller") => text(&spec["controller"]),
        ("RuntimeClass", "Handler") => text(&object["handler"]),
        _ => "<none>".into(),
    }
}

fn join_owned(values: impl Iterator<Item = String>) -> Value {
    let text = values.collect::<Vec<_>>().join(",");
    if text.is_empty() { "<none>".into() } else { text.into() }
}

fn external(object: &Value) -> Value {
    let spec = &object["spec"];
    if spec["type"] == "ExternalName" {
        return text(&spec["externalName"]);
    }
    let balanced = join(
        items(&object["status"]["loadBalancer"]["ingress"])
            .filter_map(|ingress| ingress["ip"].as_str().or_else(|| ingress["hostname"].as_str())),
    );
    if spec["type"] == "LoadBalancer" && balanced == "<none>" {
        "<pending>".into()
    } else if balanced == "<none>" {
        join(items(&spec["externalIPs"]).filter_map(Value::as_str))
    } else {
        balanced
    }
}

fn event(column: &str, object: &Value, now: jiff::Timestamp) -> Value {
    let target = if object["involvedObject"].is_object() { &object["involvedObject"] } else { &object["regarding"] };
    let first = |names: &[&str]| {
        names.iter().map(|name| &object[*name]).find(|value| !value.is_null()).cloned().unwrap_or(Value::Null)
    };
    match column {
        "Last Seen" => age(&first(&["lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp"]), now),
        "First Seen" => age(&first(&["firstTimestamp", "deprecatedFirstTimestamp", "eventTime"]), now),
        "Type" => text(&object["type"]),
        "Reason" => text(&object["reason"]),
        "Object" => format!(
            "{}/{}",
            target["kind"].as_str().unwrap_or_default().to_lowercase(),
            target["name"].as_str().unwrap_or_default()
        )
        .into(),
        "Subobject" => target["fieldPath"].as_str().unwrap_or_default().into(),
        "Source" => first(&["reportingComponent", "reportingController"])
            .as_str()
            .filter(|text| !text.is_empty())
            .or_else(|| object["source"]["component"].as_str())
            .unwrap_or_default()
            .into(),
        "Message" => first(&["message", "note"]).as_str().unwrap_or_default().trim().into(),
        "Count" => first(&["count", "deprecatedCount"]).as_i64().unwrap_or(1).into(),
        _ => "<none>".into(),
    }
}

fn pod_status(object: &Value) -> String {
    let status = &object["status"];
    let mut reason = status["reason"].as_str().or_else(|| status["phase"].as_str()).unwrap_or_default().to_owned();
    let mut running = false;
    for container in items(&status["containerStatuses"]) {
        let state = &container["state"];
        if let Some(waiting) = state["waiting"]["reason"].as_str() {
            waiting.clone_into(&mut reason);
        } else if let Some(ended) = state["terminated"].as_object() {
            reason = match ended.get("reason").and_then(Value::as_str) {
                Some(text) if !text.is_empty() => text.to_owned(),
                _ => format!("ExitCode:{}", ended.get("exitCode").and_then(Value::as_i64).unwrap_or(0)),
            };
        } else if container["ready"] == true && state["running"].is_object() {
            running = true;
        }
    }
    if reason == "Completed" && running {
        reason = "Running".into();
    }
    if meta::deleting(object) { "Terminating".into() } else { reason }
}

fn job_status(object: &Value) -> &'static str {
    let has = |kind: &str| {
        items(&object["status"]["conditions"])
            .any(|condition| condition["type"] == kind && condition["status"] == "True")
    };
    if has("Complete") {
        "Complete"
    } else if has("Failed") {
        "Failed"
    } else if meta::deleting(object) {
        "Terminating"
    } else if has("Suspended") {
        "Suspended"
    } else if has("FailureTarget") {
        "FailureTarget"
    } else if has("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

fn node_status(object: &Value) -> String {
    let ready = items(&object["status"]["conditions"]).find(|condition| condition["type"] == "Ready");
    let mut text = match ready.and_then(|condition| condition["status"].as_str()) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if object["spec"]["unschedulable"] == true {
        text.push_str(",SchedulingDisabled");
    }
    text
}
