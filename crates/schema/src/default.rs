//! Defaulting: fills in what is absent, never changes what is there.

use serde_json::Value;

use crate::node::{Additional, Arena, NodeId};

/// Fills in defaults below `value`. A present object is entered, never merged with its own default; a null where null is not
/// allowed counts as absent. Nothing under `allOf`, `anyOf`, `oneOf` and `not` has a default.
pub(crate) fn fill(arena: &Arena, id: NodeId, value: &mut Value) {
    let node = arena.get(id);
    match value {
        Value::Object(object) => {
            for (name, property) in &node.properties {
                let schema = arena.get(*property);
                let Some(default) = &schema.default else {
                    continue;
                };
                let absent = match object.get(name) {
                    None => true,
                    Some(found) => found.is_null() && !schema.nullable,
                };
                if absent {
                    object.insert(name.clone(), default.clone());
                }
            }
            for (name, child) in object.iter_mut() {
                if let Some(property) = node.properties.get(name) {
                    fill(arena, *property, child);
                } else if let Additional::Schema(schema) = node.additional {
                    fill_entry(arena, schema, child);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = node.items {
                for item in items {
                    fill_entry(arena, schema, item);
                }
            }
        }
        _ => {}
    }
}

fn fill_entry(arena: &Arena, schema: NodeId, value: &mut Value) {
    let node = arena.get(schema);
    if value.is_null()
        && !node.nullable
        && let Some(default) = &node.default
    {
        *value = default.clone();
    }
    fill(arena, schema, value);
}
