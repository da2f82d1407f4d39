//! Pruning: takes out what the schema does not know, and nulls where null is not allowed.

use std::fmt::Write as _;

use serde_json::Value;

use crate::node::{Additional, Arena, NodeId};

const RESOURCE_FIELDS: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Removes unknown fields; the paths of what went are added to `dropped`.
pub(crate) fn unknown_fields(arena: &Arena, id: NodeId, value: &mut Value, dropped: &mut Vec<String>) {
    Pruner { arena, dropped, path: String::new() }.prune(Some(id), value);
}

struct Pruner<'a> {
    arena: &'a Arena,
    dropped: &'a mut Vec<String>,
    path: String,
}

impl Pruner<'_> {
    fn prune(&mut self, id: Option<NodeId>, value: &mut Value) {
        let Some(id) = id else {
            return self.prune_unknown(value);
        };
        let node = self.arena.get(id);
        if node.preserve_unknown {
            return self.keep(id, value);
        }
        match value {
            Value::Object(object) => object.retain(|name, child| {
                if node.embedded && RESOURCE_FIELDS.contains(&name.as_str()) {
                    return true;
                }
                if let Some(property) = node.properties.get(name) {
                    self.under(name, |pruner| pruner.prune(Some(*property), child));
                    return true;
                }
                match node.additional {
                    Additional::Schema(schema) => {
                        self.under(name, |pruner| pruner.prune(Some(schema), child));
                        true
                    }
                    Additional::Allowed | Additional::Forbidden => {
                        self.under(name, |pruner| pruner.prune(None, child));
                        true
                    }
                    Additional::Unsaid => {
                        self.drop_field(name);
                        false
                    }
                }
            }),
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.at(index, |pruner| pruner.prune(node.items, item));
                }
            }
            _ => {}
        }
    }

    /// Below a value without a schema every field of every object is unknown.
    fn prune_unknown(&mut self, value: &mut Value) {
        match value {
            Value::Object(object) => object.retain(|name, _| {
                self.drop_field(name);
                false
            }),
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.at(index, |pruner| pruner.prune_unknown(item));
                }
            }
            _ => {}
        }
    }

    /// Unknown fields stay, declared ones are pruned by their own schema.
    fn keep(&mut self, id: NodeId, value: &mut Value) {
        let node = self.arena.get(id);
        match value {
            Value::Object(object) => {
                for (name, child) in object.iter_mut() {
                    if node.embedded && RESOURCE_FIELDS.contains(&name.as_str()) {
                        continue;
                    }
                    if let Some(property) = node.properties.get(name) {
                        self.under(name, |pruner| pruner.prune(Some(*property), child));
                    } else if let Additional::Schema(schema) = node.additional {
                        self.under(name, |pruner| pruner.prune(Some(schema), child));
                    }
                }
            }
            Value::Array(items) => {
                if let Some(schema) = node.items {
                    for (index, item) in items.iter_mut().enumerate() {
                        self.at(index, |pruner| pruner.keep(schema, item));
                    }
                }
            }
            _ => {}
        }
    }

    fn under(&mut self, name: &str, step: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        step(self);
        self.path.truncate(length);
    }

    fn at(&mut self, index: usize, step: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        let _ = write!(self.path, "[{index}]");
        step(self);
        self.path.truncate(length);
    }

    fn drop_field(&mut self, name: &str) {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        self.dropped.push(path);
    }
}

/// Removes nulls from fields that are neither nullable nor have a default.
pub(crate) fn nulls(arena: &Arena, id: NodeId, value: &mut Value) {
    match value {
        Value::Object(object) => object.retain(|name, child| {
            let Some(schema) = arena.field(id, name) else {
                return true;
            };
            let node = arena.get(schema);
            if child.is_null() && !node.nullable && node.default.is_none() {
                return false;
            }
            nulls(arena, schema, child);
            true
        }),
        Value::Array(items) => {
            if let Some(schema) = arena.get(id).items {
                for item in items {
                    nulls(arena, schema, item);
                }
            }
        }
        _ => {}
    }
}
