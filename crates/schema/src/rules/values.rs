//! JSON values as expression values, by the types that the schema declares.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cel::{Duration, Key, MapBuilder, Numbers, Timestamp, Value as Cel};
use serde_json::Value;

use crate::node::{Arena, Kind, ListType, NodeData, NodeId};
use crate::validate::map_item;

/// The value of a place. Numbers and texts become what their declared type and format say; what is not declared stays as it is.
pub(crate) fn of(arena: &Arena, id: NodeId, value: &Value) -> Cel {
    convert(arena, Some(id), value, None)
}

/// The old value of a place. Lists whose order means nothing come in the order of the new value, so that `self == oldSelf` holds
/// where only the order differs.
pub(crate) fn of_old(arena: &Arena, id: NodeId, old: &Value, new: &Value) -> Cel {
    convert(arena, Some(id), old, Some(new))
}

fn convert(arena: &Arena, id: Option<NodeId>, value: &Value, like: Option<&Value>) -> Cel {
    let Some(id) = id else { return Cel::from_json(value, Numbers::AsInt) };
    let node = arena.get(id);
    match (node.kind, value) {
        (_, Value::Object(object)) => {
            let mut map = MapBuilder::with_capacity(object.len());
            for (name, child) in object {
                let field = arena.field(id, name);
                // A null where null is allowed is as good as absent.
                if child.is_null() && node.properties.contains_key(name) {
                    continue;
                }
                let like = like.and_then(|like| like.get(name));
                map.insert(Key::from(name.as_str()), convert(arena, field, child, like));
            }
            Cel::Map(Arc::new(map.build()))
        }
        (_, Value::Array(items)) => {
            let order = like.and_then(Value::as_array).and_then(|like| aligned(arena, node, items, like));
            let items: Vec<Cel> = match order {
                Some(order) => order.into_iter().map(|(item, like)| convert(arena, node.items, item, like)).collect(),
                None => items.iter().map(|item| convert(arena, node.items, item, None)).collect(),
            };
            Cel::list(items)
        }
        (Kind::Number, Value::Number(number)) => Cel::Double(number.as_f64().unwrap_or(f64::NAN)),
        (Kind::Integer, Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => Cel::Int(int),
            (None, Some(float)) if float.fract() == 0.0 => Cel::Int(float as i64),
            _ => Cel::from_json(value, Numbers::AsInt),
        },
        (Kind::String, Value::String(text)) => formatted(node, text).unwrap_or_else(|| Cel::string(text.as_str())),
        _ => Cel::from_json(value, Numbers::AsInt),
    }
}

fn formatted(node: &NodeData, text: &str) -> Option<Cel> {
    match node.checks.format.as_deref()? {
        "byte" => STANDARD.decode(text).ok().map(|bytes| Cel::Bytes(bytes.into())),
        "duration" => Duration::parse(text).map(Cel::Duration),
        "date-time" => Timestamp::parse(text).map(Cel::Timestamp),
        "date" => Timestamp::parse(&format!("{text}T00:00:00Z")).map(Cel::Timestamp),
        _ => None,
    }
}

/// The items in the order of `like`, with their counterparts, for sets and maps that hold the same items; else `None`.
fn aligned<'v>(
    arena: &Arena,
    list: &NodeData,
    items: &'v [Value],
    like: &'v [Value],
) -> Option<Vec<(&'v Value, Option<&'v Value>)>> {
    if items.len() != like.len() {
        return None;
    }
    like.iter()
        .map(|like| {
            let item = match list.list_type? {
                ListType::Set => items.iter().find(|item| *item == like),
                ListType::Map => map_item(arena, list, items, like),
                ListType::Atomic => None,
            };
            item.map(|item| (item, Some(like)))
        })
        .collect()
}
