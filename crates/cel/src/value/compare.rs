//! Equality and order between values.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Value;

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) | (Self::Optional(None), Self::Optional(None)) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Timestamp(a), Self::Timestamp(b)) => a == b,
            (Self::Duration(a), Self::Duration(b)) => a == b,
            (Self::Type(a), Self::Type(b)) => a.runtime_name() == b.runtime_name(),
            (Self::Optional(Some(a)), Self::Optional(Some(b))) => a == b,
            (Self::Opaque(a), Self::Opaque(b)) => a.equals(&**b),
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && (same(a, b) || a.iter().zip(b.iter()).all(|(a, b)| a == b))
            }
            (Self::Map(a), Self::Map(b)) => {
                a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| other == value))
            }
            _ => numbers(self, other) == Some(Some(Ordering::Equal)),
        }
    }
}

/// One list shared by both sides is equal to itself unless a NaN hides in it, so only empty ones are taken as the same.
fn same(a: &Arc<Vec<Value>>, b: &Arc<Vec<Value>>) -> bool {
    a.is_empty() && b.is_empty()
}

/// The order of two values. `None`: the types have no common order. `Some(None)`: unordered (NaN).
#[allow(clippy::option_option, reason = "no overload and unordered are different answers")]
pub fn compare(a: &Value, b: &Value) -> Option<Option<Ordering>> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(Some(a.cmp(b))),
        (Value::String(a), Value::String(b)) => Some(Some(a.cmp(b))),
        (Value::Bytes(a), Value::Bytes(b)) => Some(Some(a.cmp(b))),
        (Value::Bool(a), Value::Bool(b)) => Some(Some(a.cmp(b))),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(Some(a.cmp(b))),
        (Value::Duration(a), Value::Duration(b)) => Some(Some(a.cmp(b))),
        _ => numbers(a, b),
    }
}

#[allow(clippy::option_option, reason = "not numbers and unordered are different answers")]
fn numbers(a: &Value, b: &Value) -> Option<Option<Ordering>> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Uint(a), Value::Uint(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Uint(a), Value::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Int(a), Value::Double(b)) => int_double(*a, *b),
        (Value::Double(a), Value::Int(b)) => int_double(*b, *a).map(Ordering::reverse),
        (Value::Uint(a), Value::Double(b)) => uint_double(*a, *b),
        (Value::Double(a), Value::Uint(b)) => uint_double(*b, *a).map(Ordering::reverse),
        _ => return None,
    })
}

/// The specification compares in double precision once the double lies within the integer's range.
fn int_double(a: i64, b: f64) -> Option<Ordering> {
    if b < -9_223_372_036_854_775_808.0 {
        Some(Ordering::Greater)
    } else if b > 9_223_372_036_854_775_807.0 {
        Some(Ordering::Less)
    } else {
        (a as f64).partial_cmp(&b)
    }
}

fn uint_double(a: u64, b: f64) -> Option<Ordering> {
    if b < 0.0 {
        Some(Ordering::Greater)
    } else if b > 18_446_744_073_709_551_615.0 {
        Some(Ordering::Less)
    } else {
        (a as f64).partial_cmp(&b)
    }
}
