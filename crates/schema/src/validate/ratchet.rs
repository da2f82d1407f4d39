//! Finds the old value that belongs to a new one, so that what did not change is not held against an update.

use serde_json::Value;

use crate::node::{Arena, ListType, NodeData};

/// The old counterpart of a value.
#[derive(Clone, Copy)]
pub(crate) enum Old<'a> {
    /// There is none, or it cannot be told which it is.
    None,
    Value(&'a Value),
}

impl<'a> Old<'a> {
    pub(crate) fn root(old: Option<&'a Value>) -> Old<'a> {
        old.map_or(Old::None, Old::Value)
    }

    pub(crate) fn is_same(self, new: &Value) -> bool {
        matches!(self, Old::Value(old) if old == new)
    }

    /// The counterpart of the value under `key`.
    pub(crate) fn field(self, key: &str) -> Old<'a> {
        match self {
            Old::Value(Value::Object(object)) => object.get(key).map_or(Old::None, Old::Value),
            _ => Old::None,
        }
    }

    /// The counterpart of a list item: only lists of type map say which item is which.
    pub(crate) fn item(self, arena: &Arena, list: &NodeData, item: &Value) -> Old<'a> {
        match self {
            Old::Value(Value::Array(items)) => map_item(arena, list, items, item).map_or(Old::None, Old::Value),
            _ => Old::None,
        }
    }
}

/// The first item of `items` with the same keys as `item`. An item without a key, or with one that is no scalar, is like no other.
pub(crate) fn map_item<'a>(arena: &Arena, list: &NodeData, items: &'a [Value], item: &Value) -> Option<&'a Value> {
    if list.list_type != Some(ListType::Map) || !item.is_object() {
        return None;
    }
    let properties = list.items.map(|id| &arena.get(id).properties);
    items.iter().find(|candidate| {
        list.map_keys.iter().all(|key| {
            let default = properties.and_then(|p| p.get(key)).and_then(|id| arena.get(*id).default.as_ref());
            let wanted = item.get(key).or(default).filter(|key| !key.is_null() && !key.is_object() && !key.is_array());
            wanted.is_some() && candidate.get(key).or(default) == wanted
        })
    })
}
