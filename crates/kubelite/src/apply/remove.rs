//! Takes field paths out of an object.

use serde_json::{Map, Value};

use super::element::PathElement;
use super::set::FieldSet;
use super::typing::{Shape, Type};

/// `value` without the paths of `set`; `None` when nothing is left of it.
pub(crate) fn remove(place: Type<'_>, value: &Value, set: &FieldSet) -> Option<Value> {
    if set.is_empty() {
        return Some(value.clone());
    }
    match (place.shape(Some(value)), value) {
        (Shape::Map, Value::Object(object)) => {
            let mut rest = Map::new();
            for (name, child) in object {
                let element = PathElement::Field(name.clone());
                match set.node(&element) {
                    None => {
                        rest.insert(name.clone(), child.clone());
                    }
                    Some(node) if node.member => {}
                    Some(node) => {
                        // An object that itself stays is kept empty: somebody owns it, or it was never ours to take.
                        let empty = || child.is_object().then(|| Value::Object(Map::new()));
                        if let Some(child) = remove(place.field(name), child, &node.below).or_else(empty) {
                            rest.insert(name.clone(), child);
                        }
                    }
                }
            }
            (!rest.is_empty()).then_some(Value::Object(rest))
        }
        (Shape::Items(keys), Value::Array(items)) => {
            let mut rest = Vec::with_capacity(items.len());
            for item in items {
                let node = place.item_element(keys, item).ok().and_then(|element| set.node(&element));
                match node {
                    None => rest.push(item.clone()),
                    Some(node) if node.member => {}
                    Some(node) => rest.extend(remove(place.item(), item, &node.below)),
                }
            }
            (!rest.is_empty()).then_some(Value::Array(rest))
        }
        (Shape::Scalar, _) => Some(value.clone()),
        _ => None,
    }
}
