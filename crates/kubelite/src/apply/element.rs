//! One step of a field path, as `fieldsV1` writes it.

use std::cmp::Ordering;
use std::fmt;

use serde_json::{Map, Value};
use thiserror::Error;

/// One step: a field, a list item by its keys or by its value, or an index.
#[derive(Debug, Clone)]
pub enum PathElement {
    /// `f:NAME`: a field of an object or an entry of a map.
    Field(String),
    /// `k:{…}`: the item of a map list with these keys, sorted by name.
    Key(Vec<(String, Value)>),
    /// `v:VALUE`: the item of a set with this value.
    Value(Value),
    /// `i:N`: an item by position (written by no current server, still readable).
    Index(i64),
}

/// A key of `fieldsV1` that is no path element.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ElementError {
    /// A letter that no version of Kubernetes known to us writes; readers skip it.
    #[error("unknown path element type")]
    UnknownType,
    /// Anything else.
    #[error("{0}")]
    Malformed(String),
}

impl PathElement {
    /// Reads `f:x`, `k:{"name":"x"}`, `v:1`, `i:0`.
    ///
    /// # Errors
    /// See [`ElementError`].
    pub fn decode(text: &str) -> Result<PathElement, ElementError> {
        let Some((kind, rest)) = text.split_once(':') else {
            return Err(ElementError::Malformed(format!("missing colon: {text}")));
        };
        let json = |rest: &str| {
            serde_json::from_str::<Value>(rest).map_err(|error| ElementError::Malformed(format!("{text}: {error}")))
        };
        match kind {
            "f" => Ok(PathElement::Field(rest.to_owned())),
            "v" => Ok(PathElement::Value(json(rest)?)),
            "k" => match json(rest)? {
                Value::Object(keys) => Ok(PathElement::key(keys)),
                _ => Err(ElementError::Malformed(format!("{text}: the keys of a list item must be an object"))),
            },
            "i" => rest
                .parse()
                .map(PathElement::Index)
                .map_err(|error| ElementError::Malformed(format!("{text}: {error}"))),
            _ => Err(ElementError::UnknownType),
        }
    }

    /// The item with these keys.
    pub fn key(keys: Map<String, Value>) -> PathElement {
        // A JSON object of this workspace iterates in sorted order.
        PathElement::Key(keys.into_iter().collect())
    }

    /// The text that [`PathElement::decode`] reads.
    pub fn encode(&self) -> String {
        match self {
            PathElement::Field(name) => format!("f:{name}"),
            PathElement::Value(value) => format!("v:{}", schema::go_json(value)),
            PathElement::Index(index) => format!("i:{index}"),
            PathElement::Key(keys) => {
                let object: Map<String, Value> = keys.iter().cloned().collect();
                format!("k:{}", schema::go_json(&Value::Object(object)))
            }
        }
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

/// A total order of JSON values; numbers compare by value.
pub(crate) fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.as_f64().unwrap_or(0.0).total_cmp(&y.as_f64().unwrap_or(0.0)),
        },
        (Value::String(x), Value::String(y)) => x.cmp(y),
        (Value::Bool(x), Value::Bool(y)) => x.cmp(y),
        (Value::Array(x), Value::Array(y)) => {
            let unequal = x.iter().zip(y).map(|(x, y)| compare(x, y)).find(|order| order.is_ne());
            unequal.unwrap_or_else(|| x.len().cmp(&y.len()))
        }
        (Value::Object(x), Value::Object(y)) => {
            let step = |((k, v), (l, w)): ((&String, &Value), (&String, &Value))| k.cmp(l).then_with(|| compare(v, w));
            let unequal = x.iter().zip(y).map(step).find(|order| order.is_ne());
            unequal.unwrap_or_else(|| x.len().cmp(&y.len()))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

impl Ord for PathElement {
    fn cmp(&self, other: &PathElement) -> Ordering {
        use PathElement::{Field, Index, Key, Value};
        let rank = |element: &PathElement| match element {
            Field(_) => 0,
            Key(_) => 1,
            Value(_) => 2,
            Index(_) => 3,
        };
        match (self, other) {
            (Field(a), Field(b)) => a.cmp(b),
            (Index(a), Index(b)) => a.cmp(b),
            (Value(a), Value(b)) => compare(a, b),
            (Key(a), Key(b)) => {
                let unequal = a
                    .iter()
                    .zip(b)
                    .map(|((k, v), (l, w))| k.cmp(l).then_with(|| compare(v, w)))
                    .find(|order| order.is_ne());
                unequal.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

impl PartialOrd for PathElement {
    fn partial_cmp(&self, other: &PathElement) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PathElement {
    fn eq(&self, other: &PathElement) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for PathElement {}

impl fmt::Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Value| match value {
            Value::String(text) => schema::go_quote(text),
            other => other.to_string(),
        };
        match self {
            PathElement::Field(name) => write!(f, ".{name}"),
            PathElement::Value(value) => write!(f, "[={}]", text(value)),
            PathElement::Index(index) => write!(f, "[{index}]"),
            PathElement::Key(keys) => {
                let keys: Vec<String> = keys.iter().map(|(name, value)| format!("{name}={}", text(value))).collect();
                write!(f, "[{}]", keys.join(","))
            }
        }
    }
}

/// A path as conflicts print it: `.spec.containers[name="a"].image`.
pub(crate) fn path_text(path: &[PathElement]) -> String {
    path.iter().map(ToString::to_string).collect()
}
