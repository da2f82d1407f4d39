//! What an API server asks of every schema, structural or not.

use serde_json::Value;

use super::keywords::child;
use super::node::Found;
use super::{Problems, SchemaProblem};
use crate::node::{Additional, Arena, Kind, ListType, MapType, NodeData, NodeId};

/// Fields that every object has.
const META: [&str; 3] = ["metadata", "kind", "apiVersion"];

/// What is wrong with the schemas below `root`, each by itself.
pub(super) fn problems(arena: &Arena, root: NodeId, resource: bool, found: &Found) -> Vec<SchemaProblem> {
    let mut checker = Checker { arena, found, problems: Problems::default() };
    if resource && arena.get(root).nullable {
        checker.problems.forbidden("nullable".to_owned(), "nullable cannot be true at the root");
    }
    checker.schema(root, "", resource, Around::default());
    checker.problems.0
}

/// What a schema stands in.
#[derive(Debug, Default, Clone)]
struct Around {
    /// Whether that is the metadata of an object.
    metadata: bool,
    /// Why there can be no defaults.
    no_defaults: Option<String>,
}

struct Checker<'a> {
    arena: &'a Arena,
    found: &'a Found,
    problems: Problems,
}

impl Checker<'_> {
    fn schema(&mut self, id: NodeId, path: &str, root: bool, around: Around) {
        let node = self.arena.get(id);
        if let (Some(_), Some(why)) = (&node.default, &around.no_defaults) {
            self.problems.forbidden(child(path, "default"), &format!("must not be set {why}"));
        }
        if around.metadata && node.embedded {
            self.problems
                .forbidden(child(path, "x-kubernetes-embedded-resource"), "must not be used inside of resource meta");
        }
        if node.checks.unique_items {
            let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.problems.forbidden(child(path, "uniqueItems"), detail);
        }
        if !node.properties.is_empty() && matches!(node.additional, Additional::Schema(_) | Additional::Forbidden) {
            let detail = "additionalProperties and properties are mutual exclusive";
            self.problems.forbidden(child(path, "additionalProperties"), detail);
        }
        self.merging(id, node, path);
        self.below(node, path, root, around);
    }

    /// The schemas inside this one.
    fn below(&mut self, node: &NodeData, path: &str, root: bool, around: Around) {
        if let Additional::Schema(entries) = node.additional {
            let mut around = around.clone();
            if around.metadata {
                around.no_defaults = Some("inside additionalProperties applying to object metadata".to_owned());
            }
            self.schema(entries, &child(path, "additionalProperties"), false, around);
        }
        for (name, property) in &node.properties {
            let mut around = around.clone();
            if (root || node.embedded) && META.contains(&&**name) {
                around.metadata = true;
                if root {
                    around.no_defaults = Some(format!("in top-level {name}"));
                }
            }
            self.schema(*property, &format!("{}[{name}]", child(path, "properties")), false, around);
        }
        let checks = &node.checks;
        if let Some(not) = checks.not {
            self.schema(not, &child(path, "not"), false, around.clone());
        }
        for (key, branches) in [("allOf", &checks.all_of), ("oneOf", &checks.one_of), ("anyOf", &checks.any_of)] {
            for (index, branch) in branches.iter().enumerate() {
                self.schema(*branch, &format!("{}[{index}]", child(path, key)), false, around.clone());
            }
        }
        if let Some(items) = node.items {
            self.schema(items, &child(path, "items"), false, around);
        }
    }

    /// How lists and maps merge.
    fn merging(&mut self, id: NodeId, node: &NodeData, path: &str) {
        let said = self.found.said(self.arena, id);
        for (keyword, present, wanted) in [
            ("x-kubernetes-map-type", node.map_type.is_some(), "object"),
            ("x-kubernetes-list-type", node.list_type.is_some(), "array"),
        ] {
            if present && said != wanted {
                let (place, detail) = (child(path, "type"), format!("must be {wanted} if {keyword} is specified"));
                match said {
                    "" => self.problems.required(place, &detail),
                    said => self.problems.refused(place, said, &detail),
                }
            }
        }
        let list_type = child(path, "x-kubernetes-list-type");
        match node.list_type {
            _ if node.map_keys.is_empty() => {}
            None => self.problems.required(list_type, "must be map if x-kubernetes-list-map-keys is non-empty"),
            Some(ListType::Map) => {}
            Some(other) => {
                self.problems.refused(
                    list_type,
                    other.as_str(),
                    "must be map if x-kubernetes-list-map-keys is non-empty",
                );
            }
        }
        match node.list_type {
            Some(ListType::Set) => self.set(node, path),
            Some(ListType::Map) => self.map(node, path),
            _ => {}
        }
        if let (Some(kind @ (ListType::Set | ListType::Map)), Some(items)) = (node.list_type, node.items)
            && self.arena.get(items).nullable
        {
            let detail = format!("cannot be nullable when x-kubernetes-list-type is {}", kind.as_str());
            self.problems.forbidden(child(&child(path, "items"), "nullable"), &detail);
        }
    }

    /// The items of a set have one owner each.
    fn set(&mut self, node: &NodeData, path: &str) {
        let Some(items) = node.items.map(|items| self.arena.get(items)).filter(|_| node.kind == Kind::Array) else {
            return;
        };
        // A server shows the list type of the items in both cases.
        let shown = items.list_type.map_or(Value::Null, |kind| kind.as_str().into());
        let place = child(path, "items");
        let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
        match items.kind {
            Kind::Array if items.list_type.is_some_and(|kind| kind != ListType::Atomic) => {
                self.problems.refused(child(&place, "x-kubernetes-list-type"), shown, detail);
            }
            Kind::Object if items.map_type != Some(MapType::Atomic) => {
                self.problems.refused(child(&place, "x-kubernetes-map-type"), shown, detail);
            }
            _ => {}
        }
    }

    /// The items of a map are objects that have the keys.
    fn map(&mut self, node: &NodeData, path: &str) {
        let keys_path = child(path, "x-kubernetes-list-map-keys");
        if node.map_keys.is_empty() {
            self.problems.required(keys_path.clone(), "must not be empty if x-kubernetes-list-type is map");
        }
        let items_path = child(path, "items");
        let Some(items_id) = node.items else {
            return self.problems.required(items_path, "must have a schema if x-kubernetes-list-type is map");
        };
        let (arena, said) = (self.arena, self.found.said(self.arena, items_id));
        let items = arena.get(items_id);
        if said != "object" {
            let detail = "must be object if parent array's x-kubernetes-list-type is map";
            self.problems.refused(child(&items_path, "type"), said, detail);
        }
        for (index, key) in node.map_keys.iter().enumerate() {
            let property_path = format!("{}[{key}]", child(&items_path, "properties"));
            let property = items.properties.get(key).map(|id| arena.get(*id));
            if said == "object" {
                let keys = || Value::from(node.map_keys.clone());
                match property.map(|property| property.kind) {
                    None => {
                        self.problems.refused(
                            keys_path.clone(),
                            keys(),
                            "entries must all be names of item properties",
                        );
                    }
                    Some(Kind::Array | Kind::Object) => {
                        let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                        self.problems.refused(child(&property_path, "type"), said, detail);
                    }
                    Some(_) => {}
                }
                if node.map_keys[..index].contains(key) {
                    self.problems.refused(keys_path.clone(), keys(), "must not contain duplicate entries");
                }
            }
            let Some(property) = property else { continue };
            if property.default.is_none() && !items.checks.required.contains(key) {
                self.problems.required(
                    child(&property_path, "default"),
                    "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
                );
            }
            if property.nullable {
                let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
                self.problems.forbidden(child(&property_path, "nullable"), detail);
            }
        }
    }
}
