//! The keywords of a schema object.

use serde_json::Value;

use super::{MAX_DEPTH, SchemaProblem};

/// Keywords that a Kubernetes schema object has fields for.
const KNOWN: [&str; 47] = [
    "$ref",
    "$schema",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "definitions",
    "dependencies",
    "description",
    "enum",
    "example",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "externalDocs",
    "format",
    "id",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "nullable",
    "oneOf",
    "pattern",
    "patternProperties",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-group-version-kind",
];

/// The keywords nobody reads, with their places: what a strict decoder refuses. `x-…` keys other than `x-kubernetes-…` are
/// vendor extensions and pass.
pub fn unknown_keywords(schema: &Value) -> Vec<SchemaProblem> {
    let mut problems = Vec::new();
    walk(schema, "", 0, &mut problems);
    problems
}

fn walk(schema: &Value, path: &str, depth: usize, problems: &mut Vec<SchemaProblem>) {
    let Value::Object(object) = schema else {
        return;
    };
    if depth > MAX_DEPTH {
        return;
    }
    for key in object.keys() {
        let vendor = key.starts_with("x-") && !key.starts_with("x-kubernetes-");
        if !vendor && !KNOWN.contains(&key.as_str()) {
            problems.push(SchemaProblem::invalid(child(path, key), format!("unknown keyword \"{key}\"")));
        }
    }
    for key in ["properties", "patternProperties", "definitions"] {
        if let Some(Value::Object(children)) = object.get(key) {
            for (name, property) in children {
                walk(property, &format!("{}[{name}]", child(path, key)), depth + 1, problems);
            }
        }
    }
    for key in ["items", "additionalProperties", "not"] {
        if let Some(inner) = object.get(key) {
            walk(inner, &child(path, key), depth + 1, problems);
        }
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        if let Some(Value::Array(branches)) = object.get(key) {
            for (index, branch) in branches.iter().enumerate() {
                walk(branch, &format!("{}[{index}]", child(path, key)), depth + 1, problems);
            }
        }
    }
}

pub(crate) fn child(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
