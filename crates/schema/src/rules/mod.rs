//! `x-kubernetes-validations`: rules compiled once with types declared by the schema, evaluated with a cost budget, estimated before.

mod compile;
pub(crate) mod cost;
mod declare;
mod field_path;
mod form;
mod run;
mod values;

pub(crate) use compile::compile;
pub(crate) use run::check;

use cel::Program;

/// A compiled rule. Program slots: `self` and `oldSelf` of the environment it was compiled in.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    program: Program,
    message_expression: Option<Program>,
    /// The message, or what stands for it.
    text: String,
    message: Option<String>,
    reason: Reason,
    /// Relative to the rule's place, in `field.Path` form (`a.b`, `a[key]`).
    field_path: Option<String>,
    uses_old: bool,
    optional_old: bool,
    /// An activation of the rule's environment without values.
    blank: cel::Activation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Invalid,
    Forbidden,
    Required,
    Duplicate,
}

/// The name of the value that a rule is about.
const SELF: &str = "self";

/// The name of that value before an update.
const OLD_SELF: &str = "oldSelf";
