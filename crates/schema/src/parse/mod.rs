//! From JSON to nodes: reads keywords, then checks what makes a schema structural.

mod definitions;
mod keywords;
mod node;
mod structural;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use definitions::read as definitions;
pub use keywords::unknown_keywords;
pub(crate) use structural::refused_defaults;

use crate::error::{ErrorKind, FieldError};
use crate::handle::Schema;
use crate::rules;

/// What is wrong with a schema, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// The place in the schema: `properties[spec].properties[size].pattern`; empty for the root.
    pub path: String,
    /// Why an API server refuses it.
    pub kind: ErrorKind,
    /// What stands there, as an API server shows it; where it shows it.
    pub shown: Option<String>,
    /// What is wrong and what to do.
    pub detail: String,
    /// The place that the detail speaks of at its end.
    pub within: Option<String>,
}

impl SchemaProblem {
    /// Something that no schema can be.
    pub(crate) fn invalid(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), kind: ErrorKind::Invalid, shown: None, detail: detail.into(), within: None }
    }

    /// Something that may not be there.
    pub(crate) fn forbidden(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Forbidden, ..Self::invalid(path, detail) }
    }

    /// As an API server tells it of a definition whose schema is at `at`.
    ///
    /// ```
    /// use schema::Schema;
    /// let schema = serde_json::json!({"type": "object", "x-kubernetes-validations": [{"rule": "self"}]});
    /// let problems = Schema::parse_plain(&schema).unwrap_err();
    /// assert_eq!(
    ///     problems[0].in_field("spec.validation.openAPIV3Schema").path,
    ///     "spec.validation.openAPIV3Schema.x-kubernetes-validations[0].rule"
    /// );
    /// ```
    pub fn in_field(&self, at: &str) -> FieldError {
        let below = |path: &str| if path.is_empty() { at.to_owned() } else { format!("{at}.{path}") };
        let mut detail = self.shown.as_ref().map(|shown| format!("{shown}: ")).unwrap_or_default();
        detail.push_str(&self.detail);
        if let Some(within) = &self.within {
            detail.push_str(&below(within));
        }
        FieldError { kind: self.kind, path: below(&self.path), value: None, detail }
    }
}

impl fmt::Display for SchemaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.detail)?;
        self.within.as_ref().map_or(Ok(()), |within| f.write_str(within))
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
