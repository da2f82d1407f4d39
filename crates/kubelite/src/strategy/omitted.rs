//! Fields of Kubernetes' own kinds that Go leaves out where they are false or zero: there, both say the same as nothing.

use serde_json::Value;

use super::pods;
use crate::kinds::Kind;

/// Kind and path.
const TABLE: &[(&str, &str)] = &[
    ("PriorityClass", "globalDefault"),
    ("Node", "spec.unschedulable"),
    ("Service", "spec.healthCheckNodePort"),
    ("Service", "spec.publishNotReadyAddresses"),
    ("Service", "spec.ports[].nodePort"),
    ("Deployment", "spec.minReadySeconds"),
    ("Deployment", "spec.paused"),
    ("ReplicaSet", "spec.minReadySeconds"),
    ("ReplicationController", "spec.minReadySeconds"),
    ("StatefulSet", "spec.minReadySeconds"),
    ("DaemonSet", "spec.minReadySeconds"),
];

/// Paths in a pod spec.
const POD: &[&str] = &[
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "volumes[].persistentVolumeClaim.readOnly",
    "volumes[].nfs.readOnly",
    "volumes[].iscsi.readOnly",
    "volumes[].fc.readOnly",
    "volumes[].flexVolume.readOnly",
];

/// Paths in a container.
const CONTAINER: &[&str] = &[
    "stdin",
    "stdinOnce",
    "tty",
    "ports[].hostPort",
    "volumeMounts[].readOnly",
    "livenessProbe.initialDelaySeconds",
    "readinessProbe.initialDelaySeconds",
    "startupProbe.initialDelaySeconds",
];

/// Takes them out.
pub(super) fn drop(kind: &Kind, object: &mut Value) {
    for (_, path) in TABLE.iter().filter(|(name, _)| *name == &*kind.kind) {
        take(object, path);
    }
    let Some(spec) = pods::spec_of(kind, object) else { return };
    POD.iter().for_each(|path| take(spec, path));
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            CONTAINER.iter().for_each(|path| take(container, path));
        }
    }
}

fn take(value: &mut Value, path: &str) {
    let Some(map) = value.as_object_mut() else { return };
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    if let Some(list) = step.strip_suffix("[]") {
        for item in map.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            take(item, rest);
        }
    } else if !rest.is_empty() {
        if let Some(inner) = map.get_mut(step) {
            take(inner, rest);
        }
    } else if map.get(step).is_some_and(|value| *value == false || value.as_i64() == Some(0)) {
        map.remove(step);
    }
}
