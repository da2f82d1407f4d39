//! From files to objects with the places of their fields.
//!
//! ```text
//! -f ─▶ files ─▶ documents (one YAML document each) ─▶ fields with line and column ─▶ kind and name checked
//! ```

mod documents;
mod files;
mod identity;
mod located;

pub(crate) use files::sources;
pub(crate) use identity::{Manifest, Wrong, manifests};
