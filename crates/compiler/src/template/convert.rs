//! From an expression's value to a tree.

use cel::{Key, Map, ToJsonError, Value};

use super::functions::{KeptOmit, Omit};
use crate::tree::Tree;

/// The value as the contract writes it: `null` as the whole result is [`Tree::NullRead`], an absent optional is `null`,
/// entries marked by `oc_omit()` are left out, keys become text.
///
/// # Errors
/// Where a value of a host's own type, however deep, has no form as JSON.
pub(crate) fn from_cel(value: &Value) -> Result<Tree, ToJsonError> {
    let mut formless = None;
    let tree = match value {
        Value::Null => Tree::NullRead,
        other => inner(other, &mut formless),
    };
    match formless {
        None => Ok(tree),
        Some(error) => Err(error),
    }
}

/// As [`from_cel`], of a value that is needed no more.
pub(super) fn into_tree(value: Value) -> Result<Tree, ToJsonError> {
    match value {
        Value::String(text) => Ok(Tree::Text(text)),
        other => from_cel(&other),
    }
}

/// `formless` tells the last value that has no form; it stands as `null` in what is thrown away then.
fn inner(value: &Value, formless: &mut Option<ToJsonError>) -> Tree {
    match value {
        Value::Null | Value::Optional(None) => Tree::Null,
        Value::Bool(value) => Tree::Bool(*value),
        Value::Int(value) => Tree::Int(*value),
        Value::Uint(value) => Tree::Uint(*value),
        Value::Double(value) => Tree::Double(*value),
        Value::String(text) => Tree::Text(text.clone()),
        Value::Bytes(bytes) => Tree::Bytes(bytes.clone()),
        Value::List(items) => {
            let mut out = Vec::with_capacity(items.len());
            out.extend(items.iter().filter(|item| !is_omitted(item)).map(|item| inner(item, formless)));
            Tree::List(out)
        }
        Value::Map(map) => {
            let mut out = crate::tree::Map::with_capacity(map.len());
            for (key, value) in map.iter().filter(|(_, value)| !is_omitted(value)) {
                let value = match value {
                    Value::String(text) => Tree::Text(text.clone()),
                    other => inner(other, formless),
                };
                match key {
                    Key::String(key) => out.insert(key.clone(), value),
                    other => out.insert(other.to_text(), value),
                };
            }
            Tree::Map(out)
        }
        Value::Timestamp(time) => Tree::Time(time.to_string().into()),
        Value::Duration(duration) => Tree::Duration(duration.nanos()),
        Value::Type(ty) => Tree::text(ty.runtime_name()),
        Value::Optional(Some(value)) => inner(value, formless),
        Value::Opaque(_) if is_omitted(value) || value.downcast::<KeptOmit>().is_some() => Tree::Omit,
        Value::Opaque(_) => match value.to_json() {
            Ok(json) => Tree::from(&json),
            Err(error) => {
                *formless = Some(error);
                Tree::Null
            }
        },
    }
}

/// The value of a tree, for the variable `resource`: numbers keep the type they have.
pub(crate) fn to_cel(tree: &Tree) -> Value {
    match tree {
        Tree::Null | Tree::NullRead => Value::Null,
        Tree::Bool(value) => Value::Bool(*value),
        Tree::Int(value) => Value::Int(*value),
        Tree::Uint(value) => Value::Uint(*value),
        Tree::Double(value) => Value::Double(*value),
        Tree::Text(text) | Tree::Time(text) => Value::String(text.clone()),
        Tree::Bytes(bytes) => Value::Bytes(bytes.clone()),
        Tree::Duration(nanos) => Value::Duration(cel::Duration::from_nanos(*nanos)),
        Tree::List(items) | Tree::Strings(items) => Value::list(items.iter().map(to_cel).collect::<Vec<_>>()),
        Tree::Map(map) | Tree::StringMap(map) => {
            let entries = map.iter().map(|(key, value)| (Key::String(key.clone()), to_cel(value))).collect();
            Value::from(Map::from_distinct(entries))
        }
        Tree::Omit => Value::map::<&str>([]),
    }
}

/// The value without entries and items that `oc_omit()` marks.
pub(crate) fn without_omitted(value: &Value) -> Value {
    match value {
        Value::List(items) if items.iter().any(holds_omitted) => {
            Value::list(items.iter().filter(|item| !is_omitted(item)).map(without_omitted).collect::<Vec<_>>())
        }
        Value::Map(map) if map.iter().any(|(_, value)| holds_omitted(value)) => Value::map(
            map.iter()
                .filter(|(_, value)| !is_omitted(value))
                .map(|(key, value)| (key.clone(), without_omitted(value))),
        ),
        other => other.clone(),
    }
}

pub(crate) fn is_omitted(value: &Value) -> bool {
    matches!(value, Value::Opaque(_)) && value.downcast::<Omit>().is_some()
}

fn holds_omitted(value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().any(holds_omitted),
        Value::Map(map) => map.iter().any(|(_, value)| holds_omitted(value)),
        other => is_omitted(other),
    }
}
