//! Reading fields and items.

use std::borrow::Cow;

use super::plan::Id;
use super::{Evaluated, Run, Scope};
use crate::ast::SelectMode;
use crate::error::EvalError;
use crate::value::{Key, Value};

impl Run<'_> {
    pub(super) fn field<'s>(&self, operand: Cow<'s, Value>, key: &str, mode: SelectMode) -> Evaluated<'s> {
        self.spend(1)?;
        match mode {
            SelectMode::Plain => match operand {
                Cow::Borrowed(Value::Map(map)) => {
                    map.get_str(key).map(Cow::Borrowed).ok_or_else(|| EvalError::no_such_key(key))
                }
                Cow::Owned(Value::Map(map)) => {
                    map.get_str(key).cloned().map(Cow::Owned).ok_or_else(|| EvalError::no_such_key(key))
                }
                operand => plain_field(&operand, key).map(Cow::Owned),
            },
            SelectMode::Test => present(&operand, key).map(|found| Cow::Owned(Value::Bool(found.is_some()))),
            SelectMode::Optional => present(&operand, key).map(|found| Cow::Owned(optional(found.cloned()))),
        }
    }

    pub(super) fn index<'s>(&'s self, operand: Id, index: Id, optional: bool, scope: &'s Scope<'s>) -> Evaluated<'s> {
        let operand = self.eval(operand, scope)?;
        let index = self.eval(index, scope)?;
        self.spend(1)?;
        if optional {
            return optional_item(&operand, &index).map(Cow::Owned);
        }
        match operand {
            Cow::Borrowed(Value::Map(map)) => lookup(map, &index).map(Cow::Borrowed),
            Cow::Borrowed(Value::List(items)) => list_item(items, &index).map(Cow::Borrowed),
            operand => match &*operand {
                Value::Map(map) => lookup(map, &index).cloned().map(Cow::Owned),
                Value::List(items) => list_item(items, &index).cloned().map(Cow::Owned),
                Value::Optional(None) => Ok(Cow::Owned(Value::NONE)),
                Value::Optional(Some(_)) => optional_item(&operand, &index).map(Cow::Owned),
                _ => Err(EvalError::no_such_key(&key_text(&index))),
            },
        }
    }
}

fn optional(found: Option<Value>) -> Value {
    match found {
        Some(Value::Optional(inner)) => Value::Optional(inner),
        Some(value) => Value::some(value),
        None => Value::NONE,
    }
}

fn plain_field(operand: &Value, key: &str) -> Result<Value, EvalError> {
    match operand {
        Value::Map(map) => map.get_str(key).cloned().ok_or_else(|| EvalError::no_such_key(key)),
        Value::Optional(None) => Ok(Value::NONE),
        Value::Optional(Some(inner)) => match &**inner {
            Value::Map(map) => Ok(optional(map.get_str(key).cloned())),
            _ => Err(EvalError::no_such_key(key)),
        },
        Value::List(_) => Err(EvalError::invalid("unsupported index type 'string' in list")),
        _ => Err(EvalError::no_such_key(key)),
    }
}

/// The field, if it is there. What can hold no fields has none; a list is asked for a field in error.
pub(super) fn present<'v>(operand: &'v Value, key: &str) -> Result<Option<&'v Value>, EvalError> {
    match operand {
        Value::Map(map) => Ok(map.get_str(key)),
        Value::Optional(Some(inner)) => present(inner, key),
        Value::List(_) => Err(EvalError::invalid("unsupported index type 'string' in list")),
        _ => Ok(None),
    }
}

/// A key as errors show it: strings without quotes.
fn key_text(key: &Value) -> String {
    match key {
        Value::String(text) => text.to_string(),
        Value::Uint(number) => number.to_string(),
        other => other.to_string(),
    }
}

fn lookup<'v>(map: &'v crate::value::Map, index: &Value) -> Result<&'v Value, EvalError> {
    if let Value::String(name) = index {
        return map.get_str(name).ok_or_else(|| EvalError::no_such_key(name));
    }
    Key::from_value(index).and_then(|key| map.get(&key)).ok_or_else(|| EvalError::no_such_key(&key_text(index)))
}

/// A list's place as a number; integral doubles count.
fn place(index: &Value) -> Result<i64, EvalError> {
    match index {
        Value::Int(place) => Ok(*place),
        Value::Uint(place) => {
            i64::try_from(*place).map_err(|_| EvalError::invalid(format!("index out of bounds: {place}")))
        }
        Value::Double(place) if place.fract() == 0.0 && place.abs() < 9e15 => Ok(*place as i64),
        Value::Double(place) => {
            Err(EvalError::invalid(format!("unsupported index value {} in list", crate::value::double_text(*place))))
        }
        other => Err(EvalError::invalid(format!("unsupported index type '{}' in list", other.type_name()))),
    }
}

fn list_item<'v>(items: &'v [Value], index: &Value) -> Result<&'v Value, EvalError> {
    let place = place(index)?;
    usize::try_from(place)
        .ok()
        .and_then(|place| items.get(place))
        .ok_or_else(|| EvalError::invalid(format!("index out of bounds: {place}")))
}

fn optional_item(operand: &Value, index: &Value) -> Result<Value, EvalError> {
    match operand {
        Value::Map(map) => Ok(optional(Key::from_value(index).and_then(|key| map.get(&key)).cloned())),
        Value::List(items) => {
            let place = place(index)?;
            Ok(optional(usize::try_from(place).ok().and_then(|place| items.get(place)).cloned()))
        }
        Value::Optional(Some(inner)) => optional_item(inner, index),
        _ => Ok(Value::NONE),
    }
}
