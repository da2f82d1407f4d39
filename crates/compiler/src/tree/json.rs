//! From and to JSON values.

use std::sync::Arc;

use base64::Engine as _;
use serde_json::{Number, Value};

use super::Tree;

/// Up to this many entries an object is sooner filled one by one than made of all of them in one go.
const INSERTED: usize = 4;

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
        self.clone().into_json()
    }

    /// As [`Tree::to_json`], of a value that is needed no more.
    pub fn into_json(self) -> Result<Value, NotRepresentable> {
        let mut json = Value::Null;
        self.json_into(&mut json)?;
        Ok(json)
    }

    /// Puts the value where it belongs: handing it up from level to level takes longer than making it.
    fn json_into(self, out: &mut Value) -> Result<(), NotRepresentable> {
        *out = match self {
            Self::Null => return Ok(()),
            Self::NullRead => Value::from(0),
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) | Self::Duration(value) => Value::from(value),
            Self::Uint(value) => Value::from(value),
            Self::Double(value) => number(value)?,
            Self::Text(text) | Self::Time(text) => Value::String(String::from(&*text)),
            Self::Bytes(bytes) => Value::String(base64::engine::general_purpose::STANDARD.encode(bytes)),
            Self::List(items) | Self::Strings(items) => {
                let mut values = vec![Value::Null; items.len()];
                for (item, value) in items.into_iter().zip(&mut values) {
                    item.json_into(value)?;
                }
                Value::Array(values)
            }
            Self::Map(map) | Self::StringMap(map) if map.len() <= INSERTED => {
                let mut object = serde_json::Map::new();
                for (key, value) in map {
                    let mut json = Value::Null;
                    value.json_into(&mut json)?;
                    object.insert(String::from(&*key), json);
                }
                Value::Object(object)
            }
            Self::Map(map) | Self::StringMap(map) => {
                let mut entries = Vec::with_capacity(map.len());
                for (key, value) in map {
                    let at = entries.len();
                    entries.push((String::from(&*key), Value::Null));
                    value.json_into(&mut entries[at].1)?;
                }
                // The entries are in order: the object is made of them in one go.
                Value::Object(entries.into_iter().collect())
            }
            Self::Omit => Value::Object(serde_json::Map::new()),
        };
        Ok(())
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
