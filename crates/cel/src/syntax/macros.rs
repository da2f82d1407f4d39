//! Macros: calls that are rewritten while parsing.

use std::fmt;
use std::sync::Arc;

use crate::ast::{Comprehension, ComprehensionKind, Element, Expr, ExprKind, Literal, SelectMode};
use crate::source::Span;

/// How many arguments a macro takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Args {
    /// Just so many; a call with another number is a plain call.
    Exactly(usize),
    /// Any number.
    Any,
}

type Expander = dyn Fn(&MacroCall<'_>) -> Result<Option<Expr>, MacroError> + Send + Sync;

/// A macro: its name, the calls it takes and what it makes of them.
#[derive(Clone)]
pub struct Macro {
    name: Arc<str>,
    args: Args,
    receiver: bool,
    expand: Arc<Expander>,
}

impl fmt::Debug for Macro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Macro({}{}, {:?})", if self.receiver { "." } else { "" }, self.name, self.args)
    }
}

impl Macro {
    /// `name(…)`. The expander answers `None` to leave the call as it is.
    pub fn global(
        name: &str,
        args: Args,
        expand: impl Fn(&MacroCall<'_>) -> Result<Option<Expr>, MacroError> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), args, receiver: false, expand: Arc::new(expand) }
    }

    /// `target.name(…)`. The expander answers `None` to leave the call as it is.
    pub fn receiver(
        name: &str,
        args: Args,
        expand: impl Fn(&MacroCall<'_>) -> Result<Option<Expr>, MacroError> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), args, receiver: true, expand: Arc::new(expand) }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn takes(&self, name: &str, receiver: bool, count: usize) -> bool {
        *self.name == *name
            && self.receiver == receiver
            && match self.args {
                Args::Exactly(n) => n == count,
                Args::Any => true,
            }
    }

    pub(crate) fn expand(&self, call: &MacroCall<'_>) -> Result<Option<Expr>, MacroError> {
        (self.expand)(call)
    }
}

/// Why a macro cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacroError {
    /// What is wrong.
    pub message: String,
    /// The byte concerned.
    pub at: u32,
    /// The part of the source concerned.
    pub span: Span,
}

/// A call to be expanded, with makers for nodes that stand at its place.
#[derive(Debug)]
pub struct MacroCall<'a> {
    /// The receiver.
    pub target: Option<&'a Expr>,
    /// The arguments, macros in them already expanded.
    pub args: &'a [Expr],
    /// The whole call.
    pub span: Span,
    /// The opening parenthesis.
    pub at: u32,
}

impl MacroCall<'_> {
    /// The receiver's name, if it is a bare one.
    pub fn target_name(&self) -> Option<&str> {
        self.target.and_then(Expr::as_ident).map(|name| &**name)
    }

    /// The argument at a place.
    ///
    /// # Errors
    /// When there is none.
    pub fn arg(&self, place: usize) -> Result<&Expr, MacroError> {
        self.args.get(place).ok_or_else(|| self.error(format!("argument {place} is missing")))
    }

    /// A problem of the call itself.
    pub fn error(&self, message: impl Into<String>) -> MacroError {
        MacroError { message: message.into(), at: self.at, span: self.span }
    }

    /// A problem of one of its parts.
    pub fn error_at(&self, part: &Expr, message: impl Into<String>) -> MacroError {
        MacroError { message: message.into(), at: part.at, span: part.span }
    }

    /// A node at the place of the call.
    pub fn node(&self, kind: ExprKind) -> Expr {
        Expr::new(kind, self.span, self.at)
    }

    /// A name.
    pub fn ident(&self, name: &str) -> Expr {
        self.node(ExprKind::Ident(name.into()))
    }

    /// A constant.
    pub fn literal(&self, literal: Literal) -> Expr {
        self.node(ExprKind::Literal(literal))
    }

    /// `operand.field`
    pub fn select(&self, operand: Expr, field: &str) -> Expr {
        self.node(ExprKind::Select { operand: Box::new(operand), field: field.into(), mode: SelectMode::Plain })
    }

    /// `function(args)`, operators included.
    pub fn call(&self, function: &str, args: Vec<Expr>) -> Expr {
        self.node(ExprKind::Call { function: function.into(), target: None, args })
    }

    /// `target.function(args)`
    pub fn receiver_call(&self, target: Expr, function: &str, args: Vec<Expr>) -> Expr {
        self.node(ExprKind::Call { function: function.into(), target: Some(Box::new(target)), args })
    }

    /// `[items]`
    pub fn list(&self, items: Vec<Expr>) -> Expr {
        self.node(ExprKind::List(items.into_iter().map(|value| Element { optional: false, value }).collect()))
    }

    /// `operand[index]`
    pub fn index(&self, operand: Expr, index: Expr) -> Expr {
        self.call("_[_]", vec![operand, index])
    }

    /// `operand[?index]`
    pub fn optional_index(&self, operand: Expr, index: Expr) -> Expr {
        self.call("_[?_]", vec![operand, index])
    }

    fn name_at(&self, place: usize, message: &str) -> Result<Arc<str>, MacroError> {
        let arg = self.arg(place)?;
        arg.as_ident().cloned().ok_or_else(|| self.error_at(arg, message))
    }

    fn comprehension(
        &self,
        kind: ComprehensionKind,
        var: Arc<str>,
        var2: Option<Arc<str>>,
        filter: Option<&Expr>,
        body: &Expr,
    ) -> Result<Option<Expr>, MacroError> {
        let range = self.target.ok_or_else(|| self.error("a receiver is missing"))?.clone();
        Ok(Some(self.node(ExprKind::Comprehension(Box::new(Comprehension {
            kind,
            range,
            var,
            var2,
            filter: filter.cloned(),
            body: body.clone(),
        })))))
    }
}

/// `has`, `all`, `exists`, `exists_one`, `map`, `filter`.
pub(crate) fn standard_macros() -> Vec<Macro> {
    let mut macros = vec![Macro::global("has", Args::Exactly(1), |call| {
        let arg = call.arg(0)?;
        match &arg.kind {
            ExprKind::Select { operand, field, mode: SelectMode::Plain } => {
                let kind = ExprKind::Select { operand: operand.clone(), field: field.clone(), mode: SelectMode::Test };
                Ok(Some(Expr::new(kind, call.span, arg.at)))
            }
            _ => Err(call.error_at(arg, "invalid argument to has() macro")),
        }
    })];
    for (name, kind) in [
        ("all", ComprehensionKind::All),
        ("exists", ComprehensionKind::Exists),
        ("exists_one", ComprehensionKind::ExistsOne),
        ("filter", ComprehensionKind::Filter),
        ("map", ComprehensionKind::Map),
    ] {
        let message = match kind {
            ComprehensionKind::Filter | ComprehensionKind::Map => "argument is not an identifier",
            _ => "argument must be a simple name",
        };
        macros.push(Macro::receiver(name, Args::Exactly(2), move |call| {
            call.comprehension(kind, call.name_at(0, message)?, None, None, call.arg(1)?)
        }));
    }
    macros.push(Macro::receiver("map", Args::Exactly(3), |call| {
        let var = call.name_at(0, "argument is not an identifier")?;
        call.comprehension(ComprehensionKind::Map, var, None, Some(call.arg(1)?), call.arg(2)?)
    }));
    macros
}

/// The macros with two loop variables.
pub(crate) fn two_variable_macros() -> Vec<Macro> {
    let mut macros = Vec::new();
    for (name, kind) in [
        ("all", ComprehensionKind::All),
        ("exists", ComprehensionKind::Exists),
        ("existsOne", ComprehensionKind::ExistsOne),
        ("exists_one", ComprehensionKind::ExistsOne),
        ("transformList", ComprehensionKind::Map),
        ("transformMap", ComprehensionKind::TransformMap),
        ("transformMapEntry", ComprehensionKind::TransformMapEntry),
    ] {
        let vars = |call: &MacroCall<'_>| -> Result<(Arc<str>, Arc<str>), MacroError> {
            let first = call.name_at(0, "argument must be a simple name")?;
            let second = call.name_at(1, "argument must be a simple name")?;
            if first == second {
                let arg = call.arg(1)?;
                return Err(call.error_at(arg, format!("duplicate variable name: {second}")));
            }
            Ok((first, second))
        };
        macros.push(Macro::receiver(name, Args::Exactly(3), move |call| {
            let (first, second) = vars(call)?;
            call.comprehension(kind, first, Some(second), None, call.arg(2)?)
        }));
        if name.starts_with("transform") {
            macros.push(Macro::receiver(name, Args::Exactly(4), move |call| {
                let (first, second) = vars(call)?;
                call.comprehension(kind, first, Some(second), Some(call.arg(2)?), call.arg(3)?)
            }));
        }
    }
    macros
}

/// `optMap` and `optFlatMap`.
pub(crate) fn optional_macros() -> Vec<Macro> {
    [("optMap", false), ("optFlatMap", true)]
        .into_iter()
        .map(|(name, flat)| {
            Macro::receiver(name, Args::Exactly(2), move |call| {
                let target = call.target.ok_or_else(|| call.error("a receiver is missing"))?;
                let message = format!("{name}() variable name must be a simple identifier");
                let var = call.name_at(0, &message)?;
                Ok(Some(call.node(ExprKind::OptMap {
                    target: Box::new(target.clone()),
                    name: var,
                    body: Box::new(call.arg(1)?.clone()),
                    flat,
                })))
            })
        })
        .collect()
}

/// `sortBy`.
pub(crate) fn sort_by() -> Macro {
    Macro::receiver("sortBy", Args::Exactly(2), |call| {
        let var = call.name_at(0, "sortBy can only be used with a simple identifier as its first argument")?;
        call.comprehension(ComprehensionKind::SortBy, var, None, None, call.arg(1)?)
    })
}
