//! From JSON to nodes: reads keywords, then checks what makes a schema structural.

mod complete;
mod defaults;
mod definitions;
mod keywords;
mod node;
mod standard;
mod structural;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use defaults::refused as refused_defaults;
pub(crate) use definitions::read as definitions;
pub use keywords::unknown_keywords;

use crate::error::{ErrorKind, FieldError};
use crate::go_text;
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

    /// A value that cannot stand there.
    pub(crate) fn refused(path: impl Into<String>, given: &Value, detail: impl Into<String>) -> Self {
        Self { shown: Some(go_text::shown(given)), ..Self::invalid(path, detail) }
    }

    /// Something that must be there.
    pub(crate) fn required(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Required, ..Self::invalid(path, detail) }
    }

    /// Something that may not be there.
    pub(crate) fn forbidden(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Forbidden, ..Self::invalid(path, detail) }
    }

    /// A word that is none of those that there are.
    pub(crate) fn not_supported(path: impl Into<String>, given: &str, supported: &[&str]) -> Self {
        Self::of(FieldError::not_supported(path, given.into(), supported))
    }

    /// What is wrong with a value that stands in the schema.
    pub(crate) fn of(error: FieldError) -> Self {
        let shown = error.value.as_ref().map(go_text::shown);
        Self { path: error.path, kind: error.kind, shown, detail: error.detail, within: None }
    }

    /// What is wrong, without the place: as an API server words it.
    pub fn body(&self) -> String {
        if self.kind == ErrorKind::Invalid && self.shown.is_none() {
            let within = self.within.as_deref().unwrap_or_default();
            return format!("{}{within}", self.detail);
        }
        self.in_field("").body()
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
        let below = |path: &str| match (at, path) {
            (at, "") => at.to_owned(),
            ("", path) => path.to_owned(),
            (at, path) => format!("{at}.{path}"),
        };
        let mut detail = self.detail.clone();
        if let Some(within) = &self.within {
            detail.push_str(&below(within));
        }
        let told: Vec<&str> =
            self.shown.as_deref().into_iter().chain([&*detail]).filter(|text| !text.is_empty()).collect();
        FieldError { kind: self.kind, path: below(&self.path), value: None, detail: told.join(": ") }
    }
}

/// Problems as they are found.
#[derive(Debug, Default)]
struct Problems(Vec<SchemaProblem>);

impl Problems {
    fn required(&mut self, path: String, detail: &str) {
        self.0.push(SchemaProblem::required(path, detail));
    }

    fn forbidden(&mut self, path: String, detail: &str) {
        self.0.push(SchemaProblem::forbidden(path, detail));
    }

    fn refused(&mut self, path: String, given: impl Into<Value>, detail: &str) {
        self.0.push(SchemaProblem::refused(path, &given.into(), detail));
    }
}

impl fmt::Display for SchemaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.body())
    }
}

impl std::error::Error for SchemaProblem {}

/// Nested deeper than this is refused: nothing sane is, and recursion must end.
pub(crate) const MAX_DEPTH: usize = 64;

pub(crate) fn structural(schema: &Value, resource: bool) -> Result<Schema, Vec<SchemaProblem>> {
    let mut reader = node::Reader::new(None);
    let root = reader.read(schema, "", 0);
    let (mut arena, found) = reader.finish();
    let mut problems = Vec::new();
    if found.whole {
        problems = structural::problems(&arena, root, resource, &found);
        if problems.is_empty() {
            problems = defaults::problems(&arena, root);
        }
    }
    problems.extend(standard::problems(&arena, root, resource, &found));
    problems.extend(found.problems);
    if resource {
        arena.nodes[root as usize].embedded = true;
    }
    if problems.is_empty() {
        rules::compile(&mut arena, root, &mut problems);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Schema { arena: Arc::new(arena), root })
}
