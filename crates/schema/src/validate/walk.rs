//! Walks value and schema together: type, value validations, items, properties.

use serde_json::{Map, Value};

use super::outcome::Outcome;
use super::ratchet::Old;
use super::{combine, formats, numbers, strings};
use crate::error::FieldError;
use crate::node::{Additional, Arena, Kind, NodeData, NodeId};
use crate::path::{Path, field_text};

/// Checks `value` against the node, ratcheted by `old`.
pub(crate) fn check(arena: &Arena, id: NodeId, value: &Value, old: Old<'_>, path: &Path<'_>) -> Outcome {
    let outcome = check_all(arena, id, value, old, path);
    if !outcome.is_valid() && old.is_same(value) {
        return Outcome { errors: Vec::new(), matched: outcome.matched };
    }
    outcome
}

fn check_all(arena: &Arena, id: NodeId, value: &Value, old: Old<'_>, path: &Path<'_>) -> Outcome {
    let node = arena.get(id);
    let mut outcome = Outcome::default();
    if value.is_null() {
        if node.kind != Kind::Any && !node.nullable {
            outcome.add(wrong_type(path, node.kind.as_str(), "null"));
        } else {
            outcome.matched += 1;
        }
        enumeration(node, value, path, &mut outcome);
        return outcome;
    }
    type_of(node, value, path, &mut outcome);
    outcome.matched += 1;
    combine::check(arena, node, value, old, path, &mut outcome);
    match value {
        Value::String(text) => {
            strings::check(&node.checks, text, path, &mut outcome);
            formats::check(node, text, path, &mut outcome);
            outcome.matched += 1;
        }
        Value::Number(number) => {
            numbers::check(node, number, path, &mut outcome);
            outcome.matched += 2;
        }
        Value::Array(items) => array(arena, node, items, old, path, &mut outcome),
        _ => {}
    }
    enumeration(node, value, path, &mut outcome);
    outcome.matched += 1;
    if let Value::Object(object) = value {
        properties(arena, node, object, old, path, &mut outcome);
    }
    outcome.matched += 1;
    outcome
}

/// The JSON type of a value and, for numbers, the format it was decoded to.
fn name_of(value: &Value) -> (&'static str, &'static str) {
    match value {
        Value::Null => ("null", ""),
        Value::Bool(_) => ("boolean", ""),
        Value::String(_) => ("string", ""),
        Value::Number(number) if number.is_i64() => ("integer", "int64"),
        Value::Number(_) => ("number", "float64"),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
    }
}

fn type_of(node: &NodeData, value: &Value, path: &Path<'_>, outcome: &mut Outcome) {
    let format = match node.kind {
        Kind::IntOrString => "",
        _ => formats::supported(node).unwrap_or_default(),
    };
    if node.kind == Kind::Any && format.is_empty() {
        return;
    }
    let (found, found_format) = name_of(value);
    let wanted = node.kind.as_str();
    let accepted = match node.kind {
        Kind::IntOrString => matches!(found, "integer" | "string"),
        Kind::Any => false,
        _ => wanted == found,
    };
    let wants_integer = matches!(node.kind, Kind::Integer | Kind::IntOrString);
    let whole_float = found == "number" && wants_integer && numbers::is_json_integer(value);
    let int_as_number = found == "integer" && node.kind == Kind::Number;
    let text_or_list = matches!(value, Value::String(_) | Value::Array(_));
    let fits = accepted || found_format == format || whole_float || int_as_number;
    if !text_or_list && !format.is_empty() && !fits {
        return outcome.add(wrong_type(path, format, found_format));
    }
    if !matches!(node.kind, Kind::Number | Kind::Integer) && !format.is_empty() && text_or_list {
        outcome.matched += 1;
        return;
    }
    if accepted || whole_float || int_as_number {
        outcome.matched += 1;
    } else {
        outcome.add(wrong_type(path, wanted, found));
    }
}

fn wrong_type(path: &Path<'_>, wanted: &str, found: &str) -> FieldError {
    let place = path.to_string();
    let detail = format!("{place} in body must be of type {wanted}: \"{found}\"");
    FieldError::type_invalid(field_text(&place), Value::from(found), detail)
}

fn enumeration(node: &NodeData, value: &Value, path: &Path<'_>, outcome: &mut Outcome) {
    let allowed = &node.checks.enumeration;
    if allowed.is_empty() || allowed.iter().any(|allowed| numbers::equal(allowed, value)) {
        return;
    }
    let texts: Vec<String> = allowed
        .iter()
        .map(|allowed| match allowed {
            Value::String(text) => text.clone(),
            other => crate::go_text::json(other),
        })
        .collect();
    outcome.add(FieldError::not_supported(field_text(&path.to_string()), value.clone(), &texts));
}

fn array(arena: &Arena, node: &NodeData, items: &[Value], old: Old<'_>, path: &Path<'_>, outcome: &mut Outcome) {
    if let Some(schema) = node.items {
        for (index, item) in items.iter().enumerate() {
            let old = old.item(arena, node, item);
            outcome.merge(check(arena, schema, item, old, &Path::Index(path, index)));
        }
    }
    let size = items.len() as i64;
    let checks = &node.checks;
    if let Some(min) = checks.min_items.filter(|min| size < *min) {
        let place = path.to_string();
        let detail = format!("{place} in body should have at least {min} items");
        outcome.add(FieldError::invalid(field_text(&place), Value::from(size), detail));
    }
    if let Some(max) = checks.max_items.filter(|max| size > *max) {
        outcome.add(FieldError::too_many(field_text(&path.to_string()), size, max));
    }
    if checks.unique_items && has_duplicates(items) {
        let place = path.to_string();
        let detail = format!("{place} in body shouldn't contain duplicates");
        outcome.add(FieldError::invalid(field_text(&place), Value::from(""), detail));
    }
    outcome.matched += 1;
}

fn has_duplicates(items: &[Value]) -> bool {
    let mut seen = std::collections::HashSet::with_capacity(items.len());
    items.iter().any(|item| !seen.insert(item.to_string()))
}

fn properties(
    arena: &Arena,
    node: &NodeData,
    object: &Map<String, Value>,
    old: Old<'_>,
    path: &Path<'_>,
    outcome: &mut Outcome,
) {
    let checks = &node.checks;
    let size = object.len() as i64;
    if let Some(min) = checks.min_properties.filter(|min| size < *min) {
        let place = path.to_string();
        let detail = format!("{place} in body should have at least {min} properties");
        outcome.add(FieldError::invalid(field_text(&place), Value::from(size), detail));
    }
    if let Some(max) = checks.max_properties.filter(|max| size > *max) {
        outcome.add(FieldError::too_many(field_text(&path.to_string()), size, max));
    }
    for (name, value) in object {
        if let Some(property) = node.properties.get(name) {
            let hidden = matches!(path, Path::Root) && matches!(name.as_str(), "kind" | "apiVersion");
            let old = if hidden { Old::None } else { old.field(name) };
            outcome.merge(check(arena, *property, value, old, &Path::Field(path, name)));
            continue;
        }
        match node.additional {
            Additional::Schema(schema) => {
                outcome.merge(check(arena, schema, value, old.field(name), &Path::Entry(path, name)));
            }
            Additional::Forbidden => {
                let place = path.to_string();
                let detail = format!("{place}.{name} in body is a forbidden property");
                outcome.add(FieldError::invalid(field_text(&place), Value::from(name.as_str()), detail));
            }
            Additional::Unsaid | Additional::Allowed => {}
        }
    }
    for name in &checks.required {
        if !object.contains_key(name) {
            outcome.add(FieldError::required(field_text(&Path::Field(path, name).to_string()), ""));
        }
    }
    outcome.matched += 1;
}
