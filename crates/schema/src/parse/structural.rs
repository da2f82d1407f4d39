//! What makes a schema structural: every part of a value has one place that says its type.

use super::keywords::child;
use super::node::Found;
use super::{Problems, SchemaProblem, complete};
use crate::node::{Additional, Arena, Kind, NodeId};

/// What keeps the tree below `root` from being structural, in the order of an API server; that of a resource must be an object.
pub(super) fn problems(arena: &Arena, root: NodeId, resource: bool, found: &Found) -> Vec<SchemaProblem> {
    let mut problems = Problems::default();
    let level = if resource { Level::Root } else { Level::Field };
    Checker { arena, found, problems: &mut problems }.structure(root, level, "");
    let mut problems = problems.0;
    complete::problems(arena, root, &mut problems);
    problems.sort_by_cached_key(ToString::to_string);
    problems
}

/// Where a schema stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// It is that of a resource.
    Root,
    /// It is that of the items of a list.
    Item,
    /// It is that of a field or of the entries of a map.
    Field,
}

struct Checker<'a> {
    arena: &'a Arena,
    found: &'a Found,
    problems: &'a mut Problems,
}

impl Found {
    /// The type that a node says, whether there is such a type or not; none where it may be an integer or a string.
    pub(super) fn said<'f>(&'f self, arena: &Arena, id: NodeId) -> &'f str {
        match (self.types.get(&id), arena.get(id).kind) {
            (Some(word), _) => word,
            (None, Kind::IntOrString) => "",
            (None, kind) => kind.as_str(),
        }
    }
}

impl Checker<'_> {
    fn structure(&mut self, id: NodeId, level: Level, path: &str) {
        let (arena, found) = (self.arena, self.found);
        let node = arena.get(id);
        if node.kind == Kind::Array && node.items.is_none() {
            self.problems.required(child(path, "items"), "must be specified");
        }
        if let Some(items) = node.items {
            self.structure(items, Level::Item, &child(path, "items"));
        }
        for (name, property) in &node.properties {
            self.structure(*property, Level::Field, &format!("{}[{name}]", child(path, "properties")));
        }
        if level == Level::Root && node.additional != Additional::Unsaid {
            self.problems.forbidden(child(path, "additionalProperties"), "must not be used at the root");
        }
        if let Additional::Schema(entries) = node.additional {
            self.structure(entries, Level::Field, &child(path, "additionalProperties"));
        }
        for (key, present) in [
            ("x-kubernetes-preserve-unknown-fields", node.preserve_unknown),
            ("x-kubernetes-embedded-resource", node.embedded),
        ] {
            if present && node.kind == Kind::IntOrString {
                self.problems.refused(child(path, key), true, "must be false if x-kubernetes-int-or-string is true");
            }
        }
        let first = node.checks.all_of.first().is_some_and(|first| found.either.contains(first));
        self.branches(id, path, found.either.contains(&id), first);
        self.typed(id, level, path);
        self.described(id, level, path);
    }

    /// The type.
    fn typed(&mut self, id: NodeId, level: Level, path: &str) {
        let node = self.arena.get(id);
        let said = self.found.said(self.arena, id);
        let place = || child(path, "type");
        if node.embedded && said != "object" {
            let detail = "must be object if x-kubernetes-embedded-resource is true";
            match said {
                "" => self.problems.required(place(), detail),
                said => self.problems.refused(place(), said, detail),
            }
        } else if said.is_empty() && node.kind != Kind::IntOrString && !node.preserve_unknown {
            self.problems.required(
                place(),
                match level {
                    Level::Root => "must not be empty at the root",
                    Level::Item => "must not be empty for specified array items",
                    Level::Field => "must not be empty for specified object fields",
                },
            );
        }
        if node.embedded && node.additional != Additional::Unsaid {
            let detail = "must not be used if x-kubernetes-embedded-resource is set";
            self.problems.forbidden(child(path, "additionalProperties"), detail);
        }
        if level == Level::Root && !matches!(said, "" | "object") {
            self.problems.refused(place(), said, "must be object at the root");
        }
    }

    /// What a whole object says of itself.
    fn described(&mut self, id: NodeId, level: Level, path: &str) {
        let (arena, found) = (self.arena, self.found);
        let node = arena.get(id);
        let whole = level == Level::Root || node.embedded;
        let property = |name: &str| format!("{}[{name}]", child(path, "properties"));
        for name in ["kind", "apiVersion"] {
            if let Some(said) = node.properties.get(name).map(|id| found.said(arena, *id))
                && whole
                && said != "string"
            {
                self.problems.refused(child(&property(name), "type"), said, "must be string");
            }
        }
        if let Some(metadata) = node.properties.get("metadata") {
            let said = found.said(arena, *metadata);
            if whole && said != "object" {
                self.problems.refused(child(&property("metadata"), "type"), said, "must be object");
            }
            if level == Level::Root && !names_alone(arena, *metadata) {
                let detail =
                    "must not specify anything other than name and generateName, but metadata is implicitly specified";
                self.problems.forbidden(property("metadata"), detail);
            }
        }
        if node.embedded && !node.preserve_unknown && node.properties.is_empty() {
            self.problems.required(
                child(path, "properties"),
                "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
            );
        }
    }

    /// Inside `allOf`, `anyOf`, `oneOf` and `not` stand only value validations.
    fn branches(&mut self, of: NodeId, path: &str, skip_any: bool, first_is_either: bool) {
        let checks = &self.arena.get(of).checks;
        let place = |key: &str, index: usize| format!("{}[{index}]", child(path, key));
        for (index, branch) in checks.any_of.iter().enumerate().filter(|_| !skip_any) {
            self.nested(*branch, &place("anyOf", index), false);
        }
        for (index, branch) in checks.all_of.iter().enumerate() {
            self.nested(*branch, &place("allOf", index), first_is_either && index == 0);
        }
        for (index, branch) in checks.one_of.iter().enumerate() {
            self.nested(*branch, &place("oneOf", index), false);
        }
        if let Some(not) = checks.not {
            self.nested(not, &child(path, "not"), false);
        }
    }

    fn nested(&mut self, id: NodeId, path: &str, skip_any: bool) {
        let arena = self.arena;
        let node = arena.get(id);
        self.branches(id, path, skip_any, false);
        if let Some(items) = node.items {
            self.nested(items, &child(path, "items"), false);
        }
        for (name, property) in &node.properties {
            self.nested(*property, &format!("{}[{name}]", child(path, "properties")), false);
        }
        let said = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
        let (empty, undefined, no) = ("must be empty", "must be undefined", "must be false");
        let schema = matches!(node.additional, Additional::Schema(_) | Additional::Allowed);
        for (key, present, must) in [
            ("type", !self.found.said(arena, id).is_empty(), empty),
            ("additionalProperties", schema, undefined),
            ("default", node.default.is_some(), undefined),
            ("title", said(node.title.as_deref()), empty),
            ("description", said(node.description.as_deref()), empty),
            ("nullable", node.nullable, no),
            ("x-kubernetes-preserve-unknown-fields", node.preserve_unknown, no),
            ("x-kubernetes-embedded-resource", node.embedded, no),
            ("x-kubernetes-int-or-string", node.kind == Kind::IntOrString, no),
            ("x-kubernetes-list-map-keys", !node.map_keys.is_empty(), empty),
            ("x-kubernetes-list-type", node.list_type.is_some(), undefined),
            ("x-kubernetes-map-type", node.map_type.is_some(), undefined),
            ("x-kubernetes-validations", !node.rules.is_empty(), empty),
        ] {
            if present {
                self.problems.forbidden(child(path, key), &format!("{must} to be structural"));
            }
        }
        if node.properties.contains_key("metadata") {
            let place = format!("{}[metadata]", child(path, "properties"));
            self.problems.forbidden(place, "must not be specified in a nested context");
        }
    }
}

/// Whether the schema of metadata speaks of the two names that an object can have, or of nothing.
fn names_alone(arena: &Arena, id: NodeId) -> bool {
    let node = arena.get(id);
    let keys = ["name", "generateName"];
    node.properties.keys().all(|key| keys.contains(&&**key))
        && node.additional == Additional::Unsaid
        && node.items.is_none()
        && !(node.nullable || node.preserve_unknown || node.embedded || node.kind == Kind::IntOrString)
        && node.title.as_deref().is_none_or(str::is_empty)
        && node.description.as_deref().is_none_or(str::is_empty)
        && node.list_type.is_none()
        && node.map_type.is_none()
        && node.map_keys.is_empty()
        && node.rules.is_empty()
        && node.checks.is_empty()
}
