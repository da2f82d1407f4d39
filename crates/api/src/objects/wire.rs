//! The shape in which objects go over the wire.

use super::Resource;
use crate::problem::Problem;
use kube::core::DynamicObject;
use serde_json::{Map, Value};

/// Members of `metadata` that clients see. `generation` and `resourceVersion` are ours: with them a client can wait for
/// a change to be seen and can update without overwriting.
const METADATA: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "labels",
    "annotations",
    "generation",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// An object as clients see it.
pub(crate) fn to_wire(resource: &Resource, object: &DynamicObject) -> Result<Value, Problem> {
    let metadata = serde_json::to_value(&object.metadata).map_err(|error| Problem::internal(&error))?;
    let mut shown = Map::new();
    shown.insert("apiVersion".into(), "openchoreo.dev/v1alpha1".into());
    shown.insert("kind".into(), resource.kind().into());
    shown.insert("metadata".into(), public_metadata(metadata));
    for member in ["spec", "status"] {
        let value = object.data.get(member).cloned();
        match value {
            Some(value) => shown.insert(member.into(), value),
            None if member == "spec" || resource.status => shown.insert(member.into(), Value::Object(Map::new())),
            None => None,
        };
    }
    Ok(Value::Object(shown))
}

/// The members of `metadata` that clients see.
pub(crate) fn public_metadata(metadata: Value) -> Value {
    match metadata {
        Value::Object(members) => members.into_iter().filter(|(name, _)| METADATA.contains(&name.as_str())).collect(),
        other => other,
    }
}
