//! A compiled expression.

use std::sync::Arc;

use crate::activation::Activation;
use crate::ast::{Ast, Expr};
use crate::check::Checked;
use crate::cost::{Estimate, Sizes, estimate};
use crate::error::EvalError;
use crate::eval::{Plan, Run};
use crate::ty::Type;
use crate::value::Value;

/// A compiled expression: immutable, shared, free of any reference to its environment.
#[derive(Clone, Debug)]
pub struct Program(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ast: Ast,
    checked: Checked,
    plan: Plan,
    cost_limit: u64,
}

impl Program {
    pub(crate) fn new(ast: Ast, checked: Checked, cost_limit: u64) -> Self {
        let plan = Plan::new(&ast, &checked);
        Self(Arc::new(Inner { ast, checked, plan, cost_limit }))
    }

    /// Evaluates with the environment's cost budget.
    pub fn eval(&self, activation: &Activation) -> Result<Value, EvalError> {
        self.eval_metered(activation, self.0.cost_limit).0
    }

    /// Evaluates with a budget; gives also what was spent.
    pub fn eval_metered(&self, activation: &Activation, budget: u64) -> (Result<Value, EvalError>, u64) {
        let run = Run::new(&self.0.plan, activation.values(), budget);
        let result = run.result();
        (result, budget - run.left())
    }

    /// What an evaluation may cost, given what is known of the sizes of the variables.
    ///
    /// ```
    /// use cel::{Env, Type, cost::Estimate};
    /// let env = Env::builder().variable("names", Type::list(Type::String)).build();
    /// let program = env.compile("names.all(name, name.startsWith('a'))").unwrap();
    /// let sizes = |path: &[std::sync::Arc<str>], _: &Type| {
    ///     (path.len() == 1).then_some(Estimate::up_to(100))
    /// };
    /// assert_eq!(program.estimate(&sizes), Estimate { min: 2, max: 502 });
    /// assert_eq!(program.estimate(&()).max, u64::MAX);
    /// ```
    pub fn estimate(&self, sizes: &dyn Sizes) -> Estimate {
        estimate(&self.0.ast.root, &self.0.checked, sizes)
    }

    /// The type of the result.
    pub fn output_type(&self) -> &Type {
        self.0.checked.type_of(&self.0.ast.root)
    }

    /// The source text.
    pub fn source(&self) -> &str {
        &self.0.ast.source
    }

    /// The tree.
    pub fn ast(&self) -> &Ast {
        &self.0.ast
    }

    /// The type of a node of the tree.
    pub fn type_of(&self, expr: &Expr) -> &Type {
        self.0.checked.type_of(expr)
    }

    /// The slots of the variables that the expression may read, in order.
    pub fn slots(&self) -> Vec<u32> {
        self.0.plan.slots()
    }

    /// The value, where the expression does not depend on any variable.
    pub fn constant(&self) -> Option<&Value> {
        self.0.plan.constant()
    }
}
