//! Reading and writing `metadata`.

use serde_json::{Map, Value};

/// The finalizer of foreground deletion.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer that frees dependents before the owner goes.
pub(crate) const ORPHAN: &str = "orphan";

/// `metadata`, made when it is absent or null.
pub(crate) fn of_mut(object: &mut Value) -> Option<&mut Map<String, Value>> {
    let map = object.as_object_mut()?;
    let metadata = map.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    if metadata.is_null() {
        *metadata = Value::Object(Map::new());
    }
    metadata.as_object_mut()
}

/// A string of `metadata`, empty when absent.
pub(crate) fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object["metadata"][key].as_str().unwrap_or_default()
}

/// A whole number of `metadata`.
pub(crate) fn number(object: &Value, key: &str) -> Option<i64> {
    object["metadata"][key].as_i64()
}

/// Sets or, with null, removes a field of `metadata`.
pub(crate) fn set(object: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(metadata) = of_mut(object) {
        let value = value.into();
        if value.is_null() {
            metadata.remove(key);
        } else {
            metadata.insert(key.to_owned(), value);
        }
    }
}

/// Copies a field of `metadata` from one object to another, removing it where it is absent.
pub(crate) fn copy(from: &Value, to: &mut Value, key: &str) {
    set(to, key, from["metadata"][key].clone());
}

/// `metadata.finalizers`.
pub(crate) fn finalizers(object: &Value) -> Vec<&str> {
    object["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Replaces `metadata.finalizers`.
pub(crate) fn set_finalizers(object: &mut Value, finalizers: &[String]) {
    let value = if finalizers.is_empty() {
        Value::Null
    } else {
        finalizers.iter().map(|name| Value::from(name.as_str())).collect()
    };
    set(object, "finalizers", value);
}

/// Whether the object is on its way out.
pub(crate) fn deleting(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// Drops what a client may send as null or empty in `metadata` but nobody stores.
pub(crate) fn tidy(object: &mut Value) {
    if let Some(metadata) = of_mut(object) {
        metadata.retain(|_, value| match value {
            Value::Null => false,
            Value::Object(map) => !map.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::String(text) => !text.is_empty(),
            _ => true,
        });
        metadata.remove("selfLink");
    }
}

/// A time as `metadata` holds it.
pub(crate) fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
