//! From text to tree and back.

mod lexer;
mod literal;
mod macros;
mod operand;
mod parser;
mod print;

pub use literal::{quote, quote_bytes};
pub use macros::{Args, Macro, MacroCall, MacroError};
pub(crate) use macros::{optional_macros, sort_by, standard_macros, two_variable_macros};
pub(crate) use parser::{ParseOptions, parse};
pub use print::print;
