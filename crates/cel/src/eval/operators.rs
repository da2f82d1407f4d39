//! Operators on values.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::EvalError;
use crate::libraries::pattern;
use crate::value::{Value, compare};

fn overflow(kind: &str) -> EvalError {
    EvalError::invalid(format!("{kind} overflow"))
}

fn number<T>(result: Option<T>, make: fn(T) -> Value, kind: &str) -> Result<Value, EvalError> {
    result.map(make).ok_or_else(|| overflow(kind))
}

/// A mismatch of an operator: types that take part in it at all are told apart from those that do not.
fn mismatch(left: &Value, operator: &str, takes: fn(&Value) -> bool) -> EvalError {
    if takes(left) { EvalError::no_such_overload() } else { EvalError::no_overload_of(operator) }
}

pub(crate) fn add(left: &Value, right: &Value) -> Result<Value, EvalError> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => number(a.checked_add(*b), Value::Int, "integer"),
        (Value::Uint(a), Value::Uint(b)) => number(a.checked_add(*b), Value::Uint, "unsigned integer"),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a + b)),
        (Value::String(a), Value::String(b)) => Ok(Value::from([&**a, &**b].concat())),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Value::Bytes([&**a, &**b].concat().into())),
        (Value::List(a), Value::List(b)) => {
            let mut items = Vec::with_capacity(a.len() + b.len());
            items.extend_from_slice(a);
            items.extend_from_slice(b);
            Ok(Value::List(Arc::new(items)))
        }
        (Value::Duration(a), Value::Duration(b)) => number(a.checked_add(*b), Value::Duration, "duration"),
        (Value::Timestamp(a), Value::Duration(b)) | (Value::Duration(b), Value::Timestamp(a)) => {
            number(a.checked_add(*b), Value::Timestamp, "timestamp")
        }
        _ => Err(mismatch(left, "_+_", |value| {
            matches!(
                value,
                Value::Int(_)
                    | Value::Uint(_)
                    | Value::Double(_)
                    | Value::String(_)
                    | Value::Bytes(_)
                    | Value::List(_)
                    | Value::Duration(_)
                    | Value::Timestamp(_)
            )
        })),
    }
}

/// `left + right` in place where `left` is not shared.
pub(super) fn append(left: &mut Value, right: &Value) -> Result<(), EvalError> {
    if let (Value::List(items), Value::List(more)) = (&mut *left, right) {
        Arc::make_mut(items).extend_from_slice(more);
        return Ok(());
    }
    *left = add(left, right)?;
    Ok(())
}

pub(crate) fn subtract(left: &Value, right: &Value) -> Result<Value, EvalError> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => number(a.checked_sub(*b), Value::Int, "integer"),
        (Value::Uint(a), Value::Uint(b)) => number(a.checked_sub(*b), Value::Uint, "unsigned integer"),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a - b)),
        (Value::Duration(a), Value::Duration(b)) => number(a.checked_sub(*b), Value::Duration, "duration"),
        (Value::Timestamp(a), Value::Duration(b)) => number(a.checked_sub(*b), Value::Timestamp, "timestamp"),
        (Value::Timestamp(a), Value::Timestamp(b)) => number(a.since(*b), Value::Duration, "duration"),
        _ => Err(mismatch(left, "_-_", |value| {
            matches!(
                value,
                Value::Int(_) | Value::Uint(_) | Value::Double(_) | Value::Duration(_) | Value::Timestamp(_)
            )
        })),
    }
}

fn numeric(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_))
}

pub(crate) fn multiply(left: &Value, right: &Value) -> Result<Value, EvalError> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => number(a.checked_mul(*b), Value::Int, "integer"),
        (Value::Uint(a), Value::Uint(b)) => number(a.checked_mul(*b), Value::Uint, "unsigned integer"),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a * b)),
        _ => Err(mismatch(left, "_*_", numeric)),
    }
}

pub(crate) fn divide(left: &Value, right: &Value) -> Result<Value, EvalError> {
    match (left, right) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => {
            Err(EvalError::invalid("division by zero"))
        }
        (Value::Int(a), Value::Int(b)) => number(a.checked_div(*b), Value::Int, "integer"),
        (Value::Uint(a), Value::Uint(b)) => Ok(Value::Uint(a / b)),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a / b)),
        _ => Err(mismatch(left, "_/_", numeric)),
    }
}

pub(crate) fn remainder(left: &Value, right: &Value) -> Result<Value, EvalError> {
    match (left, right) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => Err(EvalError::invalid("modulus by zero")),
        (Value::Int(a), Value::Int(b)) => number(a.checked_rem(*b), Value::Int, "integer"),
        (Value::Uint(a), Value::Uint(b)) => Ok(Value::Uint(a % b)),
        _ => Err(mismatch(left, "_%_", |value| matches!(value, Value::Int(_) | Value::Uint(_)))),
    }
}

pub(crate) fn negate(value: &Value) -> Result<Value, EvalError> {
    match value {
        Value::Int(value) => number(value.checked_neg(), Value::Int, "integer"),
        Value::Double(value) => Ok(Value::Double(-value)),
        Value::Duration(value) => number(value.checked_neg(), Value::Duration, "duration"),
        Value::Bool(_) => Err(EvalError::no_such_overload()),
        _ => Err(EvalError::no_overload_of("-_")),
    }
}

pub(crate) fn less(
    operator: &str,
    left: &Value,
    right: &Value,
    holds: impl Fn(Ordering) -> bool,
) -> Result<bool, EvalError> {
    match compare(left, right) {
        Some(Some(ordering)) => Ok(holds(ordering)),
        Some(None) => Err(EvalError::invalid("NaN values cannot be ordered")),
        None => Err(mismatch(left, operator, |value| compare(value, value).is_some())),
    }
}

/// `item in container`
pub(crate) fn contains(container: &Value, item: &Value) -> Result<bool, EvalError> {
    match container {
        Value::List(items) => Ok(items.iter().any(|other| other == item)),
        Value::Map(map) => Ok(match item {
            Value::String(name) => map.get_str(name).is_some(),
            item => crate::value::Key::from_value(item).is_some_and(|key| map.get(&key).is_some()),
        }),
        _ => Err(EvalError::no_such_overload()),
    }
}

pub(crate) fn size(value: &Value) -> Result<Value, EvalError> {
    let length = match value {
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        _ => return Err(EvalError::no_overload_of("size")),
    };
    Ok(Value::Int(length as i64))
}

/// The text of the values' equality, for the table of operators.
pub(crate) fn equal_text(left: &Value, right: &Value) -> Value {
    Value::Bool(left == right)
}

/// How much there is of a value, as costs count it.
fn extent(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64,
        Value::Bytes(bytes) => bytes.len() as u64,
        Value::List(items) => items.len() as u64,
        Value::Map(map) => map.len() as u64,
        Value::Optional(Some(inner)) => extent(inner),
        _ => 1,
    }
}

pub(super) fn equality_cost(left: &Value, right: &Value) -> u64 {
    match (left, right) {
        (Value::String(_) | Value::Bytes(_), _) => 1 + extent(left).min(extent(right)) / 10,
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            a.iter().zip(b.iter()).map(|(a, b)| equality_cost(a, b)).fold(1, u64::saturating_add)
        }
        (Value::Map(a), Value::Map(b)) if a.len() == b.len() => {
            a.iter().map(|(_, value)| equality_cost(value, value)).fold(1, u64::saturating_add)
        }
        _ => 1,
    }
}

/// What putting one text behind another costs.
pub(super) fn joining_cost(left: &str, right: &str) -> u64 {
    1 + (left.len() as u64 + right.len() as u64) / 10
}

pub(super) fn arithmetic_cost(left: &Value, right: &Value) -> u64 {
    match left {
        Value::String(_) | Value::Bytes(_) => 1 + (extent(left) + extent(right)) / 10,
        // An item takes as much memory as two dozen octets.
        Value::List(_) => 1 + extent(left) + extent(right),
        _ => 1,
    }
}

/// What a call costs before it runs: it may look at all of its arguments; some functions look more than once.
pub(super) fn call_cost(function: &str, args: &[Value]) -> u64 {
    let sizes: u64 = args.iter().map(extent).fold(0, u64::saturating_add);
    match function {
        "lists.range" => match args {
            [Value::Int(count)] => u64::try_from(*count).unwrap_or(1).max(1),
            _ => 1,
        },
        "sets.contains" | "sets.equivalent" | "sets.intersects" | "distinct" => {
            args.iter().map(extent).fold(1_u64, |product, size| product.saturating_mul(size.max(1))).max(sizes)
        }
        // The pattern is prepared anew for each call: one that does not change is prepared once, elsewhere.
        "matches" | "find" | "findAll" => {
            let prepared = args.get(1).and_then(Value::as_str).map_or(0, pattern::weight);
            // A state takes about as long as eight other steps.
            (1 + sizes).saturating_add(prepared.saturating_mul(8))
        }
        _ => 1 + sizes / 10,
    }
}

/// What a result costs by being large.
pub(super) fn result_cost(result: &Value) -> u64 {
    extent(result) / 10
}
