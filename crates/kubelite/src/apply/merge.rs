//! Merges an applied object into the live one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value};

use super::element::PathElement;
use super::typing::{Shape, Type, entries, items};

/// `live` with everything that `applied` says; what `applied` leaves out stays. Applied lists with identities keep their order, live
/// items stay where they stood relative to their neighbours.
pub(crate) fn merge(place: Type<'_>, live: Option<&Value>, applied: Option<&Value>) -> Option<Value> {
    let shape = if applied.is_some() { place.shape(applied) } else { place.shape(live) };
    let whole = || applied.or(live).cloned();
    match shape {
        Shape::Scalar | Shape::AtomicMap | Shape::AtomicList => whole(),
        Shape::Map => {
            let (live_entries, applied_entries) = (entries(live), entries(applied));
            if live_entries.is_none_or(Map::is_empty) && applied_entries.is_none_or(Map::is_empty) {
                return whole();
            }
            let mut merged = Map::new();
            let names: BTreeSet<&String> = live_entries
                .into_iter()
                .flatten()
                .chain(applied_entries.into_iter().flatten())
                .map(|(name, _)| name)
                .collect();
            for name in names {
                let live = live_entries.and_then(|entries| entries.get(name));
                let applied = applied_entries.and_then(|entries| entries.get(name));
                if let Some(value) = merge(place.field(name), live, applied) {
                    merged.insert(name.clone(), value);
                }
            }
            (!merged.is_empty()).then_some(Value::Object(merged))
        }
        Shape::Items(keys) => {
            if items(live).is_empty() && items(applied).is_empty() {
                return whole();
            }
            let merged = lists(place, keys, items(live), items(applied));
            (!merged.is_empty()).then_some(Value::Array(merged))
        }
    }
}

/// The items of a list by identity.
struct Indexed<'v> {
    order: Vec<(PathElement, &'v Value)>,
    /// No value where an identity appears twice.
    known: BTreeMap<PathElement, Option<&'v Value>>,
}

fn index<'v>(place: Type<'_>, keys: &[String], items: &'v [Value]) -> Indexed<'v> {
    let mut order = Vec::with_capacity(items.len());
    let mut known: BTreeMap<PathElement, Option<&Value>> = BTreeMap::new();
    for item in items {
        if let Ok(element) = place.item_element(keys, item) {
            known.entry(element.clone()).and_modify(|value| *value = None).or_insert(Some(item));
            order.push((element, item));
        }
    }
    Indexed { order, known }
}

fn lists(place: Type<'_>, keys: &[String], live: &[Value], applied: &[Value]) -> Vec<Value> {
    let Indexed { order: live, known: live_known } = index(place, keys, live);
    let Indexed { order: applied, known: applied_known } = index(place, keys, applied);
    let mut shared: VecDeque<&PathElement> =
        applied.iter().map(|(element, _)| element).filter(|element| live_known.contains_key(element)).collect();
    let mut next_shared = shared.pop_front();
    let mut done: BTreeSet<&PathElement> = BTreeSet::new();
    let mut merged = Vec::with_capacity(live.len().max(applied.len()));
    let (mut l, mut r) = (0, 0);
    let mut put = |live: Option<&Value>, applied: Option<&Value>| merged.extend(merge(place.item(), live, applied));
    while l < live.len() || r < applied.len() {
        if let (Some((live_element, _)), Some((applied_element, item))) = (live.get(l), applied.get(r)) {
            if live_element == applied_element {
                done.insert(applied_element);
                put(live_known.get(live_element).copied().flatten(), Some(item));
                l += 1;
                r += 1;
                next_shared = shared.pop_front();
                continue;
            }
            if applied_known.contains_key(live_element) && next_shared.is_some_and(|next| next != live_element) {
                // It comes later, where the applied list puts it.
                l += 1;
                continue;
            }
        }
        if let Some((element, item)) = live.get(l) {
            if !applied_known.contains_key(element) {
                put(Some(item), None);
                l += 1;
                continue;
            }
            if done.contains(element) {
                l += 1;
            }
        }
        if let Some((element, item)) = applied.get(r) {
            done.insert(element);
            put(live_known.get(element).copied().flatten(), Some(item));
            r += 1;
            if next_shared == Some(element) {
                next_shared = shared.pop_front();
            }
        }
    }
    merged
}
