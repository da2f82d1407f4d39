//! What makes a schema structural: every part of a value has one place that says its type.

use super::SchemaProblem;
use super::keywords::child;
use crate::error::{ErrorKind, FieldError};
use crate::node::{Additional, Arena, Checks, Kind, ListType, NodeData, NodeId};
use crate::validate;

/// Checks the tree below `root`; that of a resource must be an object.
pub(crate) fn check(arena: &Arena, root: NodeId, resource: bool, problems: &mut Vec<SchemaProblem>) {
    Checker { arena, problems }.structure(root, "", resource);
}

struct Checker<'a> {
    arena: &'a Arena,
    problems: &'a mut Vec<SchemaProblem>,
}

impl Checker<'_> {
    fn problem(&mut self, path: &str, detail: impl Into<String>) {
        self.problems.push(SchemaProblem::invalid(path, detail));
    }

    fn required(&mut self, path: &str, detail: &str) {
        self.problems.push(SchemaProblem { kind: ErrorKind::Required, ..SchemaProblem::invalid(path, detail) });
    }

    fn structure(&mut self, id: NodeId, path: &str, resource: bool) {
        let arena = self.arena;
        let node = arena.get(id);
        if resource && node.kind != Kind::Object && node.kind != Kind::Any {
            self.problem(&child(path, "type"), "must be object at the root");
        } else if node.kind == Kind::Any && !node.preserve_unknown {
            self.required(&child(path, "type"), "must not be empty for specified object fields");
        }
        if !node.properties.is_empty()
            && node.additional != Additional::Unsaid
            && node.additional != Additional::Forbidden
        {
            self.problems.push(SchemaProblem::forbidden(
                child(path, "additionalProperties"),
                "additionalProperties and properties are mutual exclusive",
            ));
        }
        if node.embedded && node.kind != Kind::Object {
            self.problem(&child(path, "type"), "must be object if x-kubernetes-embedded-resource is true");
        }
        if node.embedded && !node.preserve_unknown && node.properties.is_empty() {
            self.problem(
                &child(path, "properties"),
                "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
            );
        }
        self.list(node, path);
        if node.map_type.is_some() && node.kind != Kind::Object {
            self.problem(&child(path, "type"), "must be object if x-kubernetes-map-type is specified");
        }
        for (name, property) in &node.properties {
            self.structure(*property, &format!("{}[{name}]", child(path, "properties")), false);
        }
        if let Some(items) = node.items {
            self.structure(items, &child(path, "items"), false);
        } else if node.kind == Kind::Array {
            self.required(&child(path, "items"), "must be specified");
        }
        if let Additional::Schema(entries) = node.additional {
            self.structure(entries, &child(path, "additionalProperties"), false);
        }
        self.junctors(&node.checks, id, path);
    }

    fn list(&mut self, node: &NodeData, path: &str) {
        if node.list_type.is_some() && node.kind != Kind::Array {
            self.problem(&child(path, "type"), "must be array if x-kubernetes-list-type is specified");
        }
        let keys_path = child(path, "x-kubernetes-list-map-keys");
        if node.list_type != Some(ListType::Map) {
            if !node.map_keys.is_empty() {
                self.problem(
                    &child(path, "x-kubernetes-list-type"),
                    "must be map if x-kubernetes-list-map-keys is non-empty",
                );
            }
            return;
        }
        if node.map_keys.is_empty() {
            self.problem(&keys_path, "must not be empty if x-kubernetes-list-type is map");
        }
        let Some(items) = node.items.map(|items| self.arena.get(items)) else {
            return;
        };
        if items.kind != Kind::Object {
            self.problem(
                &child(&child(path, "items"), "type"),
                "must be object if parent array's x-kubernetes-list-type is map",
            );
        }
        for (index, key) in node.map_keys.iter().enumerate() {
            match items.properties.get(key).map(|id| self.arena.get(*id)) {
                None => self.problem(
                    &keys_path,
                    format!("entries must all be names of item properties; \"{key}\" (entry {index}) is none"),
                ),
                Some(property) => {
                    if matches!(property.kind, Kind::Object | Kind::Array) {
                        self.problem(&keys_path, format!("property \"{key}\" must be a scalar to be a key"));
                    }
                    if property.default.is_none() && !items.checks.required.contains(key) {
                        self.problem(
                            &child(&child(path, "items"), &format!("properties[{key}].default")),
                            "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
                        );
                    }
                }
            }
        }
    }

    /// Inside `allOf`, `anyOf`, `oneOf` and `not` stand only value validations, on fields that the structure declares.
    fn junctors(&mut self, checks: &Checks, structure: NodeId, path: &str) {
        let groups = [("allOf", &checks.all_of), ("anyOf", &checks.any_of), ("oneOf", &checks.one_of)];
        for (key, branches) in groups {
            for (index, branch) in branches.iter().enumerate() {
                self.value_validation(*branch, Some(structure), &format!("{}[{index}]", child(path, key)));
            }
        }
        if let Some(not) = checks.not {
            self.value_validation(not, Some(structure), &child(path, "not"));
        }
    }

    fn value_validation(&mut self, id: NodeId, structure: Option<NodeId>, path: &str) {
        let arena = self.arena;
        let node = arena.get(id);
        let place = structure.map(|id| arena.get(id));
        let int_or_string = place.is_some_and(|place| place.kind == Kind::IntOrString);
        if node.kind != Kind::Any && !(int_or_string && matches!(node.kind, Kind::Integer | Kind::String)) {
            self.problem(&child(path, "type"), "must be empty to be structural");
        }
        let forbidden = [
            ("default", node.default.is_some()),
            ("nullable", node.nullable),
            ("additionalProperties", node.additional != Additional::Unsaid),
            ("title", node.title.is_some()),
            ("description", node.description.is_some()),
            ("x-kubernetes-preserve-unknown-fields", node.preserve_unknown),
            ("x-kubernetes-embedded-resource", node.embedded),
            ("x-kubernetes-list-type", node.list_type.is_some()),
            ("x-kubernetes-map-type", node.map_type.is_some()),
        ];
        for (key, present) in forbidden {
            if present {
                self.problem(&child(path, key), "must be undefined to be structural");
            }
        }
        for (name, property) in &node.properties {
            let place_path = format!("{}[{name}]", child(path, "properties"));
            let declared = place.and_then(|place| match place.properties.get(name) {
                Some(id) => Some(*id),
                None => match place.additional {
                    Additional::Schema(id) => Some(id),
                    _ => None,
                },
            });
            if declared.is_none() && !place.is_some_and(|place| place.preserve_unknown) {
                self.problem(&place_path, "must be declared in the structural part too");
            }
            self.value_validation(*property, declared, &place_path);
        }
        if let Some(items) = node.items {
            let declared = place.and_then(|place| place.items);
            if declared.is_none() && !place.is_some_and(|place| place.preserve_unknown) {
                self.problem(&child(path, "items"), "must be declared in the structural part too");
            }
            self.value_validation(items, declared, &child(path, "items"));
        }
        let checks = &node.checks;
        for (key, branches) in [("allOf", &checks.all_of), ("anyOf", &checks.any_of), ("oneOf", &checks.one_of)] {
            for (index, branch) in branches.iter().enumerate() {
                self.value_validation(*branch, structure, &format!("{}[{index}]", child(path, key)));
            }
        }
        if let Some(not) = checks.not {
            self.value_validation(not, structure, &child(path, "not"));
        }
    }
}

/// Every default must satisfy its own schema.
pub(crate) fn check_defaults(arena: &Arena, root: NodeId, problems: &mut Vec<SchemaProblem>) {
    let refused = refused_defaults(arena, root).into_iter();
    problems.extend(refused.map(|(place, error)| SchemaProblem::invalid(place, error.to_string())));
}

/// The defaults that their own schema refuses: the place of each, and why.
pub(crate) fn refused_defaults(arena: &Arena, root: NodeId) -> Vec<(String, FieldError)> {
    let mut refused = Vec::new();
    let mut stack = vec![(root, String::new())];
    while let Some((id, path)) = stack.pop() {
        let node = arena.get(id);
        if let Some(default) = &node.default {
            let mut filled = default.clone();
            crate::default::fill(arena, id, &mut filled);
            let errors = validate::value(arena, id, &filled).into_iter();
            refused.extend(errors.map(|error| (child(&path, "default"), error)));
        }
        for (name, property) in &node.properties {
            stack.push((*property, format!("{}[{name}]", child(&path, "properties"))));
        }
        if let Some(items) = node.items {
            stack.push((items, child(&path, "items")));
        }
        if let Additional::Schema(entries) = node.additional {
            stack.push((entries, child(&path, "additionalProperties")));
        }
    }
    refused
}
