//! From files to objects with the places of their fields.
//!
//! ```text
//! -f ─▶ files ─▶ documents (one YAML document each) ─▶ fields with line and column ─▶ kind and name checked
//! ```

mod documents;
mod expression;
mod files;
mod identity;
mod located;

pub(crate) use files::{Source, sources};
pub(crate) use identity::{Manifest, Wrong, manifests};
pub(crate) use located::Position;
