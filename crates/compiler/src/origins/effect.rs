//! Which parts of what an expression read made one leaf of its value: each part is put differently in turn, the expression
//! is evaluated again, and the leaf is looked at. Done only for the field that somebody asks about.

use cel::ast::{Expr, ExprKind, Literal};
use cel::{Program, Value};

use super::reads::Effort;
use crate::template::{Bindings, Segment, is_omitted};

/// A value with more leaves is told as a whole.
const LEAVES: usize = 64;

/// Where no more leaves than these are in a value and all of them count, they are told one by one.
const FEW: usize = 4;

/// Constants of the expression that are tried in the place of what it read: comparisons turn with them.
const CONSTANTS: usize = 8;

/// What one more evaluation costs at least.
const EVALUATION: u64 = 20;

/// The expression cannot be evaluated with other values.
struct Failed;

pub(super) struct Effect<'e> {
    program: &'e Program,
    bindings: &'e Bindings,
    inside: &'e [Segment],
    /// The leaf as it is.
    leaf: Option<Value>,
    constants: Vec<Value>,
    effort: &'e Effort,
}

impl<'e> Effect<'e> {
    /// The effects on the leaf `inside` of the expression's value; `None` where the value cannot be had again.
    pub(super) fn new(
        program: &'e Program,
        bindings: &'e Bindings,
        inside: &'e [Segment],
        effort: &'e Effort,
    ) -> Option<Self> {
        let mut constants = Vec::new();
        literals(&program.ast().root, &mut constants);
        let mut effect = Self { program, bindings, inside, leaf: None, constants, effort };
        effect.leaf = effect.leaf_with(bindings).ok()?;
        Some(effect)
    }

    /// The parts of what stands at `path` that the leaf depends on: the path itself where it is all of it.
    pub(super) fn parts(&self, path: &[Segment]) -> Vec<Vec<Segment>> {
        let whole = || vec![path.to_vec()];
        let Some(value) = self.bindings.at(path) else { return whole() };
        let mut leaves = Vec::new();
        each_leaf(value, &mut path.to_vec(), &mut leaves);
        if leaves.len() > LEAVES {
            return whole();
        }
        let all = leaves.len();
        let mut found = Vec::new();
        for leaf in leaves {
            match self.depends_on(&leaf) {
                Some(true) => found.push(leaf),
                Some(false) => {}
                None => return whole(),
            }
        }
        if (found.len() == all && all > FEW) || (found.is_empty() && self.depends_on(path) != Some(false)) {
            return whole();
        }
        found
    }

    /// Whether the leaf changes with the value at `path`; `None` where there is no effort left to find out.
    fn depends_on(&self, path: &[Segment]) -> Option<bool> {
        let value = self.bindings.at(path)?;
        let mut evaluated = false;
        for other in self.others(value).into_iter().map(Some).chain([None]) {
            let Some(bindings) = self.bindings.with_at(path, other) else { continue };
            if self.effort.left() == 0 {
                return None;
            }
            match self.leaf_with(&bindings) {
                Ok(leaf) if leaf != self.leaf => return Some(true),
                Ok(_) => evaluated = true,
                // As a whole, which says nothing of this leaf.
                Err(Failed) => {}
            }
        }
        // What cannot be anything else is part of every leaf.
        Some(!evaluated)
    }

    /// Other values of the same type.
    fn others(&self, value: &Value) -> Vec<Value> {
        let mut others = match value {
            Value::String(text) => vec![Value::from(format!("{text}~")), Value::from("")],
            Value::Bool(value) => vec![Value::Bool(!value)],
            Value::Int(value) => vec![Value::Int(value.wrapping_add(1)), Value::Int(0)],
            Value::Uint(value) => vec![Value::Uint(value.wrapping_add(1)), Value::Uint(0)],
            Value::Double(value) => vec![Value::Double(value + 1.0), Value::Double(0.0)],
            Value::List(items) if items.is_empty() => vec![Value::list([Value::from("~")])],
            Value::List(_) => vec![Value::list([])],
            Value::Map(map) if map.is_empty() => vec![Value::map([("~", Value::from("~"))])],
            Value::Map(_) => vec![Value::map::<&str>([])],
            _ => Vec::new(),
        };
        for constant in &self.constants {
            match (value, constant) {
                (Value::Double(_), Value::Int(number)) => others.push(Value::Double(*number as f64)),
                (Value::String(_), Value::String(_))
                | (Value::Double(_), Value::Double(_))
                | (Value::Int(_), Value::Int(_)) => others.push(constant.clone()),
                _ => {}
            }
        }
        others.retain(|other| other != value);
        others
    }

    /// The leaf with other values of the variables, if it is there then.
    fn leaf_with(&self, bindings: &Bindings) -> Result<Option<Value>, Failed> {
        let budget = self.effort.left().min(cel::DEFAULT_COST_LIMIT);
        let (result, spent) = self.program.eval_metered(bindings.activation(), budget);
        self.effort.spend(spent + EVALUATION);
        let mut value = &result.map_err(|_| Failed)?;
        for segment in self.inside {
            if let Value::Optional(Some(inner)) = value {
                value = inner;
            }
            let next = match (value, segment) {
                (Value::List(items), Segment::Index(at)) => items.iter().filter(|item| !is_omitted(item)).nth(*at),
                (Value::Map(map), Segment::Key(key)) => {
                    map.iter().find(|(known, _)| *known.to_text() == **key).map(|(_, value)| value)
                }
                _ => None,
            };
            match next {
                Some(next) => value = next,
                None => return Ok(None),
            }
        }
        Ok(Some(value.clone()))
    }
}

fn literals(expr: &Expr, found: &mut Vec<Value>) {
    if found.len() >= CONSTANTS {
        return;
    }
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => found.push(Value::String(text.clone())),
        ExprKind::Literal(Literal::Int(number)) => {
            found.extend([Value::Int(*number), Value::Int(number.saturating_add(1))]);
        }
        ExprKind::Literal(Literal::Double(number)) => {
            found.extend([Value::Double(*number), Value::Double(number + 1.0)]);
        }
        _ => expr.each_child(&mut |child| literals(child, found)),
    }
}

fn each_leaf(value: &Value, path: &mut Vec<Segment>, leaves: &mut Vec<Vec<Segment>>) {
    if leaves.len() > LEAVES {
        return;
    }
    match value {
        Value::List(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                path.push(Segment::Index(at));
                each_leaf(item, path, leaves);
                path.pop();
            }
        }
        Value::Map(map) if !map.is_empty() => {
            for (key, value) in map.iter() {
                path.push(Segment::Key(key.to_text()));
                each_leaf(value, path, leaves);
                path.pop();
            }
        }
        _ => leaves.push(path.clone()),
    }
}
