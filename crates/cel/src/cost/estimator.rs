//! Cost, size and path of each node.

use std::sync::Arc;

use super::{Estimate, Sizes, without_null};
use crate::ast::{Expr, ExprKind, Literal, SelectMode};
use crate::check::{Checked, Reference};
use crate::ty::Type;

pub(super) type Path = Vec<Arc<str>>;

/// What is known of a node.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) cost: Estimate,
    pub(super) size: Option<Estimate>,
    /// Where in the input it stands; empty where it stands nowhere.
    pub(super) path: Path,
    pub(super) entries: Option<Entries>,
}

/// The sizes of what a list or map made by the expression holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entries {
    pub(super) list: bool,
    pub(super) key: Estimate,
    pub(super) value: Estimate,
}

impl Entries {
    pub(super) fn either(self, other: Self) -> Self {
        Self { list: self.list, key: self.key.either(other.key), value: self.value.either(other.value) }
    }

    /// Of the entries of a literal; nothing is in an empty one.
    fn of(list: bool, entries: impl Iterator<Item = (Estimate, Estimate)>) -> Self {
        let nothing = Self { list, key: Estimate::exactly(0), value: Estimate::exactly(0) };
        let all = entries.map(|(key, value)| Self { list, key, value });
        all.reduce(Self::either).unwrap_or(if list { Self { key: Estimate::exactly(1), ..nothing } } else { nothing })
    }
}

impl Known {
    pub(super) fn of(cost: Estimate) -> Self {
        Self { cost, size: None, path: Path::new(), entries: None }
    }

    pub(super) fn sized(cost: Estimate, size: Estimate) -> Self {
        Self { size: Some(size), ..Self::of(cost) }
    }
}

/// What is known of a variable of the expression's own.
#[derive(Clone, Debug, Default)]
pub(super) struct Local {
    pub(super) size: Option<Estimate>,
    pub(super) path: Path,
    pub(super) entries: Option<Entries>,
}

pub(super) struct Estimator<'a> {
    pub(super) checked: &'a Checked,
    pub(super) sizes: &'a dyn Sizes,
    pub(super) locals: Vec<Local>,
}

impl<'a> Estimator<'a> {
    pub(super) fn new(checked: &'a Checked, sizes: &'a dyn Sizes) -> Self {
        Self { checked, sizes, locals: Vec::new() }
    }

    /// The size of a node: its own, what the input says of its path, what its type says.
    pub(super) fn known_size(&self, known: &Known, ty: &Type) -> Option<Estimate> {
        if known.size.is_some() {
            return known.size;
        }
        if !known.path.is_empty()
            && let Some(size) = self.sizes.size(&known.path, ty)
        {
            return Some(size);
        }
        match ty {
            Type::Bool | Type::Int | Type::Uint | Type::Double | Type::Null | Type::Timestamp | Type::Duration => {
                Some(Estimate::exactly(1))
            }
            _ => None,
        }
    }

    pub(super) fn size(&self, known: &Known, ty: &Type) -> Estimate {
        self.known_size(known, ty).unwrap_or(Estimate::UNKNOWN)
    }

    pub(super) fn type_of(&self, expr: &Expr) -> &'a Type {
        without_null(self.checked.type_of(expr))
    }

    fn size_of(&self, known: &Known, expr: &Expr) -> Estimate {
        self.size(known, self.checked.type_of(expr))
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Known {
        match &expr.kind {
            ExprKind::Literal(literal) => Known {
                size: match literal {
                    Literal::String(text) => Some(Estimate::exactly(text.chars().count() as u64)),
                    Literal::Bytes(bytes) => Some(Estimate::exactly(bytes.len() as u64)),
                    _ => None,
                },
                ..Known::of(Estimate::exactly(0))
            },
            ExprKind::Ident(name) => self.ident(expr, name),
            ExprKind::Select { operand, field, mode } => self.select(expr, operand, field, *mode),
            ExprKind::Call { function, target, args } => self.call(expr, function, target.as_deref(), args),
            ExprKind::List(elements) => {
                let known: Vec<Known> = elements.iter().map(|element| self.expr(&element.value)).collect();
                let cost = known.iter().fold(Estimate::exactly(10), |sum, element| sum.plus(element.cost));
                let sizes = known.iter().zip(elements).map(|(known, element)| self.size_of(known, &element.value));
                let entries = Entries::of(true, sizes.map(|size| (Estimate::exactly(1), size)));
                Known { entries: Some(entries), ..Known::sized(cost, Estimate::exactly(elements.len() as u64)) }
            }
            ExprKind::Map(entries) => {
                let known: Vec<(Known, Known)> =
                    entries.iter().map(|entry| (self.expr(&entry.key), self.expr(&entry.value))).collect();
                let cost =
                    known.iter().fold(Estimate::exactly(30), |sum, (key, value)| sum.plus(key.cost).plus(value.cost));
                let sizes = known
                    .iter()
                    .zip(entries)
                    .map(|((key, value), entry)| (self.size_of(key, &entry.key), self.size_of(value, &entry.value)));
                let inside = Entries::of(false, sizes);
                Known { entries: Some(inside), ..Known::sized(cost, Estimate::exactly(entries.len() as u64)) }
            }
            ExprKind::Struct { fields, .. } => {
                Known::of(fields.iter().fold(Estimate::exactly(40), |sum, (_, v)| sum.plus(self.expr(v).cost)))
            }
            ExprKind::Comprehension(c) => self.comprehension(c),
            ExprKind::Bind { value, body, .. } => {
                let given = self.expr(value);
                self.bound(given, self.checked.type_of(value), body)
            }
            ExprKind::OptMap { target, body, flat, .. } => {
                // As it is written out: whether there is a value, then the value bound to the name.
                let optional = self.expr(target);
                let there = optional.cost.plus(Estimate::exactly(1));
                let held = match self.type_of(target) {
                    Type::Optional(held) => &**held,
                    _ => &Type::Dyn,
                };
                let body = self.bound(Known::of(there), held, body).cost;
                let (some, none) = (Estimate::exactly(u64::from(!flat)), Estimate::exactly(1));
                Known::of(there.plus(body.plus(some).either(none)))
            }
        }
    }

    /// A value under a name: the loop over nothing that stands for it costs an empty list.
    fn bound(&mut self, value: Known, ty: &Type, body: &Expr) -> Known {
        let size = self.known_size(&value, ty);
        self.locals.push(Local { size, path: value.path, entries: value.entries });
        let mut known = self.expr(body);
        self.locals.pop();
        known.path.clear();
        known.cost = known.cost.plus(value.cost).plus(Estimate::exactly(10));
        known
    }

    fn ident(&self, expr: &Expr, name: &Arc<str>) -> Known {
        let mut known = Known::of(Estimate::exactly(1));
        match self.checked.reference(expr) {
            Some(Reference::Local(place)) => {
                if let Some(local) = self.locals.get(*place as usize) {
                    known.path.clone_from(&local.path);
                    known.entries = local.entries;
                    // What the input says goes before what the loop knows.
                    known.size = self.known_size(&known, self.checked.type_of(expr)).or(local.size);
                }
            }
            _ => known.path = vec![name.clone()],
        }
        known
    }

    fn select(&mut self, expr: &Expr, operand: &Expr, field: &Arc<str>, mode: SelectMode) -> Known {
        if let (Some(Reference::Slot(_)), Some(name)) = (self.checked.reference(expr), expr.qualified_name()) {
            return self.ident(expr, &name.into());
        }
        let mut known = self.expr(operand);
        let field = match self.checked.reference(expr) {
            Some(Reference::Field(key)) => key.clone(),
            _ => field.clone(),
        };
        let one = Estimate::exactly(1);
        match mode {
            SelectMode::Test => Known::of(known.cost),
            SelectMode::Optional => Known::of(known.cost.plus(one)),
            SelectMode::Plain => {
                known.path.push(field);
                // Of what has no type nothing is known to be gone through.
                let own = match self.type_of(operand) {
                    Type::Map(..) | Type::Object(_) => one,
                    _ => Estimate::exactly(0),
                };
                Known { path: known.path, ..Known::of(known.cost.plus(own)) }
            }
        }
    }
}
