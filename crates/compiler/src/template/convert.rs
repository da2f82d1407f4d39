//! From an expression's value to a tree.

use cel::Value;

use super::functions::Omit;
use crate::tree::{Map, Tree};

/// The value as the contract writes it: `null` as the whole result is [`Tree::NullRead`], an absent optional is `null`,
/// entries marked by `oc_omit()` are left out, keys become text.
pub(crate) fn from_cel(value: &Value) -> Tree {
    match value {
        Value::Null => Tree::NullRead,
        other => inner(other),
    }
}

fn inner(value: &Value) -> Tree {
    match value {
        Value::Null | Value::Optional(None) => Tree::Null,
        Value::Bool(value) => Tree::Bool(*value),
        Value::Int(value) => Tree::Int(*value),
        Value::Uint(value) => Tree::Uint(*value),
        Value::Double(value) => Tree::Double(*value),
        Value::String(text) => Tree::Text(text.clone()),
        Value::Bytes(bytes) => Tree::Bytes(bytes.clone()),
        Value::List(items) => Tree::List(items.iter().map(inner).filter(|item| *item != Tree::Omit).collect()),
        Value::Map(map) => Tree::Map(
            map.iter().map(|(key, value)| (key.to_text(), inner(value))).filter(|(_, value)| *value != Tree::Omit).collect::<Map>(),
        ),
        Value::Timestamp(time) => Tree::Time(time.to_string().into()),
        Value::Duration(duration) => Tree::Duration(duration.as_nanos()),
        Value::Type(ty) => Tree::text(ty.runtime_name()),
        Value::Optional(Some(value)) => inner(value),
        Value::Opaque(_) => value.downcast::<Omit>().map_or_else(|| opaque(value), |_| Tree::Omit),
    }
}

fn opaque(value: &Value) -> Tree {
    value.to_json().map_or(Tree::Null, |json| Tree::from(&json))
}
