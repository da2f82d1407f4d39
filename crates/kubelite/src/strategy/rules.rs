//! Rules of Kubernetes' own kinds that their schemas cannot say.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{cause, pods};
use crate::{
    kinds::Kind,
    object::{label_selector::LabelSelector, meta, names},
    status::Cause,
};

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

/// Field errors.
pub(super) fn check(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut causes = Vec::new();
    if let Some(old) = old {
        immutable(kind, object, old, &mut causes);
    }
    match &*kind.kind {
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "ReplicationController" => {
            workload(kind, object, &mut causes);
        }
        "Service" => service(object, old, &mut causes),
        "ConfigMap" | "Secret" => keys(object, &mut causes),
        "CronJob" if object["spec"]["schedule"].as_str().is_none_or(str::is_empty) => {
            causes.push(cause("FieldValueRequired", "spec.schedule", "Required value"));
        }
        _ => {}
    }
    let mut copy = object.clone();
    if let Some(spec) = pods::spec_of(kind, &mut copy) {
        pod(kind, spec, &mut causes);
    }
    causes
}

fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(object, |value, step| &value[step])
}

fn immutable(kind: &Kind, object: &Value, old: &Value, causes: &mut Vec<Cause>) {
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

fn workload(kind: &Kind, object: &Value, causes: &mut Vec<Cause>) {
    let spec = &object["spec"];
    if spec["replicas"].as_i64().is_some_and(|replicas| replicas < 0) {
        causes.push(cause(
            "FieldValueInvalid",
            "spec.replicas",
            format!("Invalid value: {}: must be greater than or equal to 0", spec["replicas"]),
        ));
    }
    if &*kind.kind == "ReplicationController" {
        return;
    }
    let selector = LabelSelector::from_value(&spec["selector"]);
    if selector.is_empty() {
        causes.push(cause(
            "FieldValueInvalid",
            "spec.selector",
            format!("Invalid value: {}: empty selector is invalid for {}", spec["selector"], kind.kind.to_lowercase()),
        ));
        return;
    }
    let labels: BTreeMap<String, String> = spec["template"]["metadata"]["labels"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    if !selector.matches(&labels) {
        let shown = labels.iter().map(|(key, value)| format!("{key:?}:{value:?}")).collect::<Vec<_>>().join(", ");
        let message =
            format!("Invalid value: map[string]string{{{shown}}}: `selector` does not match template `labels`");
        causes.push(cause("FieldValueInvalid", "spec.template.metadata.labels", message));
    }
    let policy = &spec["template"]["spec"]["restartPolicy"];
    if policy.as_str().is_some_and(|policy| policy != "Always") {
        causes.push(cause(
            "FieldValueNotSupported",
            "spec.template.spec.restartPolicy",
            format!("Unsupported value: {policy}: supported values: \"Always\""),
        ));
    }
}

fn prefix(kind: &Kind) -> &'static str {
    match &*kind.kind {
        "Pod" => "spec",
        "CronJob" => "spec.jobTemplate.spec.template.spec",
        "PodTemplate" => "template.spec",
        _ => "spec.template.spec",
    }
}

fn pod(kind: &Kind, spec: &Value, causes: &mut Vec<Cause>) {
    let at = prefix(kind);
    if matches!(&*kind.kind, "Job" | "CronJob") && spec["restartPolicy"] == "Always" {
        let message = "Unsupported value: \"Always\": supported values: \"OnFailure\", \"Never\"";
        causes.push(cause("FieldValueNotSupported", format!("{at}.restartPolicy"), message));
    }
    let volumes: Vec<&str> =
        spec["volumes"].as_array().into_iter().flatten().filter_map(|volume| volume["name"].as_str()).collect();
    if spec["containers"].as_array().is_none_or(Vec::is_empty) {
        causes.push(cause("FieldValueRequired", format!("{at}.containers"), "Required value"));
    }
    for list in ["initContainers", "containers"] {
        let mut seen = Vec::new();
        for (index, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            let at = format!("{at}.{list}[{index}]");
            let name = container["name"].as_str().unwrap_or_default();
            if name.is_empty() {
                causes.push(cause("FieldValueRequired", format!("{at}.name"), "Required value"));
            } else {
                for problem in names::label(name) {
                    causes.push(cause(
                        "FieldValueInvalid",
                        format!("{at}.name"),
                        format!("Invalid value: {name:?}: {problem}"),
                    ));
                }
            }
            if seen.contains(&name) {
                causes.push(cause("FieldValueDuplicate", format!("{at}.name"), format!("Duplicate value: {name:?}")));
            }
            seen.push(name);
            if container["image"].as_str().is_none_or(str::is_empty)
                && matches!(
                    &*kind.kind,
                    "Pod" | "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob"
                )
            {
                causes.push(cause("FieldValueRequired", format!("{at}.image"), "Required value"));
            }
            for (number, mount) in container["volumeMounts"].as_array().into_iter().flatten().enumerate() {
                let wanted = mount["name"].as_str().unwrap_or_default();
                let claimed = spec["volumeClaimTemplates"].is_array() || &*kind.kind == "StatefulSet";
                if !volumes.contains(&wanted) && !claimed {
                    causes.push(cause(
                        "FieldValueNotFound",
                        format!("{at}.volumeMounts[{number}].name"),
                        format!("Not found: {wanted:?}"),
                    ));
                }
            }
            for (number, port) in container["ports"].as_array().into_iter().flatten().enumerate() {
                if let Some(problem) = bad_port(&port["containerPort"]) {
                    causes.push(cause("FieldValueInvalid", format!("{at}.ports[{number}].containerPort"), problem));
                }
            }
        }
    }
}

fn bad_port(value: &Value) -> Option<String> {
    let number = value.as_i64()?;
    (!(1..=65535).contains(&number)).then(|| format!("Invalid value: {number}: must be between 1 and 65535, inclusive"))
}

fn service(object: &Value, old: Option<&Value>, causes: &mut Vec<Cause>) {
    let spec = &object["spec"];
    let ports: Vec<&Value> = spec["ports"].as_array().into_iter().flatten().collect();
    if ports.is_empty() && spec["clusterIP"] != "None" && spec["type"] != "ExternalName" {
        causes.push(cause("FieldValueRequired", "spec.ports", "Required value"));
    }
    let mut names = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let at = format!("spec.ports[{index}]");
        let name = port["name"].as_str().unwrap_or_default();
        if name.is_empty() && ports.len() > 1 {
            causes.push(cause("FieldValueRequired", format!("{at}.name"), "Required value"));
        } else if !name.is_empty() && names.contains(&name) {
            causes.push(cause("FieldValueDuplicate", format!("{at}.name"), format!("Duplicate value: {name:?}")));
        }
        names.push(name);
        if let Some(problem) = bad_port(&port["port"]) {
            causes.push(cause("FieldValueInvalid", format!("{at}.port"), problem));
        }
    }
    if spec["type"] == "ExternalName" && spec["externalName"].as_str().is_none_or(str::is_empty) {
        causes.push(cause("FieldValueRequired", "spec.externalName", "Required value"));
    }
    if let Some(old) = old
        && old["spec"]["type"] != "ExternalName"
        && spec["type"] != "ExternalName"
        && old["spec"]["clusterIP"] != spec["clusterIP"]
    {
        causes.push(cause(
            "FieldValueInvalid",
            "spec.clusterIPs[0]",
            format!("Invalid value: [{}]: may not change once set", spec["clusterIP"]),
        ));
    }
}

fn keys(object: &Value, causes: &mut Vec<Cause>) {
    for field in ["data", "binaryData"] {
        for key in object[field].as_object().into_iter().flatten().map(|(key, _)| key) {
            let fine = !key.is_empty()
                && key.len() <= 253
                && key != "."
                && !key.starts_with("..")
                && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
            if !fine {
                let message = format!(
                    "Invalid value: {key:?}: a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or \
                     'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                );
                causes.push(cause("FieldValueInvalid", format!("{field}[{key}]"), message));
            }
        }
    }
}
