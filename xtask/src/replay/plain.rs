//! Objects without what differs from run to run: times, revisions, generations, zero values.

use super::names::Names;
use model::annotations;
use serde_json::{Map, Value, json};

/// Members of `metadata` that tell nothing about behaviour.
const DROPPED: [&str; 5] = ["creationTimestamp", "resourceVersion", "managedFields", "selfLink", "generation"];
/// Annotations that are kubectl's, the node's, or listed as a difference.
const NOTES: [&str; 3] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    annotations::APPLIED_HASH,
];
/// Addresses that the server chooses.
const CHOSEN: [&str; 3] = ["clusterIP", "clusterIPs", "nodePort"];
/// Revisions of a StatefulSet: their hashes are the node's.
const REVISIONS: [&str; 2] = ["currentRevision", "updateRevision"];
/// Reasons whose message is the error text of an engine.
const ERROR_TEXTS: [&str; 6] = [
    "RenderingFailed",
    "ApplyFailed",
    "ResourceApplyFailed",
    "AutoDeployFailed",
    "ReleaseUpdateFailed",
    "CleanupFailed",
];

/// What is compared of an object. `names` turns ours into recorded words; recorded objects need none.
pub(crate) fn object(object: &Value, names: Option<&Names>) -> Value {
    let mut value = object.clone();
    let generation = value["metadata"]["generation"].as_i64();
    if let Some(meta) = value["metadata"].as_object_mut() {
        for name in DROPPED {
            meta.remove(name);
        }
        if let Some(notes) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
            notes.retain(|key, _| !NOTES.contains(&key.as_str()));
        }
        if let Some(own) = meta.get_mut("labels").and_then(Value::as_object_mut) {
            own.remove("kubernetes.io/metadata.name");
        }
        for time in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
            meta.remove(time);
        }
    }
    if value["kind"] == "Service"
        && let Some(spec) = value["spec"].as_object_mut()
    {
        spec.retain(|key, _| !CHOSEN.contains(&key.as_str()));
    }
    if let Some(status) = value.get_mut("status") {
        relative(status, generation);
    }
    tidy(&mut value, names);
    value
}

/// The spec alone, for finding equal releases.
pub(crate) fn spec(object: &Value) -> Value {
    let mut spec = object["spec"].clone();
    tidy(&mut spec, None);
    spec
}

/// The status alone, for telling whether a report is up to date.
pub(crate) fn status(object: &Value) -> Value {
    let mut status = object["status"].clone();
    tidy(&mut status, None);
    status
}

/// Takes hashes over uids away, wherever they are.
pub(crate) fn drop_resource_hashes(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove(annotations::DATA_PLANE_RESOURCE_HASH);
            map.values_mut().for_each(drop_resource_hashes);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_resource_hashes),
        _ => {}
    }
}

/// How far a status lags behind its object; nothing when it does not.
fn relative(status: &mut Value, generation: Option<i64>) {
    match status {
        Value::Object(map) => {
            if let Some(observed) = map.get("observedGeneration").and_then(Value::as_i64) {
                match generation.map(|generation| generation - observed) {
                    Some(lag) if lag != 0 => {
                        drop(map.insert("observedGeneration".into(), json!(format!("{lag} behind"))));
                    }
                    _ => drop(map.remove("observedGeneration")),
                }
            }
            if map.get("reason").and_then(Value::as_str).is_some_and(|reason| ERROR_TEXTS.contains(&reason)) {
                map.insert("message".into(), "<error text>".into());
            }
            // What planes report of their objects counts their generations.
            let foreign = map.contains_key("healthStatus");
            map.values_mut().for_each(|value| relative(value, if foreign { None } else { generation }));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| relative(item, generation)),
        _ => {}
    }
}

/// Times and names in recorded words; members that are empty or zero go.
fn tidy(value: &mut Value, names: Option<&Names>) {
    match value {
        Value::String(text) => {
            if is_time(text) {
                "<time>".clone_into(text);
            } else if let Some(names) = names {
                *text = names.in_recorded_words(text);
            }
            *text = without_set_hash(text);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| tidy(item, names)),
        Value::Object(map) => {
            let mut tidied = Map::new();
            for (key, mut value) in std::mem::take(map) {
                tidy(&mut value, names);
                if REVISIONS.contains(&key.as_str())
                    && let Value::String(text) = &mut value
                    && let Some((set, _)) = text.rsplit_once('-')
                {
                    *text = set.to_owned();
                }
                if !is_zero(&value) {
                    tidied.insert(names.map_or(key.clone(), |names| names.in_recorded_words(&key)), value);
                }
            }
            *map = tidied;
        }
        _ => {}
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 20 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[10] == b'T' && bytes.ends_with(b"Z")
}

/// `ReplicaSet "name-5b96cdf8f8" has …`: ReplicaSets are the node's.
fn without_set_hash(text: &str) -> String {
    let Some((before, rest)) = text.split_once("ReplicaSet \"") else { return text.to_owned() };
    match rest.split_once('"').and_then(|(name, after)| Some((name.rsplit_once('-')?.0, after))) {
        Some((name, after)) => format!("{before}ReplicaSet \"{name}\"{after}"),
        None => text.to_owned(),
    }
}
