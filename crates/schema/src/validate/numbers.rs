//! Ranges, multiples and the widths of number formats.

use serde_json::{Number, Value};

use super::outcome::Outcome;
use crate::error::FieldError;
use crate::go_text;
use crate::node::{Kind, NodeData};
use crate::path::{Path, field_text};

/// Whether a number has no fraction and fits the integers that JSON can tell apart.
pub(crate) fn is_json_integer(value: &Value) -> bool {
    value.as_f64().is_some_and(|float| float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_991.0)
}

/// Equality of JSON values with numbers compared by value.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x == y,
            _ => x.as_f64() == y.as_f64(),
        },
        _ => a == b,
    }
}

pub(crate) fn check(node: &NodeData, number: &Number, path: &Path<'_>, outcome: &mut Outcome) {
    width(node, number, path, outcome);
    let checks = &node.checks;
    let mut fail = |detail: String| {
        let place = path.to_string();
        let value = Value::Number(number.clone());
        outcome.add(FieldError::invalid(field_text(&place), value, format!("{place} in body {detail}")));
    };
    if let Some(factor) = checks.multiple_of
        && !is_multiple(number, factor)
    {
        fail(format!("should be a multiple of {}", go_text::float(factor)));
    }
    if let Some(max) = checks.maximum {
        let order = compare(number, max);
        if order.is_gt() || (checks.exclusive_maximum && order.is_eq()) {
            let words = if checks.exclusive_maximum { "less than" } else { "less than or equal to" };
            fail(format!("should be {words} {}", limit(number, max)));
        }
    }
    if let Some(min) = checks.minimum {
        let order = compare(number, min);
        if order.is_lt() || (checks.exclusive_minimum && order.is_eq()) {
            let words = if checks.exclusive_minimum { "greater than" } else { "greater than or equal to" };
            fail(format!("should be {words} {}", limit(number, min)));
        }
    }
}

/// Integers are compared as integers: the limit loses its fraction, as on the server.
fn compare(number: &Number, limit: f64) -> std::cmp::Ordering {
    match number.as_i64() {
        Some(int) => int.cmp(&(limit as i64)),
        None => number.as_f64().unwrap_or(f64::NAN).partial_cmp(&limit).unwrap_or(std::cmp::Ordering::Equal),
    }
}

fn limit(number: &Number, limit: f64) -> String {
    if number.is_i64() { (limit as i64).to_string() } else { go_text::float(limit) }
}

fn is_multiple(number: &Number, factor: f64) -> bool {
    if factor <= 0.0 {
        return false;
    }
    if let Some(int) = number.as_i64()
        && factor.fract() == 0.0
        && factor.abs() < 9.2e18
    {
        return int % (factor as i64) == 0;
    }
    let Some(value) = number.as_f64() else {
        return false;
    };
    let quotient = if factor < 1.0 { 1.0 / factor * value } else { value / factor };
    let nearest = quotient.round();
    (quotient - nearest).abs() < 1e-9 * quotient.abs().max(1.0)
}

/// Whether the number fits the declared type and format.
fn width(node: &NodeData, number: &Number, path: &Path<'_>, outcome: &mut Outcome) {
    let format = super::formats::supported(node);
    let fits = match (node.kind, format) {
        (Kind::Integer, Some("int32")) => whole(number).is_some_and(|int| i32::try_from(int).is_ok()),
        (Kind::Integer, _) => whole(number).is_some(),
        (Kind::Number, Some("float")) => number.as_f64().is_some_and(|float| float.abs() <= f64::from(f32::MAX)),
        _ => true,
    };
    if fits {
        return;
    }
    let place = path.to_string();
    let kind = node.kind.as_str();
    let detail = match format {
        Some(format) => {
            format!("Checked value must be of type {kind} with format {format} in {place}")
        }
        None => format!("Checked value must be of type {kind} (default format) in {place}"),
    };
    outcome.add(FieldError::invalid("<nil>", Value::from(""), detail));
}

fn whole(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        (float.fract() == 0.0 && (-9.223_372_036_854_776e18..9.223_372_036_854_776e18).contains(&float))
            .then_some(float as i64)
    })
}
