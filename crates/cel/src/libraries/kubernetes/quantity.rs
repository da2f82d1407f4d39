//! Kubernetes quantities such as `1.5Gi` and `200m`.

use std::cmp::Ordering;

use crate::env::Library;
use crate::error::EvalError;
use crate::function::{Function, Overload};
use crate::ty::Type;
use crate::value::{Opaque, Value};

const NAME: &str = "kubernetes.Quantity";

/// An exact decimal: `digits × 10^exponent`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantity {
    digits: i128,
    exponent: i32,
}

impl Opaque for Quantity {
    fn type_name(&self) -> &str {
        NAME
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        crate::value::downcast::<Quantity>(other).is_some_and(|other| self.order(*other) == Ordering::Equal)
    }
}

impl Quantity {
    /// Reads a number with an optional suffix (`m`, `k`, `Mi`, `e3` …). `None`: no quantity.
    fn parse(text: &str) -> Option<Self> {
        let number_end = text
            .char_indices()
            .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && (*c == '-' || *c == '+'))))
            .map_or(text.len(), |(at, _)| at);
        let (number, suffix) = text.split_at(number_end);
        let (negative, unsigned) = match number.as_bytes().first()? {
            b'-' => (true, number.get(1..)?),
            b'+' => (false, number.get(1..)?),
            _ => (false, number),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || whole.len() + fraction.len() > 30 {
            return None;
        }
        let mut digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let mut exponent = -(fraction.len() as i32);
        match suffix {
            "" => {}
            "n" => exponent -= 9,
            "u" => exponent -= 6,
            "m" => exponent -= 3,
            "k" => exponent += 3,
            "M" => exponent += 6,
            "G" => exponent += 9,
            "T" => exponent += 12,
            "P" => exponent += 15,
            "E" => exponent += 18,
            "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei" => {
                let power = "KMGTPE".find(suffix.get(..1)?)? as u32 + 1;
                digits = digits.checked_mul(1024_i128.checked_pow(power)?)?;
            }
            other => {
                let power: i32 = other.strip_prefix(['e', 'E'])?.parse().ok()?;
                if power.abs() > 30 {
                    return None;
                }
                exponent += power;
            }
        }
        // Finer than a billionth does not exist: it is rounded up, away from zero.
        while exponent < -9 {
            let round_up = digits % 10 != 0;
            digits = digits / 10 + i128::from(round_up);
            exponent += 1;
        }
        Some(Self { digits: if negative { -digits } else { digits }, exponent })
    }

    /// Both with the smaller exponent; `None` when that is too long.
    fn aligned(self, other: Self) -> Option<(i128, i128, i32)> {
        let exponent = self.exponent.min(other.exponent);
        let scale = |q: Self| 10_i128.checked_pow((q.exponent - exponent) as u32)?.checked_mul(q.digits);
        Some((scale(self)?, scale(other)?, exponent))
    }

    fn order(self, other: Self) -> Ordering {
        match self.aligned(other) {
            Some((a, b, _)) => a.cmp(&b),
            None => self.float().total_cmp(&other.float()),
        }
    }

    fn float(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }

    fn integer(self) -> Option<i64> {
        let whole = if self.exponent >= 0 {
            10_i128.checked_pow(self.exponent as u32)?.checked_mul(self.digits)?
        } else {
            let scale = 10_i128.checked_pow(self.exponent.unsigned_abs())?;
            if self.digits % scale != 0 {
                return None;
            }
            self.digits / scale
        };
        i64::try_from(whole).ok()
    }

    fn plus(self, other: Self, sign: i128) -> Option<Self> {
        let (a, b, exponent) = self.aligned(other)?;
        Some(Self { digits: a.checked_add(b.checked_mul(sign)?)?, exponent })
    }
}

type Result<T = Value> = std::result::Result<T, EvalError>;

fn one(args: &[Value]) -> Result<Quantity> {
    args.first().and_then(Value::downcast).copied().ok_or_else(EvalError::no_such_overload)
}

/// The second argument: a quantity or an integer.
fn other(args: &[Value]) -> Result<Quantity> {
    match args.get(1) {
        Some(Value::Int(value)) => Ok(Quantity { digits: i128::from(*value), exponent: 0 }),
        Some(value) => value.downcast().copied().ok_or_else(EvalError::no_such_overload),
        None => Err(EvalError::no_such_overload()),
    }
}

fn sum(args: &[Value], sign: i128) -> Result {
    one(args)?.plus(other(args)?, sign).map(Value::opaque).ok_or_else(|| EvalError::invalid("quantity overflow"))
}

fn text_test(name: &str, id: &str, test: fn(&str) -> bool) -> Function {
    Function::new(name).overload(Overload::global(id, [Type::String], Type::Bool, move |args| match args {
        [Value::String(text)] => Ok(Value::Bool(test(text))),
        _ => Err(EvalError::no_such_overload()),
    }))
}

/// `quantity`, `isQuantity`, `sign`, `isInteger`, `asInteger`, `asApproximateFloat`, `add`, `sub`, `isLessThan`,
/// `isGreaterThan` and `compareTo`.
pub fn quantities() -> Library {
    let q = Type::opaque(NAME);
    let method = |name: &str, result: Type, native: fn(&[Value]) -> Result| {
        Function::new(name).overload(Overload::member(&format!("quantity_{name}"), [q.clone()], result, native))
    };
    let pair = |name: &str, result: &Type, native: fn(&[Value]) -> Result| {
        Function::new(name).overload(Overload::member(
            &format!("quantity_{name}"),
            [q.clone(), q.clone()],
            result.clone(),
            native,
        ))
    };
    let with_int = |function: Function, id: &str, native: fn(&[Value]) -> Result| {
        function.overload(Overload::member(id, [q.clone(), Type::Int], q.clone(), native))
    };
    let functions = vec![
        Function::new("quantity").overload(Overload::global("string_to_quantity", [Type::String], q.clone(), |args| {
            match args {
                [Value::String(text)] => Quantity::parse(text).map(Value::opaque).ok_or_else(|| {
                    EvalError::invalid(
                        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
                    )
                }),
                _ => Err(EvalError::no_such_overload()),
            }
        })),
        text_test("isQuantity", "is_quantity_string", |text| Quantity::parse(text).is_some()),
        method("sign", Type::Int, |args| Ok(Value::Int(one(args)?.digits.signum() as i64))),
        method("isInteger", Type::Bool, |args| Ok(Value::Bool(one(args)?.integer().is_some()))),
        method("asInteger", Type::Int, |args| {
            one(args)?.integer().map(Value::Int).ok_or_else(|| EvalError::invalid("cannot convert value to integer"))
        }),
        method("asApproximateFloat", Type::Double, |args| Ok(Value::Double(one(args)?.float()))),
        with_int(pair("add", &q, |args| sum(args, 1)), "quantity_add_int", |args| sum(args, 1)),
        with_int(pair("sub", &q, |args| sum(args, -1)), "quantity_sub_int", |args| sum(args, -1)),
        pair("isLessThan", &Type::Bool, |args| Ok(Value::Bool(one(args)?.order(other(args)?).is_lt()))),
        pair("isGreaterThan", &Type::Bool, |args| Ok(Value::Bool(one(args)?.order(other(args)?).is_gt()))),
        pair("compareTo", &Type::Int, |args| Ok(Value::Int(one(args)?.order(other(args)?) as i64))),
    ];
    Library { functions, types: vec![(NAME, q)], ..Library::default() }
}
