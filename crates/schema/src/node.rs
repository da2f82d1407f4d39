//! The parsed form of a schema: nodes in one arena, referring to each other by index.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value;

use crate::rules::Rule;

/// Index of a node in its arena.
pub(crate) type NodeId = u32;

/// The JSON type a schema node asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// No type is asked for.
    Any,
    /// A JSON object.
    Object,
    /// A JSON array.
    Array,
    /// A JSON string.
    String,
    /// A JSON number without a fraction.
    Integer,
    /// Any JSON number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `x-kubernetes-int-or-string`: an integer or a string.
    IntOrString,
}

impl Kind {
    /// The word in the schema language; the empty string for [`Kind::Any`].
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Any => "",
            Kind::Object => "object",
            Kind::Array => "array",
            Kind::String => "string",
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
            Kind::IntOrString => "integer,string",
        }
    }

    pub(crate) fn from_keyword(word: &str) -> Option<Kind> {
        Some(match word {
            "object" => Kind::Object,
            "array" => Kind::Array,
            "string" => Kind::String,
            "integer" => Kind::Integer,
            "number" => Kind::Number,
            "boolean" => Kind::Boolean,
            _ => return None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `x-kubernetes-list-type`. A list that does not say is [`ListType::Atomic`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListType {
    /// The list has one owner and is replaced as a whole.
    Atomic,
    /// Each item is its own key and appears once.
    Set,
    /// Items are objects identified by [`crate::Node::map_keys`].
    Map,
}

impl ListType {
    /// The word in the schema language.
    pub fn as_str(self) -> &'static str {
        match self {
            ListType::Atomic => "atomic",
            ListType::Set => "set",
            ListType::Map => "map",
        }
    }
}

/// `x-kubernetes-map-type`. An object that does not say is [`MapType::Granular`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MapType {
    /// Each key has its own owner.
    Granular,
    /// The object has one owner and is replaced as a whole.
    Atomic,
}

/// What `additionalProperties` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Additional {
    Unsaid,
    Allowed,
    Forbidden,
    Schema(NodeId),
}

/// Regex with the text it was made from (messages show the text).
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub(crate) source: String,
    pub(crate) regex: Regex,
}

/// The value validations of one node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checks {
    pub(crate) format: Option<String>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) enumeration: Vec<Value>,
    pub(crate) minimum: Option<f64>,
    pub(crate) exclusive_minimum: bool,
    pub(crate) maximum: Option<f64>,
    pub(crate) exclusive_maximum: bool,
    pub(crate) multiple_of: Option<f64>,
    pub(crate) min_length: Option<i64>,
    pub(crate) max_length: Option<i64>,
    pub(crate) min_items: Option<i64>,
    pub(crate) max_items: Option<i64>,
    pub(crate) unique_items: bool,
    pub(crate) min_properties: Option<i64>,
    pub(crate) max_properties: Option<i64>,
    pub(crate) required: Vec<String>,
    pub(crate) all_of: Vec<NodeId>,
    pub(crate) any_of: Vec<NodeId>,
    pub(crate) one_of: Vec<NodeId>,
    pub(crate) not: Option<NodeId>,
}

impl Checks {
    /// Whether nothing is validated.
    pub(crate) fn is_empty(&self) -> bool {
        let bounds = [self.minimum, self.maximum, self.multiple_of];
        let counts = [
            self.min_length,
            self.max_length,
            self.min_items,
            self.max_items,
            self.min_properties,
            self.max_properties,
        ];
        bounds.iter().all(Option::is_none)
            && counts.iter().all(Option::is_none)
            && !(self.exclusive_minimum || self.exclusive_maximum || self.unique_items)
            && self.format.is_none()
            && self.pattern.is_none()
            && self.enumeration.is_empty()
            && self.required.is_empty()
            && [&self.all_of, &self.any_of, &self.one_of].iter().all(|branches| branches.is_empty())
            && self.not.is_none()
    }
}

/// One entry of `x-kubernetes-validations` as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleText {
    pub(crate) rule: String,
    pub(crate) message: Option<String>,
    pub(crate) message_expression: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) field_path: Option<String>,
    pub(crate) optional_old_self: bool,
}

/// One schema node.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a keyword of the schema language")]
pub(crate) struct NodeData {
    pub(crate) kind: Kind,
    pub(crate) title: Option<Box<str>>,
    pub(crate) description: Option<Box<str>>,
    pub(crate) nullable: bool,
    pub(crate) default: Option<Value>,
    pub(crate) properties: BTreeMap<String, NodeId>,
    pub(crate) additional: Additional,
    pub(crate) items: Option<NodeId>,
    pub(crate) preserve_unknown: bool,
    pub(crate) embedded: bool,
    pub(crate) list_type: Option<ListType>,
    pub(crate) map_keys: Vec<String>,
    pub(crate) map_type: Option<MapType>,
    pub(crate) patch_strategy: Vec<String>,
    pub(crate) patch_merge_key: Option<String>,
    pub(crate) checks: Checks,
    pub(crate) rules: Vec<RuleText>,
    pub(crate) compiled: Vec<Rule>,
    /// Whether there are rules here or below.
    pub(crate) rules_below: bool,
}

impl NodeData {
    pub(crate) fn new(kind: Kind) -> NodeData {
        NodeData {
            kind,
            title: None,
            description: None,
            nullable: false,
            default: None,
            properties: BTreeMap::new(),
            additional: Additional::Unsaid,
            items: None,
            preserve_unknown: false,
            embedded: false,
            list_type: None,
            map_keys: Vec::new(),
            map_type: None,
            patch_strategy: Vec::new(),
            patch_merge_key: None,
            checks: Checks::default(),
            rules: Vec::new(),
            compiled: Vec::new(),
            rules_below: false,
        }
    }
}

/// All nodes of one schema or of one set of definitions.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    pub(crate) nodes: Vec<NodeData>,
    occurring: OnceLock<Occurring>,
}

/// Of what some checks look for in the whole value, what occurs in any of the nodes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occurring {
    pub(crate) embedded_resources: bool,
    /// Sets, and lists with keys.
    pub(crate) lists_of_distinct_items: bool,
}

impl Arena {
    /// What occurs in it; asked for only when it is complete.
    pub(crate) fn occurring(&self) -> Occurring {
        *self.occurring.get_or_init(|| Occurring {
            embedded_resources: self.nodes.iter().any(|node| node.embedded),
            lists_of_distinct_items: self
                .nodes
                .iter()
                .any(|node| matches!(node.list_type, Some(ListType::Set | ListType::Map))),
        })
    }

    pub(crate) fn get(&self, id: NodeId) -> &NodeData {
        &self.nodes[id as usize]
    }

    pub(crate) fn push(&mut self, node: NodeData) -> NodeId {
        self.nodes.push(node);
        (self.nodes.len() - 1) as NodeId
    }

    /// The schema of the value under `key`: its property, else the schema of additional properties.
    pub(crate) fn field(&self, id: NodeId, key: &str) -> Option<NodeId> {
        let node = self.get(id);
        node.properties.get(key).copied().or(match node.additional {
            Additional::Schema(schema) => Some(schema),
            _ => None,
        })
    }
}
