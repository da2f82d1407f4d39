//! An expression: compiled at its first use, then kept.

use std::sync::{Arc, OnceLock};

use cel::ast::{Expr, ExprKind};
use cel::{Env, Program, Value};

use super::convert::into_tree;
use super::{Bindings, TemplateError};
use crate::tree::Tree;

/// An expression in a template, with the scope it was written in.
///
/// It is compiled when it is first needed: an expression that is never reached may be wrong without harm (contract of
/// v1.2; [`crate::check`] looks at all of them).
#[derive(Debug)]
pub struct Expression {
    source: Arc<str>,
    env: Env,
    string_maps: Vec<[&'static str; 2]>,
    compiled: OnceLock<Result<Compiled, TemplateError>>,
}

#[derive(Debug)]
struct Compiled {
    program: Program,
    result: ResultKind,
}

/// What the resource hash and workflow runs need to know about a result beside its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ResultKind {
    Any,
    Strings,
    StringMap,
}

impl Expression {
    pub(super) fn new(source: &str, env: Env, string_maps: Vec<[&'static str; 2]>) -> Self {
        Self { source: Arc::from(source), env, string_maps, compiled: OnceLock::new() }
    }

    /// The text between the braces.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// The compiled program.
    pub fn program(&self) -> Result<&Program, &TemplateError> {
        self.compiled().map(|compiled| &compiled.program)
    }

    /// The problems of the expression as the language reports them; none where it compiles.
    pub fn issues(&self) -> Vec<cel::Issue> {
        match self.compiled() {
            Ok(_) => Vec::new(),
            Err(_) => self.env.compile(&self.source).err().unwrap_or_default(),
        }
    }

    /// What the expression could use: variables, functions, and their types.
    pub(crate) fn env(&self) -> &Env {
        &self.env
    }

    /// The value.
    pub fn value(&self, bindings: &Bindings) -> Result<Value, TemplateError> {
        self.value_of(self.program().map_err(Clone::clone)?, bindings)
    }

    fn value_of(&self, program: &Program, bindings: &Bindings) -> Result<Value, TemplateError> {
        program
            .eval(bindings.activation())
            .map_err(|error| TemplateError::Evaluate { expression: self.source.clone(), message: error.to_string() })
    }

    /// The value as a tree.
    pub fn evaluate(&self, bindings: &Bindings) -> Result<Tree, TemplateError> {
        let compiled = self.compiled().map_err(Clone::clone)?;
        let value = self.value_of(&compiled.program, bindings)?;
        let tree = into_tree(value)
            .map_err(|error| TemplateError::Evaluate { expression: self.source.clone(), message: error.to_string() })?;
        Ok(match (compiled.result, tree) {
            (ResultKind::Strings, Tree::List(items)) => Tree::Strings(items),
            (ResultKind::StringMap, Tree::Map(map)) => Tree::StringMap(map),
            (_, tree) => tree,
        })
    }

    fn compiled(&self) -> Result<&Compiled, &TemplateError> {
        self.compiled
            .get_or_init(|| {
                self.env
                    .compile(&self.source)
                    .map(|program| {
                        let result = self.kind(&program.ast().root);
                        Compiled { program, result }
                    })
                    .map_err(|issues| TemplateError::Compile {
                        expression: self.source.clone(),
                        report: issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into(),
                        at: issues.first().map_or((1, 1), |issue| (issue.line as usize, issue.column as usize)),
                    })
            })
            .as_ref()
    }

    fn kind(&self, root: &Expr) -> ResultKind {
        match &root.kind {
            ExprKind::Call { function, target: Some(_), .. } if **function == *"split" => ResultKind::Strings,
            ExprKind::Select { operand, field, .. }
                if self.string_maps.iter().any(|[variable, known]| {
                    **field == **known && operand.as_ident().is_some_and(|name| **name == **variable)
                }) =>
            {
                ResultKind::StringMap
            }
            _ => ResultKind::Any,
        }
    }
}
