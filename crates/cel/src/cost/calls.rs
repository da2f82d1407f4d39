//! What functions and operators cost, and how large what they give is.

use super::estimator::{Estimator, Known};
use super::{Estimate, INDICES, ITEMS, VALUES};
use crate::ast::{Expr, ExprKind, Literal};
use crate::check::Reference;
use crate::ty::Type;

/// Going through a string costs a tenth per octet.
const TRAVERSAL: f64 = 0.1;
/// Going through a pattern costs a quarter per octet.
const PATTERN: f64 = 0.25;
/// The pattern of a named format is as long at most.
const FORMAT_PATTERN: f64 = 128.0;
/// A call that makes a list, beside what its items cost.
const MAKES_LIST: Estimate = Estimate::exactly(11);
/// The octets of an address.
const ADDRESS: Estimate = Estimate { min: 4, max: 16 };

const ONE: Estimate = Estimate::exactly(1);

/// A call's own cost without that of its arguments, and the size of what it gives.
struct Call {
    cost: Estimate,
    size: Option<Estimate>,
}

impl Call {
    fn of(cost: Estimate) -> Self {
        Self { cost, size: None }
    }

    fn sized(cost: Estimate, size: Estimate) -> Self {
        Self { cost, size: Some(size) }
    }

    /// A call that makes a list of so many items.
    fn list(factor: f64, size: Estimate) -> Self {
        Self::sized(size.factor(factor).plus(MAKES_LIST), size)
    }
}

/// The arguments of a call, the receiver first.
struct Arguments<'e> {
    parts: Vec<&'e Expr>,
    known: Vec<Known>,
    sizes: Vec<Estimate>,
    types: Vec<Type>,
}

impl Arguments<'_> {
    fn size(&self, place: usize) -> Estimate {
        self.sizes.get(place).copied().unwrap_or(Estimate::UNKNOWN)
    }

    fn kind(&self, place: usize) -> &Type {
        self.types.get(place).unwrap_or(&Type::Dyn)
    }

    /// A whole number that is written out.
    fn number(&self, place: usize) -> Option<u64> {
        match &self.parts.get(place)?.kind {
            ExprKind::Literal(Literal::Int(number)) => u64::try_from(*number).ok(),
            _ => None,
        }
    }
}

impl Estimator<'_> {
    pub(super) fn call(&mut self, expr: &Expr, function: &str, target: Option<&Expr>, args: &[Expr]) -> Known {
        let mut overloads: Vec<&str> = Vec::new();
        let mut member = true;
        let mut function = function;
        if let Some(Reference::Overloads(declared, places)) = self.checked.reference(expr) {
            let chosen = places.iter().filter_map(|place| declared.overloads.get(*place));
            member = chosen.clone().any(|overload| overload.member);
            overloads.extend(chosen.map(|overload| &*overload.id));
            // With the name that stands before it, as in `sets.contains`.
            function = declared.name();
        }
        let parts: Vec<&Expr> = target.filter(|_| member).into_iter().chain(args).collect();
        let known: Vec<Known> = parts.iter().map(|part| self.expr(part)).collect();
        let costs = known.iter().fold(Estimate::exactly(0), |sum, part| sum.plus(part.cost));
        let types: Vec<Type> = parts.iter().map(|part| self.type_of(part).clone()).collect();
        let sizes = known.iter().zip(&types).map(|(known, ty)| self.size(known, ty)).collect();
        let given = Arguments { parts, known, sizes, types };
        match (function, given.known.as_slice()) {
            ("_&&_" | "_||_", [first, ..]) => Known::of(Estimate { min: first.cost.min, max: costs.max }),
            ("_?_:_", [condition, yes, no]) => Known {
                entries: yes.entries.zip(no.entries).map(|(yes, no)| yes.either(no)),
                ..Known::sized(condition.cost.plus(yes.cost.either(no.cost)), given.size(1).either(given.size(2)))
            },
            ("_[_]", [operand, ..]) => {
                let mut path = operand.path.clone();
                path.push(if matches!(given.kind(0), Type::List(_)) { ITEMS } else { VALUES }.into());
                let size = operand.entries.map(|entries| entries.value);
                Known { size, path, ..Known::of(costs.plus(ONE)) }
            }
            // What hides a type hides nothing of the size.
            ("dyn", [operand]) => Known {
                path: Vec::new(),
                size: self.known_size(operand, given.kind(0)),
                entries: operand.entries,
                cost: costs.plus(ONE),
            },
            _ => {
                let own = self.own(function, &overloads, &given);
                let entries = match (function, given.known.as_slice()) {
                    ("_+_", [first, second]) => {
                        first.entries.zip(second.entries).map(|(first, second)| first.either(second))
                    }
                    _ => None,
                };
                Known { size: own.size, entries, ..Known::of(costs.plus(own.cost)) }
            }
        }
    }

    fn own(&self, function: &str, overloads: &[&str], given: &Arguments<'_>) -> Call {
        let size = |place: usize| given.size(place);
        let text = |place: usize| given.size(place).factor(TRAVERSAL);
        let is = |id: &str| overloads.contains(&id);
        match function {
            "_+_" => {
                let sum = size(0).plus(size(1));
                match given.kind(0) {
                    Type::String | Type::Bytes | Type::Dyn => Call::sized(sum.factor(TRAVERSAL), sum),
                    Type::List(_) => Call::sized(ONE, sum),
                    _ => Call::of(ONE),
                }
            }
            "_==_" => Call::of(equality(given)),
            "_!=_" => Call::of(size(0).compared(size(1)).factor(TRAVERSAL)),
            "_<_" | "_<=_" | "_>_" | "_>=_" => match (given.kind(0), given.kind(1)) {
                (Type::String | Type::Bytes | Type::Dyn, Type::String | Type::Bytes | Type::Dyn) => {
                    Call::of(size(0).compared(size(1)).factor(TRAVERSAL))
                }
                _ => Call::of(ONE),
            },
            "@in" if matches!(given.kind(1), Type::List(_) | Type::Dyn) => Call::of(size(1)),
            "matches" => Call::of(pattern(size(0), size(1))),
            "find" | "findAll" => Call::sized(pattern(size(0), size(1)), Estimate::up_to(size(0).max)),
            "contains" => Call::of(text(0).times(text(1))),
            "startsWith" | "endsWith" => Call::of(text(1)),
            "lowerAscii" | "upperAscii" | "substring" | "trim" | "url" => Call::sized(text(0), size(0)),
            "bytes" if matches!(given.kind(0), Type::String | Type::Dyn) => {
                Call::sized(text(0), Estimate { min: size(0).min, max: size(0).max.saturating_mul(4) })
            }
            // What has no type may be bytes, which are gone through.
            "string" if matches!(given.kind(0), Type::Bytes | Type::Dyn) => {
                Call::sized(text(0), Estimate { min: size(0).min / 4, max: size(0).max })
            }
            "strings.quote" => Call::sized(
                text(0),
                Estimate { min: size(0).min.saturating_add(2), max: size(0).max.saturating_mul(2).saturating_add(2) },
            ),
            "format" | "quantity" | "isQuantity" | "semver" | "isSemver" | "cidr" | "isIP" | "isCIDR" => {
                Call::of(text(0))
            }
            "ip" if !is("cidr_ip") => Call::of(text(0)),
            "ip.isCanonical" => Call::of(size(0).factor(2.0 * TRAVERSAL)),
            "containsIP" => Call::of(ADDRESS.plus(ADDRESS).factor(TRAVERSAL).plus(parsed(given, text(1)))),
            "containsCIDR" => {
                // The range is masked first, and its bits are compared.
                let masked = ADDRESS.factor(TRAVERSAL).plus(ONE);
                Call::of(ADDRESS.plus(ADDRESS).factor(TRAVERSAL).plus(masked).plus(parsed(given, text(1))))
            }
            "validate" => Call::of(text(1).factor(FORMAT_PATTERN * PATTERN)),
            "split" => {
                let most = given.number(2).unwrap_or(size(0).max);
                Call::sized(size(0).factor(2.0 * TRAVERSAL), Estimate::up_to(most))
            }
            "replace" => Call::sized(size(0).factor(2.0 * TRAVERSAL), replaced(size(0), size(1), size(2))),
            "join" => {
                let item = self.item(given);
                let between = |number: u64| number.saturating_sub(1);
                let mut joined = size(0).times(item);
                if given.parts.len() > 1 {
                    let separators = Estimate { min: between(size(0).min), max: between(size(0).max) };
                    joined = joined.plus(size(1).times(separators));
                }
                Call::sized(joined.factor(TRAVERSAL), joined)
            }
            "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => match given.kind(0) {
                Type::List(item) => {
                    let step = match super::without_null(item) {
                        Type::String | Type::Bytes => ONE.plus(self.item(given).factor(TRAVERSAL)),
                        _ => ONE,
                    };
                    Call::of(size(0).times(step))
                }
                _ => Call::of(text(0)),
            },
            "slice" => {
                let (from, to) = (given.number(1).unwrap_or(0), given.number(2).unwrap_or(size(0).max));
                Call::list(1.0, Estimate::exactly(to.wrapping_sub(from)))
            }
            "lists.range" => Call::list(1.0, Estimate::exactly(given.number(0).unwrap_or(u64::MAX))),
            "reverse" if matches!(given.kind(0), Type::List(_)) => Call::list(1.0, size(0)),
            "flatten" => {
                let depth = if given.parts.len() > 1 { given.number(1).unwrap_or(u64::MAX) } else { 1 };
                Call::list(depth as f64, size(0))
            }
            "distinct" => Call::list(2.0, size(0).times(size(0))),
            "sort" => match given.kind(0) {
                Type::List(item) => sorted(size(0), item),
                _ => sorted(size(0), &Type::Dyn),
            },
            "sets.contains" | "sets.intersects" => Call::of(size(0).times(size(1)).plus(ONE)),
            "sets.equivalent" => Call::of(size(0).times(size(1)).factor(2.0).plus(ONE)),
            _ => Call::of(ONE),
        }
    }

    /// The size of one item of the list that is the receiver, as the input says it.
    fn item(&self, given: &Arguments<'_>) -> Estimate {
        let item = match given.kind(0) {
            Type::List(item) => super::without_null(item),
            _ => &Type::Dyn,
        };
        let path = match given.known.first() {
            Some(list) if !list.path.is_empty() => list.path.iter().cloned().chain([ITEMS.into()]).collect(),
            _ => return Estimate::UNKNOWN,
        };
        self.size(&Known { path, ..Known::of(ONE) }, item)
    }
}

/// Values of Kubernetes' own types are compared at once, except for texts that they keep.
fn equality(given: &Arguments<'_>) -> Estimate {
    const FORMAT: u64 = 64;
    let usual = || given.size(0).compared(given.size(1)).factor(TRAVERSAL);
    match (given.kind(0), given.kind(1)) {
        (Type::Opaque(first, _), Type::Opaque(second, _)) if first == second => match &**first {
            "net.IP" | "net.CIDR" | "kubernetes.Quantity" | "kubernetes.Semver" => ONE,
            "kubernetes.NamedFormat" => Estimate { min: 1, max: FORMAT }.factor(TRAVERSAL),
            "kubernetes.URL" => {
                let known = given.known.get(1).and_then(|known| known.size);
                Estimate { min: 1, max: known.map_or(1, |size| size.max) }.factor(TRAVERSAL)
            }
            _ => usual(),
        },
        _ => usual(),
    }
}

/// The second argument is read first where it is a text.
fn parsed(given: &Arguments<'_>, text: Estimate) -> Estimate {
    if matches!(given.kind(1), Type::String | Type::Dyn) { text } else { Estimate::exactly(0) }
}

/// Matching a text with a pattern. An empty text costs too, as the pattern must be prepared.
fn pattern(text: Estimate, pattern: Estimate) -> Estimate {
    text.plus(ONE).factor(TRAVERSAL).times(pattern.factor(PATTERN))
}

/// The size of a text in which all of one part is replaced by another.
fn replaced(text: Estimate, part: Estimate, by: Estimate) -> Estimate {
    let times = |text: u64, part: u64| (text as f64 / part as f64).ceil() as u64;
    // At most: the smallest parts by the largest text.
    let (most, kept) = if part.min == 0 {
        // Nothing stands around every character.
        (text.max.saturating_add(1), text.max)
    } else if by.max <= part.min {
        (0, text.max)
    } else {
        (times(text.max, part.min), 0)
    };
    let (least, kept_at_least) = if part.max == 0 {
        (text.min.saturating_add(1), text.min)
    } else if part.max <= by.min {
        (0, text.min)
    } else {
        (times(text.min, part.max), 0)
    };
    Estimate { min: least, max: most }.times(by).plus(Estimate { min: kept_at_least, max: kept })
}

/// Sorting compares each with each.
fn sorted(size: Estimate, item: &Type) -> Call {
    let factor = match super::without_null(item) {
        Type::String | Type::Bytes => 2.0 + TRAVERSAL,
        _ => 2.0,
    };
    Call::list(factor, size.times(size))
}

/// What sorting by keys costs beside making them, and the size that it is taken to give.
pub(super) fn sorted_by(size: Estimate, key: &Type) -> (Estimate, Estimate) {
    let call = sorted(size, key);
    (call.cost, call.size.unwrap_or(size))
}

/// The step to the first variable of a loop with two.
pub(super) const fn first_step(list: bool) -> &'static str {
    if list { INDICES } else { super::KEYS }
}
