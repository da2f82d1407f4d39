//! Objects inside objects: `x-kubernetes-embedded-resource` values have an apiVersion, a kind and sane metadata.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::error::FieldError;
use crate::node::{Additional, Arena, NodeId};
use crate::path::{Path, field_text};

static DNS_LABEL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$").expect("a fixed pattern"));

const DNS_LABEL_RULE: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/// Checks embedded resources below the node; the root object itself is the caller's to check.
pub(crate) fn check(
    arena: &Arena,
    id: NodeId,
    value: &Value,
    path: &Path<'_>,
    root: bool,
    errors: &mut Vec<FieldError>,
) {
    let node = arena.get(id);
    match value {
        Value::Object(object) => {
            if node.embedded && !root {
                resource(object, path, errors);
            }
            for (name, child) in object {
                if let Some(property) = node.properties.get(name) {
                    check(arena, *property, child, &Path::Field(path, name), false, errors);
                } else if let Additional::Schema(schema) = node.additional {
                    check(arena, schema, child, &Path::Key(path, name), false, errors);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = node.items {
                for (index, item) in items.iter().enumerate() {
                    check(arena, schema, item, &Path::Index(path, index), false, errors);
                }
            }
        }
        _ => {}
    }
}

fn resource(object: &Map<String, Value>, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let place = |name: &str| field_text(&Path::Field(path, name).to_string());
    match object.get("apiVersion") {
        None => errors.push(FieldError::required(place("apiVersion"), "")),
        Some(Value::String(text)) if text.is_empty() => {
            errors.push(FieldError::invalid(place("apiVersion"), Value::from(""), "must not be empty"));
        }
        Some(Value::String(text)) if text.matches('/').count() > 1 => {
            let detail = format!("unexpected GroupVersion string: {text}");
            errors.push(FieldError::invalid(place("apiVersion"), Value::from(text.as_str()), detail));
        }
        Some(Value::String(_)) => {}
        Some(other) => errors.push(FieldError::invalid(place("apiVersion"), other.clone(), "must be a string")),
    }
    match object.get("kind") {
        None => errors.push(FieldError::required(place("kind"), "")),
        Some(Value::String(text)) if text.is_empty() => {
            errors.push(FieldError::invalid(place("kind"), Value::from(""), "must not be empty"));
        }
        Some(Value::String(text)) if !DNS_LABEL.is_match(&text.to_lowercase()) => {
            let detail = format!("may have mixed case, but should otherwise match: {DNS_LABEL_RULE}");
            errors.push(FieldError::invalid(place("kind"), Value::from(text.as_str()), detail));
        }
        Some(Value::String(_)) => {}
        Some(other) => errors.push(FieldError::invalid(place("kind"), other.clone(), "must be a string")),
    }
    if let Some(metadata) = object.get("metadata")
        && let Some(detail) = metadata_problem(metadata)
    {
        errors.push(FieldError::invalid(place("metadata"), metadata.clone(), detail));
    }
}

/// What keeps a value from being object metadata.
fn metadata_problem(metadata: &Value) -> Option<String> {
    let Value::Object(metadata) = metadata else {
        return Some("must be an object".to_owned());
    };
    for name in ["name", "generateName", "namespace", "uid", "resourceVersion"] {
        if metadata.get(name).is_some_and(|value| !value.is_string() && !value.is_null()) {
            return Some(format!("{name} must be a string"));
        }
    }
    for name in ["labels", "annotations"] {
        let fits = match metadata.get(name) {
            None | Some(Value::Null) => true,
            Some(Value::Object(entries)) => entries.values().all(Value::is_string),
            Some(_) => false,
        };
        if !fits {
            return Some(format!("{name} must be a map of strings"));
        }
    }
    None
}
