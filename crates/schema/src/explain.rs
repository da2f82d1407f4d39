//! Walks a path through a schema and tells what is there, for `explain` commands and field completion.

use thiserror::Error;

use crate::handle::{Node, Schema};
use crate::node::Kind;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The type as people write it: `string`, `[]Object`, `map[string]integer`.
    pub type_name: String,
    /// The description; empty where the schema has none.
    pub description: String,
    /// Allowed values as JSON texts; empty when any is.
    pub allowed: Vec<String>,
    /// The default as JSON text.
    pub default: Option<String>,
    /// The fields below (of the item or entry for lists and maps).
    pub fields: Vec<ExplainedField>,
}

/// One field below what was explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedField {
    /// Its name.
    pub name: String,
    /// Its type as people write it.
    pub type_name: String,
    /// Whether it must be there.
    pub required: bool,
    /// Its description; empty where the schema has none.
    pub description: String,
}

/// The path names a field that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("field \"{name}\" does not exist{}", if .parent.is_empty() { String::new() } else { format!(" in \"{}\"", .parent) })]
pub struct ExplainError {
    /// The name that was not found.
    pub name: String,
    /// The path before it.
    pub parent: String,
}

pub(crate) fn explain(schema: &Schema, path: &str) -> Result<Explained, ExplainError> {
    let mut node = schema.root();
    let mut walked = String::new();
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let missing = || ExplainError { name: name.to_owned(), parent: walked.clone() };
        node = through_collections(node).field(name).ok_or_else(missing)?;
        if !walked.is_empty() {
            walked.push('.');
        }
        walked.push_str(name);
    }
    let inner = through_collections(node);
    Ok(Explained {
        type_name: type_name(node, 0),
        description: node.description().unwrap_or_default().to_owned(),
        allowed: node.enum_values().iter().map(ToString::to_string).collect(),
        default: node.default().map(ToString::to_string),
        fields: inner
            .properties()
            .map(|(name, field)| ExplainedField {
                name: name.to_owned(),
                type_name: type_name(field, 0),
                required: inner.is_required(name),
                description: field.description().unwrap_or_default().to_owned(),
            })
            .collect(),
    })
}

/// The node whose properties a further name is looked up in: items of lists and entries of maps are entered silently.
fn through_collections(mut node: Node<'_>) -> Node<'_> {
    for _ in 0..MAX_NESTING {
        if let Some(items) = node.items() {
            node = items;
        } else if let (0, Some(entries)) = (node.properties().count(), node.additional_properties()) {
            node = entries;
        } else {
            break;
        }
    }
    node
}

/// Lists of lists of lists … in one type name; cyclic definitions end here.
const MAX_NESTING: usize = 16;

fn type_name(node: Node<'_>, depth: usize) -> String {
    if depth > MAX_NESTING {
        return "…".to_owned();
    }
    match node.kind() {
        Kind::Array => {
            let item = node.items().map_or_else(|| "any".to_owned(), |items| type_name(items, depth + 1));
            format!("[]{item}")
        }
        Kind::Object => match node.additional_properties() {
            Some(entries) if node.properties().next().is_none() => {
                format!("map[string]{}", type_name(entries, depth + 1))
            }
            _ => "Object".to_owned(),
        },
        Kind::IntOrString => "IntOrString".to_owned(),
        Kind::Any => "any".to_owned(),
        kind => kind.as_str().to_owned(),
    }
}
