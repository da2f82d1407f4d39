#![forbid(unsafe_code)]
//! The Common Expression Language: parser, macros, checker, evaluator with a cost budget, libraries.
//!
//! ```
//! use cel::{Env, Numbers, Type, Value};
//!
//! let env = Env::builder()
//!     .variable("spec", Type::map(Type::String, Type::Dyn))
//!     .build();
//! let program = env.compile("spec.replicas > 2 && spec.name.startsWith('web')").unwrap();
//! let spec = Value::from_json(&serde_json::json!({"replicas": 3, "name": "web-1"}), Numbers::AsInt);
//! assert_eq!(program.eval(&env.activation().with("spec", spec)).unwrap(), Value::Bool(true));
//!
//! let issues = env.compile("spek.name").unwrap_err();
//! assert_eq!(
//!     issues[0].to_string(),
//!     "ERROR: <input>:1:1: undeclared reference to 'spek' (in container '')\n | spek.name\n | ^",
//! );
//! ```

mod activation;
pub mod ast;
pub mod cases;
mod check;
pub mod cost;
mod env;
mod error;
mod eval;
mod function;
pub mod libraries;
mod program;
mod source;
mod syntax;
mod ty;
mod value;

pub use activation::Activation;
pub use env::{DEFAULT_COST_LIMIT, Env, EnvBuilder, Library};
pub use error::{EvalError, EvalErrorKind};
pub use function::{Function, Native, Overload};
pub use program::Program;
pub use source::{Issue, IssueKind, Span, locate, render};
pub use syntax::{Args, Macro, MacroCall, MacroError, print, quote, quote_bytes};
pub use ty::{ObjectType, Type};
pub use value::{
    Duration, Key, Map, MapBuilder, Numbers, Opaque, Timestamp, ToJsonError, Value, compare, double_text, json_double,
};
