//! Reads one schema object into a node.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::keywords::child;
use super::{MAX_DEPTH, SchemaProblem};
use crate::node::{Additional, Arena, Checks, Kind, ListType, MapType, NodeData, NodeId, Pattern, RuleText};
use crate::pattern;

/// What all patterns of a schema may cost to prepare: some ten thousand times what a usual one does.
const PATTERNS: u64 = 1_000_000;

/// The types that there are.
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// Keywords of the schema language that no structural schema has.
const UNSUPPORTED: [&str; 10] = [
    "patternProperties",
    "dependencies",
    "additionalItems",
    "definitions",
    "id",
    "$schema",
    "$defs",
    "if",
    "then",
    "else",
];

/// What was found beside the nodes.
#[derive(Debug)]
pub(crate) struct Found {
    /// What is wrong.
    pub(crate) problems: Vec<SchemaProblem>,
    /// Whether the nodes say all that the schema says, so that its structure can be judged.
    pub(crate) whole: bool,
    /// Types that there are not, by the nodes that have them.
    pub(crate) types: BTreeMap<NodeId, String>,
    /// Nodes whose `anyOf` is an integer or a string and nothing else.
    pub(crate) either: BTreeSet<NodeId>,
}

/// Reads schemas into one arena and collects problems instead of stopping at the first.
pub(crate) struct Reader<'a> {
    arena: Arena,
    found: Found,
    /// Named schemas that may be referred to; `None` where references are not supported.
    names: Option<&'a BTreeMap<String, NodeId>>,
    /// Nodes that are another node with some keywords of their own, to be filled in at the end.
    pub(crate) pending: Vec<(NodeId, NodeId)>,
    /// What the patterns so far cost to prepare.
    patterns: u64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(names: Option<&'a BTreeMap<String, NodeId>>) -> Reader<'a> {
        let found = Found { problems: Vec::new(), whole: true, types: BTreeMap::new(), either: BTreeSet::new() };
        Reader { arena: Arena::default(), found, names, pending: Vec::new(), patterns: 0 }
    }

    pub(crate) fn finish(self) -> (Arena, Found) {
        (self.arena, self.found)
    }

    pub(crate) fn arena_mut(&mut self) -> &mut Arena {
        &mut self.arena
    }

    /// Something that cannot be read.
    pub(crate) fn problem(&mut self, path: &str, detail: impl Into<String>) {
        self.broken(SchemaProblem::invalid(path, detail));
    }

    /// Something without which the rest means something else.
    fn broken(&mut self, problem: SchemaProblem) {
        self.found.whole = false;
        self.found.problems.push(problem);
    }

    /// Something that hides nothing else.
    fn refuse(&mut self, problem: SchemaProblem) {
        self.found.problems.push(problem);
    }

    /// Reads a schema into a new node.
    pub(crate) fn read(&mut self, schema: &Value, path: &str, depth: usize) -> NodeId {
        let id = self.arena.push(NodeData::new(Kind::Any));
        self.read_into(id, schema, path, depth);
        id
    }

    /// Reads a schema into the node `id`.
    pub(crate) fn read_into(&mut self, id: NodeId, schema: &Value, path: &str, depth: usize) {
        let Value::Object(object) = schema else {
            return self.problem(path, "a schema must be an object");
        };
        if depth > MAX_DEPTH {
            return self.problem(path, format!("schemas nest deeper than {MAX_DEPTH} levels"));
        }
        let node = self.node(id, object, path, depth);
        self.arena.nodes[id as usize] = node;
        if let Some(target) = self.reference(object, path) {
            self.pending.push((id, target));
        }
    }

    /// The node that `$ref`, or `allOf` with a single `$ref`, points to.
    fn reference(&mut self, object: &Map<String, Value>, path: &str) -> Option<NodeId> {
        let text = object.get("$ref").or_else(|| match object.get("allOf") {
            Some(Value::Array(branches)) if branches.len() == 1 => branches[0].get("$ref"),
            _ => None,
        })?;
        let Some(names) = self.names else {
            self.broken(SchemaProblem::forbidden(child(path, "$ref"), "$ref is not supported"));
            return None;
        };
        let target = text
            .as_str()
            .and_then(|text| text.strip_prefix("#/components/schemas/").or_else(|| text.strip_prefix("#/definitions/")))
            .and_then(|name| names.get(name).copied());
        if target.is_none() {
            self.problem(&child(path, "$ref"), format!("{text} names no schema of this document"));
        }
        target
    }

    fn node(&mut self, id: NodeId, object: &Map<String, Value>, path: &str, depth: usize) -> NodeData {
        let lenient = self.names.is_some();
        let mut node = NodeData::new(self.kind(id, object, path));
        node.title = self.text(object, "title", path).map(Into::into);
        node.description = self.text(object, "description", path).map(Into::into);
        node.nullable = self.flag(object, "nullable", path);
        node.default = object.get("default").filter(|default| !default.is_null()).cloned();
        if let Some(properties) = self.object(object, "properties", path) {
            for (name, property) in properties {
                let place = format!("{}[{name}]", child(path, "properties"));
                let id = self.read(property, &place, depth + 1);
                node.properties.insert(name.clone(), id);
            }
        }
        node.items = match object.get("items") {
            None | Some(Value::Null) => None,
            Some(Value::Array(_)) => {
                let detail = "items must be a schema object and not an array";
                self.broken(SchemaProblem::forbidden(child(path, "items"), detail));
                None
            }
            Some(items) => Some(self.read(items, &child(path, "items"), depth + 1)),
        };
        node.additional = match object.get("additionalProperties") {
            None | Some(Value::Null) => Additional::Unsaid,
            Some(Value::Bool(true)) => Additional::Allowed,
            Some(Value::Bool(false)) => Additional::Forbidden,
            Some(schema) => Additional::Schema(self.read(schema, &child(path, "additionalProperties"), depth + 1)),
        };
        node.preserve_unknown = self.flag(object, "x-kubernetes-preserve-unknown-fields", path);
        if object.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
            let path = child(path, "x-kubernetes-preserve-unknown-fields");
            self.broken(SchemaProblem::refused(path, &Value::Bool(false), "must be true or undefined"));
        }
        let says_nothing = node.properties.is_empty() && node.additional == Additional::Unsaid;
        if lenient && says_nothing && matches!(node.kind, Kind::Object | Kind::Any) && node.items.is_none() {
            node.preserve_unknown = true;
        }
        node.embedded = self.flag(object, "x-kubernetes-embedded-resource", path);
        self.merge_keywords(object, path, &mut node);
        node.checks = self.checks(object, path, depth);
        node.rules = self.rules(object, path);
        if object.get("anyOf").is_some_and(|any_of| *any_of == json!([{"type": "integer"}, {"type": "string"}])) {
            self.found.either.insert(id);
        }
        for keyword in UNSUPPORTED {
            if object.get(keyword).is_some_and(|value| !value.is_null()) {
                self.broken(SchemaProblem::forbidden(child(path, keyword), format!("{keyword} is not supported")));
            }
        }
        node
    }

    fn kind(&mut self, id: NodeId, object: &Map<String, Value>, path: &str) -> Kind {
        let int_or_string = self.flag(object, "x-kubernetes-int-or-string", path)
            || (self.names.is_some() && object.get("format").and_then(Value::as_str) == Some("int-or-string"));
        let declared = self.text(object, "type", path).filter(|word| !word.is_empty());
        let mut kind = Kind::Any;
        if let Some(word) = declared {
            match Kind::from_keyword(&word) {
                Some(known) => kind = known,
                None => {
                    let place = child(path, "type");
                    self.refuse(SchemaProblem::not_supported(&*place, &word, &TYPES));
                    if word == "null" {
                        let detail = "type cannot be set to null, use nullable as an alternative";
                        self.refuse(SchemaProblem::forbidden(place, detail));
                    }
                    self.found.types.insert(id, word);
                }
            }
        }
        if int_or_string { Kind::IntOrString } else { kind }
    }

    /// How lists and maps merge.
    fn merge_keywords(&mut self, object: &Map<String, Value>, path: &str, node: &mut NodeData) {
        node.list_type = match self.text(object, "x-kubernetes-list-type", path).as_deref() {
            None => None,
            Some("atomic") => Some(ListType::Atomic),
            Some("set") => Some(ListType::Set),
            Some("map") => Some(ListType::Map),
            Some(other) => {
                let place = child(path, "x-kubernetes-list-type");
                self.refuse(SchemaProblem::not_supported(place, other, &["atomic", "set", "map"]));
                None
            }
        };
        node.map_keys = self.texts(object, "x-kubernetes-list-map-keys", path);
        node.map_type = match self.text(object, "x-kubernetes-map-type", path).as_deref() {
            None => None,
            Some("granular") => Some(MapType::Granular),
            Some("atomic") => Some(MapType::Atomic),
            Some(other) => {
                let place = child(path, "x-kubernetes-map-type");
                self.refuse(SchemaProblem::not_supported(place, other, &["atomic", "granular"]));
                None
            }
        };
        node.patch_strategy = self
            .text(object, "x-kubernetes-patch-strategy", path)
            .map(|text| text.split(',').map(str::to_owned).collect())
            .unwrap_or_default();
        node.patch_merge_key = self.text(object, "x-kubernetes-patch-merge-key", path);
    }

    fn checks(&mut self, object: &Map<String, Value>, path: &str, depth: usize) -> Checks {
        let references = self.names.is_some();
        let branches = |reader: &mut Self, key: &str| -> Vec<NodeId> {
            match object.get(key) {
                None | Some(Value::Null) => Vec::new(),
                Some(Value::Array(items)) if references && items.len() == 1 && items[0].get("$ref").is_some() => {
                    Vec::new()
                }
                Some(Value::Array(items)) => items
                    .iter()
                    .enumerate()
                    .map(|(index, branch)| reader.read(branch, &format!("{}[{index}]", child(path, key)), depth + 1))
                    .collect(),
                Some(_) => {
                    reader.problem(&child(path, key), "must be a list of schemas");
                    Vec::new()
                }
            }
        };
        let (all_of, any_of, one_of) = (branches(self, "allOf"), branches(self, "anyOf"), branches(self, "oneOf"));
        let not = match object.get("not") {
            None | Some(Value::Null) => None,
            Some(schema) => Some(self.read(schema, &child(path, "not"), depth + 1)),
        };
        let mut required = self.texts(object, "required", path);
        required.sort();
        required.dedup();
        Checks {
            format: self.text(object, "format", path).filter(|format| !format.is_empty()),
            pattern: self.pattern(object, path),
            enumeration: match object.get("enum") {
                None | Some(Value::Null) => Vec::new(),
                Some(Value::Array(values)) => values.clone(),
                Some(_) => {
                    self.problem(&child(path, "enum"), "must be a list");
                    Vec::new()
                }
            },
            minimum: self.number(object, "minimum", path),
            exclusive_minimum: self.flag(object, "exclusiveMinimum", path),
            maximum: self.number(object, "maximum", path),
            exclusive_maximum: self.flag(object, "exclusiveMaximum", path),
            multiple_of: self.number(object, "multipleOf", path),
            min_length: self.integer(object, "minLength", path),
            max_length: self.integer(object, "maxLength", path),
            min_items: self.integer(object, "minItems", path),
            max_items: self.integer(object, "maxItems", path),
            unique_items: self.flag(object, "uniqueItems", path),
            min_properties: self.integer(object, "minProperties", path),
            max_properties: self.integer(object, "maxProperties", path),
            required,
            all_of,
            any_of,
            one_of,
            not,
        }
    }

    fn pattern(&mut self, object: &Map<String, Value>, path: &str) -> Option<Pattern> {
        let source = self.text(object, "pattern", path).filter(|source| !source.is_empty())?;
        self.patterns = self.patterns.saturating_add(cel::cost::of_pattern(&source));
        if self.patterns > PATTERNS {
            self.problem(&child(path, "pattern"), "the patterns of the schema are too large together");
            return None;
        }
        match pattern::compile(&source) {
            Ok(regex) => Some(Pattern { source, regex }),
            Err(error) => {
                let detail = format!("must be a valid regular expression, but isn't: {error}");
                let shown = pattern::shown(&source).into();
                self.refuse(SchemaProblem::refused(child(path, "pattern"), &shown, detail));
                None
            }
        }
    }

    fn rules(&mut self, object: &Map<String, Value>, path: &str) -> Vec<RuleText> {
        let place = child(path, "x-kubernetes-validations");
        let entries = match object.get("x-kubernetes-validations") {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(entries)) => entries,
            Some(_) => {
                self.problem(&place, "must be a list of rules");
                return Vec::new();
            }
        };
        let mut rules = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let place = format!("{place}[{index}]");
            let Value::Object(entry) = entry else {
                self.problem(&place, "must be an object with the field rule");
                continue;
            };
            let text = |reader: &mut Self, key: &str| reader.text(entry, key, &place).filter(|text| !text.is_empty());
            let rule = text(self, "rule").unwrap_or_default();
            rules.push(RuleText {
                rule,
                message: text(self, "message"),
                message_expression: text(self, "messageExpression"),
                reason: text(self, "reason"),
                field_path: text(self, "fieldPath"),
                optional_old_self: self.flag(entry, "optionalOldSelf", &place),
            });
        }
        rules
    }

    fn text(&mut self, object: &Map<String, Value>, key: &str, path: &str) -> Option<String> {
        match object.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.problem(&child(path, key), "must be a string");
                None
            }
        }
    }

    fn flag(&mut self, object: &Map<String, Value>, key: &str, path: &str) -> bool {
        match object.get(key) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.problem(&child(path, key), "must be true or false");
                false
            }
        }
    }

    fn number(&mut self, object: &Map<String, Value>, key: &str, path: &str) -> Option<f64> {
        match object.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::Number(number)) => number.as_f64(),
            Some(_) => {
                self.problem(&child(path, key), "must be a number");
                None
            }
        }
    }

    fn integer(&mut self, object: &Map<String, Value>, key: &str, path: &str) -> Option<i64> {
        match object.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::Number(number)) if number.as_i64().is_some() => number.as_i64(),
            Some(_) => {
                self.problem(&child(path, key), "must be an integer");
                None
            }
        }
    }

    fn texts(&mut self, object: &Map<String, Value>, key: &str, path: &str) -> Vec<String> {
        match object.get(key) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            Some(_) => {
                self.problem(&child(path, key), "must be a list of strings");
                Vec::new()
            }
        }
    }

    fn object<'v>(&mut self, object: &'v Map<String, Value>, key: &str, path: &str) -> Option<&'v Map<String, Value>> {
        match object.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::Object(inner)) => Some(inner),
            Some(_) => {
                self.problem(&child(path, key), "must be an object");
                None
            }
        }
    }
}
