//! JSON in and out.

use std::sync::Arc;

use base64::Engine as _;
use serde_json::Value as Json;

use super::{Key, Map, Value, json_double};

/// What a JSON number becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Numbers written without fraction or exponent become `int` (`uint` beyond its range), others `double`.
    AsInt,
    /// All numbers become `double`.
    AsDouble,
}

/// Why a value has no JSON form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToJsonError {
    /// NaN or an infinity.
    #[error("{0} is not a JSON number")]
    NotFinite(String),
    /// A library's or host's value.
    #[error("a value of type '{0}' has no JSON form")]
    NoForm(String),
}

impl Value {
    /// From JSON. Objects keep the order of the JSON value.
    ///
    /// ```
    /// use cel::{Numbers, Value};
    /// let json = serde_json::json!({"port": 80, "load": 0.5});
    /// assert_eq!(Value::from_json(&json["port"], Numbers::AsInt), Value::Int(80));
    /// assert_eq!(Value::from_json(&json["port"], Numbers::AsDouble), Value::Double(80.0));
    /// assert_eq!(Value::from_json(&json, Numbers::AsInt).to_json().unwrap(), json);
    /// ```
    pub fn from_json(json: &Json, numbers: Numbers) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match numbers {
                Numbers::AsDouble => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
                Numbers::AsInt => number
                    .as_i64()
                    .map(Self::Int)
                    .or_else(|| number.as_u64().map(Self::Uint))
                    .unwrap_or_else(|| Self::Double(number.as_f64().unwrap_or(f64::NAN))),
            },
            Json::String(text) => Self::String(text.as_str().into()),
            Json::Array(items) => {
                Self::List(Arc::new(items.iter().map(|item| Self::from_json(item, numbers)).collect()))
            }
            Json::Object(fields) => {
                let entries = fields
                    .iter()
                    .map(|(key, value)| (Key::String(key.as_str().into()), Self::from_json(value, numbers)))
                    .collect();
                Self::Map(Arc::new(Map::from_distinct(entries)))
            }
        }
    }

    /// To JSON: keys as text, bytes as base64, times as text, types as their names, an absent optional as `null`.
    pub fn to_json(&self) -> Result<Json, ToJsonError> {
        Ok(match self {
            Self::Null | Self::Optional(None) => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => Json::from(*value),
            Self::Uint(value) => Json::from(*value),
            Self::Double(value) => {
                json_double(*value).ok_or_else(|| ToJsonError::NotFinite(super::double_text(*value)))?
            }
            Self::String(text) => Json::String(text.to_string()),
            Self::Bytes(bytes) => Json::String(base64::engine::general_purpose::STANDARD.encode(bytes)),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect::<Result<_, _>>()?),
            Self::Map(map) => {
                let mut object = serde_json::Map::new();
                for (key, value) in map.iter() {
                    object.insert(key.to_text().to_string(), value.to_json()?);
                }
                Json::Object(object)
            }
            Self::Timestamp(value) => Json::String(value.to_string()),
            Self::Duration(value) => Json::String(value.to_string()),
            Self::Type(ty) => Json::String(ty.runtime_name().to_owned()),
            Self::Optional(Some(value)) => value.to_json()?,
            Self::Opaque(value) => value.to_json().ok_or_else(|| ToJsonError::NoForm(value.type_name().to_owned()))?,
        })
    }
}
