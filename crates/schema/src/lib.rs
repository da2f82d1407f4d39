#![forbid(unsafe_code)]
//! Structural schemas as a Kubernetes API server treats them: parse once, then default, prune,
//! validate and explain JSON values.
//!
//! Three ways in:
//! - [`Schema::parse`]: the `openAPIV3Schema` of a custom resource version. The root is a resource: `apiVersion`, `kind` and
//!   `metadata` belong to every such object whether the schema mentions them or not.
//! - [`Schema::parse_plain`]: a schema for any JSON value, such as a configuration. Nothing is implied at the root.
//! - [`Definitions::parse`]: the named, mutually referring schemas of an OpenAPI document (the built-in kinds).
//!
//! An API server's order is: [`Schema::prune`] on decoding, [`Schema::default_in_place`], admission, [`Schema::validate`].
//!
//! ```
//! use schema::Schema;
//! use serde_json::json;
//!
//! let schema = Schema::parse_plain(&json!({
//!     "type": "object",
//!     "properties": { "replicas": { "type": "integer", "minimum": 1, "default": 1 } },
//! }))
//! .unwrap();
//! let mut value = json!({});
//! schema.default_in_place(&mut value);
//! assert_eq!(value, json!({ "replicas": 1 }));
//! let errors = schema.validate(&json!({ "replicas": 0 }), None);
//! assert_eq!(
//!     errors[0].to_string(),
//!     "replicas: Invalid value: 0: replicas in body should be greater than or equal to 1"
//! );
//! ```

mod default;
mod error;
mod explain;
mod go_text;
mod handle;
mod node;
mod parse;
mod path;
mod pattern;
mod prune;
mod rules;
mod validate;

pub use error::{ErrorKind, FieldError};
pub use explain::{ExplainError, Explained, ExplainedField};
pub use go_text::{json as go_json, quote as go_quote, type_name as go_type_name};
pub use handle::{Definitions, Node, Schema};
pub use node::{Kind, ListType, MapType};
pub use parse::{SchemaProblem, unknown_keywords};
pub use pattern::{PatternError, compile as compile_pattern};
