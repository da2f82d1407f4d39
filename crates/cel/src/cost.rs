//! What an expression may cost at most, known before it runs, as Kubernetes estimates it.

use std::sync::Arc;

use crate::ast::{Comprehension, ComprehensionKind, Expr, ExprKind, Literal, SelectMode};
use crate::check::{Checked, Reference};
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

/// Part of a [`Sizes`] path: the items of a list.
pub const ITEMS: &str = "@items";
/// Part of a [`Sizes`] path: the keys of a map.
pub const KEYS: &str = "@keys";
/// Part of a [`Sizes`] path: the values of a map.
pub const VALUES: &str = "@values";

/// Going through a string costs a tenth per octet.
const TRAVERSAL: f64 = 0.1;
/// Going through a pattern costs a quarter per octet.
const PATTERN: f64 = 0.25;

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
        let scale = |number: u64| if number == u64::MAX { number } else { (number as f64 * factor).ceil() as u64 };
        Self { min: scale(self.min), max: scale(self.max) }
    }

    fn either(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    fn smaller(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.min(other.max) }
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
    Estimator { checked, sizes, locals: Vec::new() }.expr(root).cost
}

/// What is known of a node.
#[derive(Clone, Debug)]
struct Known {
    cost: Estimate,
    size: Option<Estimate>,
    path: Option<Vec<Arc<str>>>,
}

impl Known {
    fn of(cost: Estimate) -> Self {
        Self { cost, size: None, path: None }
    }
}

type Local = (Option<Estimate>, Option<Vec<Arc<str>>>);

struct Estimator<'a> {
    checked: &'a Checked,
    sizes: &'a dyn Sizes,
    /// Size and path of loop variables and bindings.
    locals: Vec<Local>,
}

impl Estimator<'_> {
    fn size(&self, known: &Known, ty: &Type) -> Estimate {
        if let Some(size) = known.size {
            return size;
        }
        if let Some(path) = &known.path
            && let Some(size) = self.sizes.size(path, ty)
        {
            return size;
        }
        match ty {
            Type::Bool | Type::Int | Type::Uint | Type::Double | Type::Null | Type::Timestamp | Type::Duration => {
                Estimate::exactly(1)
            }
            _ => Estimate::UNKNOWN,
        }
    }

    fn size_of(&self, known: &Known, expr: &Expr) -> Estimate {
        self.size(known, self.checked.type_of(expr))
    }

    fn expr(&mut self, expr: &Expr) -> Known {
        match &expr.kind {
            ExprKind::Literal(literal) => Known {
                size: match literal {
                    Literal::String(text) => Some(Estimate::exactly(text.len() as u64)),
                    Literal::Bytes(bytes) => Some(Estimate::exactly(bytes.len() as u64)),
                    _ => None,
                },
                ..Known::of(Estimate::exactly(0))
            },
            ExprKind::Ident(name) => self.ident(expr, name),
            ExprKind::Select { operand, field, mode } => self.select(expr, operand, field, *mode),
            ExprKind::Call { function, target, args } => self.call(expr, function, target.as_deref(), args),
            ExprKind::List(elements) => {
                let cost = elements.iter().fold(Estimate::exactly(10), |sum, e| sum.plus(self.expr(&e.value).cost));
                Known { size: Some(Estimate::exactly(elements.len() as u64)), ..Known::of(cost) }
            }
            ExprKind::Map(entries) => {
                let cost = entries.iter().fold(Estimate::exactly(30), |sum, e| {
                    sum.plus(self.expr(&e.key).cost).plus(self.expr(&e.value).cost)
                });
                Known { size: Some(Estimate::exactly(entries.len() as u64)), ..Known::of(cost) }
            }
            ExprKind::Struct { fields, .. } => {
                Known::of(fields.iter().fold(Estimate::exactly(40), |sum, (_, v)| sum.plus(self.expr(v).cost)))
            }
            ExprKind::Comprehension(c) => self.comprehension(c),
            ExprKind::Bind { value, body, .. } => {
                let value = self.expr(value);
                self.locals.push((value.size, value.path));
                let mut known = self.expr(body);
                self.locals.pop();
                known.cost = known.cost.plus(value.cost).plus(Estimate::exactly(1));
                known
            }
            ExprKind::OptMap { target, body, .. } => {
                let target = self.expr(target);
                self.locals.push((target.size, target.path));
                let body = self.expr(body);
                self.locals.pop();
                Known::of(target.cost.plus(Estimate::exactly(2)).plus(Estimate { min: 0, max: body.cost.max }))
            }
        }
    }

    fn ident(&self, expr: &Expr, name: &Arc<str>) -> Known {
        let mut known = Known::of(Estimate::exactly(1));
        match self.checked.reference(expr) {
            Some(Reference::Local(place)) => {
                if let Some((size, path)) = self.locals.get(*place as usize) {
                    known.size = *size;
                    known.path.clone_from(path);
                }
            }
            _ => known.path = Some(vec![name.clone()]),
        }
        known
    }

    fn select(&mut self, expr: &Expr, operand: &Expr, field: &Arc<str>, mode: SelectMode) -> Known {
        if let Some(Reference::Slot(_)) = self.checked.reference(expr) {
            return self.ident(expr, &expr.qualified_name().unwrap_or_default().into());
        }
        let operand = self.expr(operand);
        let field = match self.checked.reference(expr) {
            Some(Reference::Field(key)) => key.clone(),
            _ => field.clone(),
        };
        let path = operand.path.filter(|_| mode != SelectMode::Test).map(|mut path| {
            path.push(field);
            path
        });
        let own = Estimate::exactly(u64::from(mode != SelectMode::Test));
        Known { path, ..Known::of(operand.cost.plus(own)) }
    }

    fn call(&mut self, expr: &Expr, function: &str, target: Option<&Expr>, args: &[Expr]) -> Known {
        let parts: Vec<&Expr> = match self.checked.reference(expr) {
            Some(Reference::Overloads(declared, places))
                if !places.iter().any(|place| declared.overloads.get(*place).is_some_and(|o| o.member)) =>
            {
                args.iter().collect()
            }
            _ => target.into_iter().chain(args).collect(),
        };
        let known: Vec<Known> = parts.iter().map(|part| self.expr(part)).collect();
        let costs = known.iter().fold(Estimate::exactly(0), |sum, part| sum.plus(part.cost));
        let size = |place: usize| match (known.get(place), parts.get(place)) {
            (Some(known), Some(part)) => self.size_of(known, part),
            _ => Estimate::exactly(1),
        };
        let kind = |place: usize| parts.get(place).map_or(&Type::Dyn, |part| without_null(self.checked.type_of(part)));
        let one = Estimate::exactly(1);
        let done = |own: Estimate| Known::of(costs.plus(own));
        match function {
            "_&&_" | "_||_" => {
                let first = known.first().map_or(0, |first| first.cost.min);
                Known::of(Estimate { min: first, max: costs.max })
            }
            "_?_:_" => match known.as_slice() {
                [condition, yes, no] => Known {
                    size: Some(size(1).either(size(2))),
                    ..Known::of(condition.cost.plus(yes.cost.either(no.cost)))
                },
                _ => done(one),
            },
            "_[_]" | "_[?_]" => {
                let step = if matches!(kind(0), Type::List(_)) { ITEMS } else { VALUES };
                let path = known.first().and_then(|operand| operand.path.clone()).map(|mut path| {
                    path.push(step.into());
                    path
                });
                Known { path, ..done(one) }
            }
            "_+_" => {
                let sum = size(0).plus(size(1));
                match kind(0) {
                    Type::String | Type::Bytes | Type::Dyn => Known { size: Some(sum), ..done(sum.factor(TRAVERSAL)) },
                    Type::List(_) => Known { size: Some(sum), ..done(one) },
                    _ => done(one),
                }
            }
            "_==_" | "_!=_" => done(size(0).smaller(size(1)).factor(TRAVERSAL)),
            "_<_" | "_<=_" | "_>_" | "_>=_" => match (kind(0), kind(1)) {
                (Type::String | Type::Bytes | Type::Dyn, Type::String | Type::Bytes | Type::Dyn) => {
                    done(size(0).smaller(size(1)).factor(TRAVERSAL))
                }
                _ => done(one),
            },
            "@in" if matches!(kind(1), Type::List(_) | Type::Dyn) => done(size(1)),
            "matches" => done(size(0).plus(one).factor(TRAVERSAL).times(size(1).factor(PATTERN))),
            "find" | "findAll" => Known {
                size: Some(Estimate::up_to(size(0).max)),
                ..done(size(0).plus(one).factor(TRAVERSAL).times(size(1).factor(PATTERN)))
            },
            "contains" => done(size(0).factor(TRAVERSAL).times(size(1).factor(TRAVERSAL))),
            "startsWith" | "endsWith" => done(size(1).factor(TRAVERSAL)),
            "lowerAscii" | "upperAscii" | "substring" | "trim" | "charAt" | "bytes" | "string" | "reverse"
            | "format" | "url" | "quantity" | "ip" | "cidr" | "semver" | "isURL" | "isQuantity" | "isIP" | "isCIDR"
            | "isSemver" | "strings.quote" | "base64.encode" | "base64.decode" | "join" => {
                Known { size: Some(Estimate::up_to(size(0).max)), ..done(size(0).factor(TRAVERSAL)) }
            }
            "split" => Known { size: Some(Estimate::up_to(size(0).max)), ..done(size(0).factor(2.0 * TRAVERSAL)) },
            "replace" => {
                let grown = size(0).times(size(2).plus(one));
                Known { size: Some(Estimate::up_to(grown.max)), ..done(size(0).factor(2.0 * TRAVERSAL)) }
            }
            "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => match kind(0) {
                Type::List(item) => {
                    let step = known.first().map_or(one, |list| self.compared(list, item));
                    done(size(0).times(step))
                }
                _ => done(size(0).factor(TRAVERSAL)),
            },
            "sort" | "flatten" | "slice" => Known { size: Some(Estimate::up_to(size(0).max)), ..done(size(0)) },
            "distinct" => Known { size: Some(Estimate::up_to(size(0).max)), ..done(size(0).times(size(0))) },
            "sets.contains" | "sets.equivalent" | "sets.intersects" => done(size(0).times(size(1))),
            _ => done(one),
        }
    }

    /// What comparing one item of a list costs: a step, and going through a text.
    fn compared(&self, list: &Known, item: &Type) -> Estimate {
        let one = Estimate::exactly(1);
        if !matches!(without_null(item), Type::String | Type::Bytes) {
            return one;
        }
        let path = list.path.clone().map(|mut path| {
            path.push(ITEMS.into());
            path
        });
        let item = self.size(&Known { path, ..Known::of(one) }, item);
        one.plus(item.factor(TRAVERSAL))
    }

    fn comprehension(&mut self, c: &Comprehension) -> Known {
        let range = self.expr(&c.range);
        let range_type = without_null(self.checked.type_of(&c.range)).clone();
        let count = self.size(&range, &range_type);
        let list = matches!(range_type, Type::List(_));
        let below = |step: &str| {
            range.path.clone().map(|mut path| {
                path.push(step.into());
                path
            })
        };
        let depth = self.locals.len();
        let (key, item) = (below(if list { ITEMS } else { KEYS }), below(if list { ITEMS } else { VALUES }));
        let number = Some(Estimate::exactly(1)).filter(|_| list && c.var2.is_some());
        self.locals.push((number, key));
        if c.var2.is_some() {
            self.locals.push((None, item));
        }
        let filter = c.filter.as_ref().map(|filter| self.expr(filter).cost);
        let body = self.expr(&c.body);
        self.locals.truncate(depth);

        let one = Estimate::exactly(1);
        let kept = |cost: Estimate| match filter {
            Some(filter) => filter.plus(cost.either(one)),
            None => cost,
        };
        // What begins the loop, what each turn costs, what ends it: as the loop's own expansion would cost.
        let (begin, turn, end) = match c.kind {
            ComprehensionKind::All => (0, Estimate { min: 3, max: body.cost.max.saturating_add(3) }, 1),
            ComprehensionKind::Exists => (0, Estimate { min: 4, max: body.cost.max.saturating_add(4) }, 1),
            ComprehensionKind::ExistsOne => (0, body.cost.plus(Estimate { min: 1, max: 2 }), 2),
            ComprehensionKind::Filter => (10, body.cost.plus(Estimate { min: 1, max: 13 }), 1),
            ComprehensionKind::Map => (10, kept(body.cost.plus(Estimate::exactly(12))), 1),
            ComprehensionKind::SortBy => (20, body.cost.plus(Estimate::exactly(13)), 2),
            ComprehensionKind::TransformMap | ComprehensionKind::TransformMapEntry => {
                (30, kept(body.cost.plus(Estimate::exactly(3))), 1)
            }
        };
        let size = match c.kind {
            ComprehensionKind::All | ComprehensionKind::Exists | ComprehensionKind::ExistsOne => None,
            ComprehensionKind::Map | ComprehensionKind::TransformMap if filter.is_none() => Some(count),
            _ => Some(Estimate::up_to(count.max)),
        };
        let cost = range.cost.plus(Estimate::exactly(begin + end)).plus(count.times(turn));
        Known { size, ..Known::of(cost) }
    }
}

/// The type of what is not null.
fn without_null(ty: &Type) -> &Type {
    match ty {
        Type::Nullable(inner) => without_null(inner),
        ty => ty,
    }
}
