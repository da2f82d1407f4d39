//! The public handles: a schema, a set of definitions, and a node of either to look at.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::error::FieldError;
use crate::explain::Explained;
use crate::node::{Additional, Arena, Kind, ListType, MapType, NodeData, NodeId};
use crate::parse::{self, SchemaProblem};
use crate::{default, explain, prune, rules, validate};

/// A parsed schema. Cheap to clone; `Send + Sync`.
#[derive(Clone)]
pub struct Schema {
    pub(crate) arena: Arc<Arena>,
    pub(crate) root: NodeId,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("kind", &self.root().kind()).finish_non_exhaustive()
    }
}

impl Schema {
    /// Parses the `openAPIV3Schema` of a custom resource version.
    ///
    /// The root is a resource: pruning keeps `apiVersion`, `kind` and `metadata` as they are.
    ///
    /// # Errors
    /// All problems: schemas that are not structural, unsupported or contradicting keywords, bad patterns, defaults that do not
    /// fit their own schema, rules that do not compile.
    pub fn parse(schema: &Value) -> Result<Schema, Vec<SchemaProblem>> {
        parse::structural(schema, true)
    }

    /// Parses a structural schema for any JSON value; nothing is implied at the root.
    ///
    /// # Errors
    /// As [`Schema::parse`].
    pub fn parse_plain(schema: &Value) -> Result<Schema, Vec<SchemaProblem>> {
        parse::structural(schema, false)
    }

    /// Rules that may cost too much for what the schema allows their values to be: more than 10,000,000 units for one, over
    /// all places that it is evaluated for, or 100,000,000 for all of them. An API server refuses such a definition.
    ///
    /// ```
    /// let schema = |list: serde_json::Value| {
    ///     schema::Schema::parse_plain(&serde_json::json!({
    ///         "type": "object",
    ///         "properties": {"names": list},
    ///         "x-kubernetes-validations": [{"rule": "self.names.all(a, self.names.exists_one(b, a == b))"}],
    ///     }))
    /// };
    /// let endless = schema(serde_json::json!({"type": "array", "items": {"type": "string"}}))?;
    /// assert_eq!(endless.costs()[0].path, "x-kubernetes-validations[0].rule");
    /// let limited = schema(serde_json::json!({"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 63}}))?;
    /// assert_eq!(limited.costs(), []);
    /// # Ok::<(), Vec<schema::SchemaProblem>>(())
    /// ```
    pub fn costs(&self) -> Vec<SchemaProblem> {
        rules::cost::problems(&self.arena, self.root)
    }

    /// Defaults that their own schema refuses: the place of each in the schema, and why. Only a schema of [`Definitions`] can have
    /// some: one that is parsed by itself is refused for them.
    ///
    /// ```
    /// let named = serde_json::json!({"config": {"type": "object", "properties": {
    ///     "size": {"type": "integer", "default": "large"},
    /// }}});
    /// let definitions = schema::Definitions::parse(named.as_object().unwrap())?;
    /// let refused = definitions.schema("config").unwrap().refused_defaults();
    /// assert_eq!(refused[0].0, "properties[size].default");
    /// # Ok::<(), Vec<schema::SchemaProblem>>(())
    /// ```
    pub fn refused_defaults(&self) -> Vec<(String, FieldError)> {
        parse::refused_defaults(&self.arena, self.root)
    }

    /// The schema that accepts and preserves everything.
    pub fn any() -> Schema {
        let mut node = NodeData::new(Kind::Any);
        node.preserve_unknown = true;
        node.nullable = true;
        let mut arena = Arena::default();
        let root = arena.push(node);
        Schema { arena: Arc::new(arena), root }
    }

    /// The root node, to read.
    pub fn root(&self) -> Node<'_> {
        Node { arena: &self.arena, id: self.root }
    }

    /// Fills in defaults of absent fields, in place. Doing it twice changes nothing more.
    pub fn default_in_place(&self, value: &mut Value) {
        default::fill(&self.arena, self.root, value);
    }

    /// Takes out unknown fields and returns their paths (`spec.x[0].y`); also takes out nulls of fields that are neither
    /// nullable nor have a default (those are not reported, as on a server).
    ///
    /// ```
    /// use serde_json::json;
    /// let schema = schema::Schema::parse_plain(&json!({"type": "object", "properties": {"a": {"type": "string"}}}))?;
    /// let mut value = json!({"a": "x", "b": 1});
    /// assert_eq!(schema.prune(&mut value), ["b"]);
    /// assert_eq!(value, json!({"a": "x"}));
    /// # Ok::<(), Vec<schema::SchemaProblem>>(())
    /// ```
    pub fn prune(&self, value: &mut Value) -> Vec<String> {
        let mut dropped = Vec::new();
        prune::unknown_fields(&self.arena, self.root, value, &mut dropped);
        prune::nulls(&self.arena, self.root, value);
        dropped
    }

    /// Checks a value; `old` is the stored one on an update. On an update, errors of parts that did not change are left out
    /// (validation ratcheting), and transition rules see the old value.
    ///
    /// ```
    /// use serde_json::json;
    /// let schema = schema::Schema::parse_plain(&json!({"type": "object", "properties": {
    ///     "owner": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "owner is immutable"}]},
    ///     "size": {"type": "integer", "maximum": 3},
    /// }}))?;
    /// let old = json!({"owner": "a", "size": 5});
    /// let errors = schema.validate(&json!({"owner": "b", "size": 5}), Some(&old));
    /// assert_eq!(errors[0].to_string(), "owner: Invalid value: \"b\": owner is immutable");
    /// assert_eq!(errors.len(), 1, "a size that was too large before is left alone");
    /// # Ok::<(), Vec<schema::SchemaProblem>>(())
    /// ```
    pub fn validate(&self, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
        validate::all(self, value, old, validate::Scope::default())
    }

    /// The same for a value that is wrong in ways the schema does not see, so that its rules are not evaluated: if it has any,
    /// one error says so.
    pub fn validate_shape(&self, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
        validate::all(self, value, old, validate::Scope { blocked: true, part: None })
    }

    /// The same for a write that changes one property and nothing else, such as `status`: of types and value validations only that
    /// property's are checked, and its errors name what is in it without its own name. Lists and, unless they are `blocked`, rules are
    /// checked everywhere.
    pub fn validate_part(&self, part: &str, value: &Value, old: Option<&Value>, blocked: bool) -> Vec<FieldError> {
        validate::all(self, value, old, validate::Scope { blocked, part: Some(part) })
    }

    /// Walks a dotted path (`spec.template.containers`; lists and maps are entered by themselves) and tells what is there.
    ///
    /// # Errors
    /// The name that does not exist and where.
    pub fn explain(&self, path: &str) -> Result<Explained, explain::ExplainError> {
        explain::explain(self, path)
    }
}

/// Named schemas that refer to each other (the `components.schemas` of an OpenAPI document), sharing their nodes.
#[derive(Clone)]
pub struct Definitions {
    arena: Arc<Arena>,
    roots: Arc<BTreeMap<String, NodeId>>,
}

impl fmt::Debug for Definitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Definitions").field("schemas", &self.roots.len()).finish_non_exhaustive()
    }
}

impl Definitions {
    /// Parses a map of name → schema. References are `#/components/schemas/NAME` or `#/definitions/NAME` and may be cyclic.
    /// The rules for structural schemas do not apply; an object that declares nothing keeps everything (raw extensions).
    ///
    /// ```
    /// let document = serde_json::json!({
    ///     "Tree": {"type": "object", "properties": {
    ///         "name": {"type": "string"},
    ///         "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    ///     }},
    /// });
    /// let definitions = schema::Definitions::parse(document.as_object().unwrap()).unwrap();
    /// let tree = definitions.schema("Tree").unwrap();
    /// let errors = tree.validate(&serde_json::json!({"children": [{"children": [{"name": 7}]}]}), None);
    /// assert_eq!(errors[0].path, "children[0].children[0].name");
    /// ```
    ///
    /// # Errors
    /// All problems: unknown references, unsupported keywords, bad patterns.
    pub fn parse(schemas: &serde_json::Map<String, Value>) -> Result<Definitions, Vec<SchemaProblem>> {
        let (definitions, problems) = Self::read(schemas);
        if problems.is_empty() { Ok(definitions) } else { Err(problems) }
    }

    /// What can be read of a map of name → schema, and what is wrong with the rest: what is broken declares nothing.
    ///
    /// ```
    /// let named = serde_json::json!({"config": {"type": "object", "properties": {
    ///     "size": {"type": "strin"}, "port": {"type": "integer"},
    /// }}});
    /// let (definitions, problems) = schema::Definitions::read(named.as_object().unwrap());
    /// let config = definitions.schema("config").unwrap();
    /// let kinds: Vec<_> = config.root().properties().map(|(name, node)| (name, node.kind())).collect();
    /// assert_eq!(kinds, [("port", schema::Kind::Integer), ("size", schema::Kind::Any)]);
    /// assert_eq!(problems[0].path, "config.properties[size].type");
    /// ```
    pub fn read(schemas: &serde_json::Map<String, Value>) -> (Definitions, Vec<SchemaProblem>) {
        let (arena, roots, problems) = parse::definitions(schemas);
        (Definitions { arena: Arc::new(arena), roots: Arc::new(roots) }, problems)
    }

    /// The schema of that name.
    pub fn schema(&self, name: &str) -> Option<Schema> {
        Some(Schema { arena: Arc::clone(&self.arena), root: *self.roots.get(name)? })
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.roots.keys().map(String::as_str)
    }
}

/// A place in a schema, to read. `Copy`; lives as long as its [`Schema`].
#[derive(Clone, Copy)]
pub struct Node<'a> {
    arena: &'a Arena,
    id: NodeId,
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl<'a> Node<'a> {
    fn at(self, id: NodeId) -> Node<'a> {
        Node { arena: self.arena, id }
    }

    fn data(self) -> &'a NodeData {
        self.arena.get(self.id)
    }

    /// The JSON type asked for.
    pub fn kind(self) -> Kind {
        self.data().kind
    }

    /// The declared property of that name.
    pub fn property(self, name: &str) -> Option<Node<'a>> {
        self.data().properties.get(name).map(|id| self.at(*id))
    }

    /// The schema for the value under `key`: the declared property, else the schema of additional properties.
    pub fn field(self, key: &str) -> Option<Node<'a>> {
        self.arena.field(self.id, key).map(|id| self.at(id))
    }

    /// All declared properties, sorted by name.
    pub fn properties(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        self.data().properties.iter().map(move |(name, id)| (name.as_str(), self.at(*id)))
    }

    /// Whether the property must be there.
    pub fn is_required(self, name: &str) -> bool {
        self.data().checks.required.iter().any(|r| r == name)
    }

    /// The schema of list items.
    pub fn items(self) -> Option<Node<'a>> {
        self.data().items.map(|id| self.at(id))
    }

    /// The schema of undeclared keys (`additionalProperties` as a schema).
    pub fn additional_properties(self) -> Option<Node<'a>> {
        match self.data().additional {
            Additional::Schema(id) => Some(self.at(id)),
            _ => None,
        }
    }

    /// Whether unknown fields stay (`x-kubernetes-preserve-unknown-fields`).
    pub fn preserves_unknown_fields(self) -> bool {
        self.data().preserve_unknown
    }

    /// Whether undeclared fields may be there at all: they stay ([`Node::preserves_unknown_fields`]) or `additionalProperties` is true.
    pub fn accepts_unknown_fields(self) -> bool {
        self.data().preserve_unknown || matches!(self.data().additional, Additional::Allowed)
    }

    /// Whether the value is a whole Kubernetes object (`x-kubernetes-embedded-resource`, and the root of a custom resource).
    pub fn is_embedded_resource(self) -> bool {
        self.data().embedded
    }

    /// Whether null is a value of its own here.
    pub fn is_nullable(self) -> bool {
        self.data().nullable
    }

    /// The default.
    pub fn default(self) -> Option<&'a Value> {
        self.data().default.as_ref()
    }

    /// How a list is merged.
    pub fn list_type(self) -> ListType {
        self.data().list_type.unwrap_or(ListType::Atomic)
    }

    /// The keys of a [`ListType::Map`] list.
    pub fn map_keys(self) -> &'a [String] {
        &self.data().map_keys
    }

    /// How an object is merged.
    pub fn map_type(self) -> MapType {
        self.data().map_type.unwrap_or(MapType::Granular)
    }

    /// The strategies of a strategic merge patch (`merge`, `replace`, `retainKeys`).
    pub fn patch_strategies(self) -> &'a [String] {
        &self.data().patch_strategy
    }

    /// The merge key of a strategic merge patch.
    pub fn patch_merge_key(self) -> Option<&'a str> {
        self.data().patch_merge_key.as_deref()
    }

    /// The description.
    pub fn description(self) -> Option<&'a str> {
        self.data().description.as_deref()
    }

    /// The title.
    pub fn title(self) -> Option<&'a str> {
        self.data().title.as_deref()
    }

    /// The format (`date-time`, `int32`, …).
    pub fn format(self) -> Option<&'a str> {
        self.data().checks.format.as_deref()
    }

    /// The allowed values; empty when any is.
    pub fn enum_values(self) -> &'a [Value] {
        &self.data().checks.enumeration
    }

    /// Whether the node says what it is only by `anyOf`, `oneOf` or `allOf` (no type, no properties).
    pub fn is_composition_only(self) -> bool {
        let data = self.data();
        data.kind == Kind::Any
            && !(data.checks.any_of.is_empty() && data.checks.one_of.is_empty() && data.checks.all_of.is_empty())
    }

    /// Upper limits declared for strings, lists and maps, in that order.
    pub fn limits(self) -> (Option<i64>, Option<i64>, Option<i64>) {
        let checks = &self.data().checks;
        (checks.max_length, checks.max_items, checks.max_properties)
    }
}
