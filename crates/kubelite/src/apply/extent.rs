//! The field paths that an object sets.

use std::collections::BTreeMap;

use serde_json::Value;

use super::element::PathElement;
use super::set::FieldSet;
use super::typing::{Shape, Type, entries, items};

/// Leaves, list items, entries of maps, and objects that are empty.
pub(crate) fn of(place: Type<'_>, value: &Value) -> FieldSet {
    let mut set = FieldSet::new();
    walk(place, value, &mut Vec::new(), &mut set);
    set
}

fn walk(place: Type<'_>, value: &Value, path: &mut Vec<PathElement>, set: &mut FieldSet) {
    match place.shape(Some(value)) {
        Shape::Scalar | Shape::AtomicMap | Shape::AtomicList => set.insert(path),
        Shape::Map => {
            for (name, child) in entries(Some(value)).into_iter().flatten() {
                path.push(PathElement::Field(name.clone()));
                walk(place.field(name), child, path, set);
                let empty = child.is_null() || child.as_object().is_some_and(serde_json::Map::is_empty);
                if empty || !place.declares(name) {
                    set.insert(path);
                }
                path.pop();
            }
        }
        Shape::Items(keys) => {
            let mut found: BTreeMap<PathElement, Vec<&Value>> = BTreeMap::new();
            for item in items(Some(value)) {
                if let Ok(element) = place.item_element(keys, item) {
                    found.entry(element).or_default().push(item);
                }
            }
            for (element, items) in found {
                path.push(element);
                if let [item] = items.as_slice() {
                    walk(place.item(), item, path, set);
                }
                set.insert(path);
                path.pop();
            }
        }
    }
}
