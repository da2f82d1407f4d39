//! What an expression may cost at most, known before it runs, as Kubernetes estimates it.
//!
//! ```text
//! checked expression ─▶ each node: cost, size, path (estimator) ─▶ its own (calls, loops)
//!                                      └─ sizes of what paths lead to: the caller's
//! ```
//!
//! The numbers are the contract of Kubernetes: which rules a definition may have depends on them. That a list which is
//! no part of the input has items as large as the variable `self` is one of them.

mod calls;
mod estimator;
mod loops;

use std::sync::Arc;

use crate::ast::Expr;
use crate::check::Checked;
use crate::ty::Type;

/// What preparing a regular expression (in the syntax of RE2) costs: about one unit per state of the machine that it
/// becomes.
///
/// ```
/// assert!(cel::cost::of_pattern("^a+$") < 20);
/// assert!(cel::cost::of_pattern("((a{100}){100}){100}") > 1_000_000);
/// ```
pub fn of_pattern(pattern: &str) -> u64 {
    crate::libraries::pattern::weight(pattern)
}

/// Part of a [`Sizes`] path: the places of a list.
pub const INDICES: &str = "@indices";
/// Part of a [`Sizes`] path: the items of a list.
pub const ITEMS: &str = "@items";
/// Part of a [`Sizes`] path: the keys of a map.
pub const KEYS: &str = "@keys";
/// Part of a [`Sizes`] path: the values of a map.
pub const VALUES: &str = "@values";

/// A range of numbers: of cost units, or of sizes (octets, items, entries).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// At least.
    pub min: u64,
    /// At most; `u64::MAX` when nothing bounds it.
    pub max: u64,
}

impl Estimate {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { min: 0, max: u64::MAX };

    /// Just so much.
    pub const fn exactly(number: u64) -> Self {
        Self { min: number, max: number }
    }

    /// From 0 to a bound.
    pub const fn up_to(max: u64) -> Self {
        Self { min: 0, max }
    }

    fn plus(self, other: Self) -> Self {
        Self { min: self.min.saturating_add(other.min), max: self.max.saturating_add(other.max) }
    }

    fn times(self, other: Self) -> Self {
        Self { min: self.min.saturating_mul(other.min), max: self.max.saturating_mul(other.max) }
    }

    fn factor(self, factor: f64) -> Self {
        // What is beyond the largest number is the largest number.
        let scale = |number: u64| (number as f64 * factor).ceil() as u64;
        Self { min: scale(self.min), max: scale(self.max) }
    }

    fn either(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// Of two values that are compared the smaller one is gone through.
    fn compared(self, other: Self) -> Self {
        let max = self.max.min(other.max);
        Self { min: max.min(1), max }
    }
}

/// What is known of the sizes of an expression's input.
pub trait Sizes {
    /// The size of what stands at a path, such as `["self", "spec", "names", ITEMS]`: octets of a string, items of a
    /// list, entries of a map. `None` where nothing bounds it.
    fn size(&self, path: &[Arc<str>], ty: &Type) -> Option<Estimate>;
}

/// Nothing is known of any size.
impl Sizes for () {
    fn size(&self, _: &[Arc<str>], _: &Type) -> Option<Estimate> {
        None
    }
}

impl<F: Fn(&[Arc<str>], &Type) -> Option<Estimate>> Sizes for F {
    fn size(&self, path: &[Arc<str>], ty: &Type) -> Option<Estimate> {
        self(path, ty)
    }
}

pub(crate) fn estimate(root: &Expr, checked: &Checked, sizes: &dyn Sizes) -> Estimate {
    estimator::Estimator::new(checked, sizes).expr(root).cost
}

/// The type of what is not null.
fn without_null(ty: &Type) -> &Type {
    match ty {
        Type::Nullable(inner) => without_null(inner),
        ty => ty,
    }
}
