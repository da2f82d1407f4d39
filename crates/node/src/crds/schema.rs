//! Small pieces that the schemas are put together from.
#![allow(clippy::needless_pass_by_value, reason = "parts are made to be put in")]

use serde_json::{Map, Value, json};

/// An object with these properties and required names.
pub(super) fn object<const N: usize>(required: &[&str], properties: [(&str, Value); N]) -> Value {
    let properties: Map<String, Value> =
        properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The whole object: `apiVersion`, `kind` and `metadata` beside the given properties.
pub(super) fn root(required: &[&str], spec: Value, status: Option<Value>) -> Value {
    let mut schema = object(
        required,
        [("apiVersion", string()), ("kind", string()), ("metadata", json!({"type": "object"})), ("spec", spec)],
    );
    if let Some(status) = status {
        schema["properties"]["status"] = status;
    }
    schema
}

pub(super) fn string() -> Value {
    json!({"type": "string"})
}

/// A string of limited length.
pub(super) fn text(shortest: u32, longest: u32) -> Value {
    json!({"type": "string", "minLength": shortest, "maxLength": longest})
}

/// A string of at most this length.
pub(super) fn at_most(longest: u32) -> Value {
    json!({"type": "string", "maxLength": longest})
}

/// A string of limited length that follows a pattern.
pub(super) fn matching(shortest: u32, longest: u32, pattern: &str) -> Value {
    json!({"type": "string", "minLength": shortest, "maxLength": longest, "pattern": pattern})
}

pub(super) fn one_of(values: &[&str]) -> Value {
    json!({"type": "string", "enum": values})
}

pub(super) fn boolean() -> Value {
    json!({"type": "boolean"})
}

pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// A 32-bit integer in a range.
pub(super) fn int32(lowest: Option<i64>, highest: Option<i64>) -> Value {
    let mut schema = json!({"type": "integer", "format": "int32"});
    if let Some(lowest) = lowest {
        schema["minimum"] = json!(lowest);
    }
    if let Some(highest) = highest {
        schema["maximum"] = json!(highest);
    }
    schema
}

/// The same schema with a default.
pub(super) fn default(mut schema: Value, value: Value) -> Value {
    schema["default"] = value;
    schema
}

/// A list without a list type.
pub(super) fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// A list that is replaced as a whole, of at most `most` items.
pub(super) fn atomic(most: u32, items: Value) -> Value {
    json!({"type": "array", "maxItems": most, "x-kubernetes-list-type": "atomic", "items": items})
}

/// A list of distinct values.
pub(super) fn set(most: u32, items: Value) -> Value {
    json!({"type": "array", "maxItems": most, "x-kubernetes-list-type": "set", "items": items})
}

/// A list of objects told apart by one key.
pub(super) fn keyed(key: &str, most: u32, items: Value) -> Value {
    json!({
        "type": "array", "maxItems": most, "items": items,
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key],
    })
}

/// The same list, not empty.
pub(super) fn non_empty(mut schema: Value) -> Value {
    schema["minItems"] = json!(1);
    schema
}

/// A map from names to values.
pub(super) fn map(values: Value) -> Value {
    json!({"type": "object", "additionalProperties": values})
}

/// Something that the node does not act on: kept as it came.
pub(super) fn opaque() -> Value {
    json!({"x-kubernetes-preserve-unknown-fields": true})
}

/// The same object, keeping what it does not declare.
pub(super) fn open(mut schema: Value) -> Value {
    schema["x-kubernetes-preserve-unknown-fields"] = json!(true);
    schema
}

/// The same schema with one rule in the Common Expression Language.
pub(super) fn rule(mut schema: Value, rule: &str, message: &str) -> Value {
    let rules =
        schema.as_object_mut().map(|schema| schema.entry("x-kubernetes-validations").or_insert_with(|| json!([])));
    if let Some(Value::Array(rules)) = rules {
        rules.push(json!({"rule": rule, "message": message}));
    }
    schema
}

/// `metav1.Condition` lists as Gateway API declares them.
pub(super) fn conditions(most: u32) -> Value {
    keyed(
        "type",
        most,
        object(
            &["lastTransitionTime", "message", "reason", "status", "type"],
            [
                ("lastTransitionTime", time()),
                ("message", at_most(32_768)),
                ("observedGeneration", json!({"type": "integer", "format": "int64", "minimum": 0})),
                ("reason", matching(1, 1024, "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")),
                ("status", one_of(&["True", "False", "Unknown"])),
                (
                    "type",
                    json!({
                        "type": "string", "maxLength": 316,
                        "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
                    }),
                ),
            ],
        ),
    )
}

pub(super) const DNS_LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
pub(super) const DNS_NAME: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
