//! Lists of type set and map hold each item or key once.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::error::FieldError;
use crate::node::{Additional, Arena, ListType, NodeData, NodeId};
use crate::path::{Path, field_text};

pub(crate) fn check(arena: &Arena, id: NodeId, value: &Value, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let node = arena.get(id);
    match value {
        Value::Object(object) => {
            for (name, child) in object {
                if let Some(property) = node.properties.get(name) {
                    check(arena, *property, child, &Path::Field(path, name), errors);
                } else if let Additional::Schema(schema) = node.additional {
                    check(arena, schema, child, &Path::Key(path, name), errors);
                }
            }
        }
        Value::Array(items) => {
            match node.list_type {
                Some(ListType::Set) => set(items, path, errors),
                Some(ListType::Map) => map(node, items, path, errors),
                _ => {}
            }
            if let Some(schema) = node.items {
                for (index, item) in items.iter().enumerate() {
                    check(arena, schema, item, &Path::Index(path, index), errors);
                }
            }
        }
        _ => {}
    }
}

fn place(path: &Path<'_>, index: usize) -> String {
    field_text(&Path::Index(path, index).to_string())
}

fn set(items: &[Value], path: &Path<'_>, errors: &mut Vec<FieldError>) {
    for index in second_appearances(items.iter()) {
        errors.push(FieldError::duplicate(place(path, index), items[index].clone()));
    }
}

fn map(node: &NodeData, items: &[Value], path: &Path<'_>, errors: &mut Vec<FieldError>) {
    if let Some((index, item)) = items.iter().enumerate().find(|(_, item)| !item.is_null() && !item.is_object()) {
        errors.push(FieldError::invalid(
            place(path, index),
            item.clone(),
            "must be an object for an array of list-type map",
        ));
        return;
    }
    let keys: Vec<Value> = items
        .iter()
        .map(|item| {
            let key: Map<String, Value> = node
                .map_keys
                .iter()
                .filter_map(|name| item.get(name).map(|value| (name.clone(), value.clone())))
                .collect();
            Value::Object(key)
        })
        .collect();
    for index in second_appearances(keys.iter()) {
        errors.push(FieldError::duplicate(place(path, index), keys[index].clone()));
    }
}

/// The index of the second appearance of each value that appears more than once.
fn second_appearances<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<usize> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut found = Vec::new();
    for (index, value) in values.enumerate() {
        let times = seen.entry(value.to_string()).or_default();
        *times += 1;
        if *times == 2 {
            found.push(index);
        }
    }
    found
}
