//! Functions and macros beyond the operators.

mod convert;
mod format;
pub mod kubernetes;
mod lists;
mod math;
mod optional;
pub(crate) mod pattern;
mod standard;
mod strings;
mod times;

use crate::env::Library;
pub use lists::{encoders, lists, sets};
pub use math::math;
pub use optional::optionals;
pub use standard::standard;
pub use strings::strings;

/// All libraries of the language itself: strings, encoders, math, lists, sets, optionals, two-variable loops, bindings.
pub fn extensions() -> Vec<Library> {
    vec![strings(), encoders(), math(), lists(), sets(), optionals(), two_variables(), bindings()]
}

/// `cel.bind`.
pub fn bindings() -> Library {
    use crate::ast::ExprKind;
    use crate::syntax::{Args, Macro};
    let bind = Macro::receiver("bind", Args::Exactly(3), |call| {
        if call.target_name() != Some("cel") {
            return Ok(None);
        }
        let name = call.arg(0)?;
        let Some(name) = name.as_ident() else {
            return Err(call.error_at(name, "cel.bind() variable names must be simple identifiers"));
        };
        Ok(Some(call.node(ExprKind::Bind {
            name: name.clone(),
            value: Box::new(call.arg(1)?.clone()),
            body: Box::new(call.arg(2)?.clone()),
        })))
    });
    Library { macros: vec![bind], ..Library::default() }
}

/// Loops with two variables: `all`, `exists`, `existsOne`, `transformList`, `transformMap`, `transformMapEntry`.
pub fn two_variables() -> Library {
    Library { macros: crate::syntax::two_variable_macros(), ..Library::default() }
}
