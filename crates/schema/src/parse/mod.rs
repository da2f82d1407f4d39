//! From JSON to nodes: reads keywords, then checks what makes a schema structural.

mod definitions;
mod keywords;
mod node;
mod structural;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

pub use keywords::unknown_keywords;

use crate::handle::Schema;
use crate::node::{Arena, NodeId};
use crate::rules;

/// What is wrong with a schema, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// The place in the schema: `properties[spec].properties[size].pattern`; empty for the root.
    pub path: String,
    /// What is wrong and what to do.
    pub detail: String,
}

impl fmt::Display for SchemaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.detail) } else { write!(f, "{}: {}", self.path, self.detail) }
    }
}

impl std::error::Error for SchemaProblem {}

/// Nested deeper than this is refused: nothing sane is, and recursion must end.
pub(crate) const MAX_DEPTH: usize = 64;

pub(crate) fn structural(schema: &Value, resource: bool) -> Result<Schema, Vec<SchemaProblem>> {
    let mut reader = node::Reader::new(None);
    let root = reader.read(schema, "", 0);
    let (mut arena, mut problems) = reader.finish();
    if problems.is_empty() {
        structural::check(&arena, root, resource, &mut problems);
    }
    if resource {
        arena.nodes[root as usize].embedded = true;
    }
    if problems.is_empty() {
        structural::check_defaults(&arena, root, &mut problems);
    }
    if problems.is_empty() {
        rules::compile(&mut arena, root, &mut problems);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Schema { arena: Arc::new(arena), root })
}

pub(crate) fn definitions(
    schemas: &Map<String, Value>,
) -> Result<(Arena, BTreeMap<String, NodeId>), Vec<SchemaProblem>> {
    definitions::read(schemas)
}
