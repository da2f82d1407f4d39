//! What can go wrong while an expression runs.

use std::fmt;

use crate::source::{Span, locate};
use crate::value::Value;

/// The class of a run-time error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalErrorKind {
    /// No function takes values of these types.
    NoSuchOverload,
    /// A map has no such key, an object no such field.
    NoSuchKey,
    /// A variable was not given or is unknown.
    NoSuchVariable,
    /// An argument is out of its range or malformed.
    InvalidArgument,
    /// The cost budget or the depth limit is used up.
    LimitExceeded,
}

/// A run-time error with the place of the expression that raised it.
#[derive(Clone, PartialEq, Eq)]
pub struct EvalError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: EvalErrorKind,
    message: String,
    span: Option<Span>,
}

impl EvalError {
    /// An error of a kind.
    pub fn new(kind: EvalErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), span: None }))
    }

    /// An argument is out of its range or malformed.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(EvalErrorKind::InvalidArgument, message)
    }

    /// An operator does not take these operands.
    pub fn no_such_overload() -> Self {
        Self::new(EvalErrorKind::NoSuchOverload, "no such overload")
    }

    /// A function does not take such values: `no such overload: size`.
    pub fn no_overload_of(function: &str) -> Self {
        Self::new(EvalErrorKind::NoSuchOverload, format!("no such overload: {function}"))
    }

    /// A function does not take values of these types: `no such overload: join(list, int)`.
    pub fn no_overload_for(function: &str, args: &[Value]) -> Self {
        let names: Vec<&str> = args.iter().map(Value::type_name).collect();
        Self::new(EvalErrorKind::NoSuchOverload, format!("no such overload: {function}({})", names.join(", ")))
    }

    /// A map has no such key.
    pub fn no_such_key(key: &str) -> Self {
        Self::new(EvalErrorKind::NoSuchKey, format!("no such key: {key}"))
    }

    /// The class of the error.
    pub fn kind(&self) -> EvalErrorKind {
        self.0.kind
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The part of the expression that raised it, where known.
    pub fn span(&self) -> Option<Span> {
        self.0.span
    }

    /// Line and column (from 1) in the source of the expression, where the place is known.
    pub fn line_column(&self, source: &str) -> Option<(u32, u32)> {
        let (line, column, _) = locate(source, self.0.span?.start as usize);
        Some((line, column))
    }

    /// Sets the place unless a more exact one is known.
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.0.span.get_or_insert(span);
        self
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvalError")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("span", &self.0.span)
            .finish()
    }
}

impl std::error::Error for EvalError {}
