//! From and to JSON values.

use std::sync::Arc;

use base64::Engine as _;
use serde_json::{Number, Value};

use super::Tree;

/// A value that JSON has no form for.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("json: unsupported value: {}", Tree::Double(*.0).to_shown())]
pub struct NotRepresentable(pub f64);

impl From<&Value> for Tree {
    /// Every number becomes a double, as everything that came through JSON is for the template language.
    fn from(json: &Value) -> Self {
        match json {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Self::Text(Arc::from(text.as_str())),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (key.as_str(), Self::from(value))).collect())
            }
        }
    }
}

impl Tree {
    /// The value as JSON. Whole doubles become integers, so that `8080.0` is never written for `8080`.
    pub fn to_json(&self) -> Result<Value, NotRepresentable> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::NullRead => Value::from(0),
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) | Self::Duration(value) => Value::from(*value),
            Self::Uint(value) => Value::from(*value),
            Self::Double(value) => number(*value)?,
            Self::Text(text) | Self::Time(text) => Value::String(String::from(&**text)),
            Self::Bytes(bytes) => Value::String(base64::engine::general_purpose::STANDARD.encode(bytes)),
            Self::List(items) | Self::Strings(items) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items {
                    out.push(item.to_json()?);
                }
                Value::Array(out)
            }
            Self::Map(map) | Self::StringMap(map) => {
                let mut out = Vec::with_capacity(map.len());
                for (key, value) in map.iter() {
                    out.push((String::from(&**key), value.to_json()?));
                }
                // The entries are in order: the object is made of them in one go.
                Value::Object(out.into_iter().collect())
            }
            Self::Omit => Value::Object(serde_json::Map::new()),
        })
    }
}

/// The largest whole double below which every integer is exact in `i64`.
const WHOLE: f64 = 9_223_372_036_854_774_784.0;

fn number(value: f64) -> Result<Value, NotRepresentable> {
    if value.fract() == 0.0 && value.abs() <= WHOLE {
        return Ok(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number).ok_or(NotRepresentable(value))
}
