//! Changing a rendered object in place: JSON-Patch-like operations whose paths may select several places.
//!
//! ```text
//! path text ── path ──▶ steps ── expand (against the object) ──▶ pointers ── apply, one after another ──▶ object
//! ```
//! Pointers are found before anything is written; several removals from one list therefore shift what later pointers
//! name (contract of v1.2).
//!
//! ```
//! use compiler::patch::{Op, Path, apply};
//! use compiler::tree::Tree;
//! use serde_json::json;
//!
//! let mut object = Tree::from(&json!({"containers": [{"name": "main"}, {"name": "side"}]}));
//! let path = Path::parse("/containers/[?(@.name=='main')]/tty").unwrap();
//! let places = apply(&mut object, Op::Add, &path, &Tree::Bool(true)).unwrap();
//! assert_eq!(places.len(), 1);
//! assert_eq!(object.to_json().unwrap(), json!({"containers": [{"name": "main", "tty": true}, {"name": "side"}]}));
//! ```

mod apply;
mod expand;
mod path;

pub use apply::{Node, Op, apply_at};
pub use expand::{Pointer, Segment, expand};
pub use path::{Path, Step};

use crate::tree::Tree;

/// Why a patch operation could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum PatchError {
    #[error("unsupported patch operation \"{0}\" (supported: add, replace, remove, mergeShallow)")]
    UnknownOperation(String),
    #[error("cannot apply {0} operation to root document")]
    Root(&'static str),
    #[error("invalid path segment \"{0}\": missing ']'")]
    Unclosed(String),
    #[error("unsupported filter expression: {0} (supported: @.field=='text')")]
    Filter(String),
    #[error("invalid array index \"{0}\"")]
    Index(String),
    #[error("path segment \"{key}\" expects an object, got {found}")]
    NotObject { key: String, found: &'static str },
    #[error("path segment expects an array, got {found}")]
    NotArray { found: &'static str },
    #[error("array index {0} out of bounds")]
    OutOfBounds(usize),
    #[error("array index {index} out of bounds for remove (length {length})")]
    RemoveOutOfBounds { index: usize, length: usize },
    #[error(
        "path \"{0}\" contains a filter or wildcard but matched 0 elements (filter criteria not met or target does not exist)"
    )]
    NoMatch(String),
    #[error("path \"{0}\" matches more than {limit} places", limit = expand::MAX_STATES)]
    TooMany(String),
    #[error("path has more than {limit} segments", limit = path::MAX_STEPS)]
    TooDeep,
    #[error("path does not exist at segment \"{0}\"")]
    Missing(String),
    #[error("cannot create a list for index {0}: the list does not exist")]
    NoList(usize),
    #[error("append marker '-' must be the last segment of a path")]
    AppendInside,
    #[error("replace operation failed: key \"{0}\" does not exist")]
    ReplaceMissing(String),
    #[error("replace operation cannot target append marker '-'")]
    ReplaceAppend,
    #[error("remove operation cannot target append marker '-'")]
    RemoveAppend,
    #[error("mergeShallow operation requires an object value, got {0}")]
    MergeValue(&'static str),
    #[error("mergeShallow operation cannot target a list item that does not exist")]
    MergeItem,
}

/// Applies one operation wherever `path` matches in `object`. Returns the pointers it was applied at.
///
/// Where nothing matches, a path with a filter or wildcard is an error, any other path changes nothing.
pub fn apply(object: &mut Tree, op: Op, path: &Path, value: &Tree) -> Result<Vec<Pointer>, PatchError> {
    if path.steps().is_empty() {
        return Err(PatchError::Root(op.name()));
    }
    let pointers = expand(object, path)?;
    if pointers.is_empty() && path.selects() {
        return Err(PatchError::NoMatch(path.raw().to_owned()));
    }
    for pointer in &pointers {
        apply_at(object, op, pointer, value)?;
    }
    Ok(pointers)
}

#[cfg(test)]
mod tests;
