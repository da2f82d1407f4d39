//! Fits stored field sets to the schema of today: a list or map that became atomic has one owner as a whole.

use super::element::PathElement;
use super::set::FieldSet;
use super::typing::{Shape, Type};

/// The set with everything below an atomic place replaced by the place itself.
pub(crate) fn fit(place: Type<'_>, set: &FieldSet) -> FieldSet {
    let mut places = Vec::new();
    collect(place, set, &mut Vec::new(), &mut places);
    if places.is_empty() {
        return set.clone();
    }
    let mut atomic = FieldSet::new();
    for path in &places {
        atomic.insert(path);
    }
    set.recursive_difference(&atomic).union(&atomic)
}

fn collect(place: Type<'_>, set: &FieldSet, path: &mut Vec<PathElement>, found: &mut Vec<Vec<PathElement>>) {
    for (element, node) in set.nodes() {
        if node.below.is_empty() {
            continue;
        }
        let below = place.at(element);
        path.push(element.clone());
        match below {
            Type::Declared(_) if matches!(below.shape(None), Shape::AtomicMap | Shape::AtomicList) => {
                found.push(path.clone());
            }
            Type::Declared(_) => {
                collect(below, &node.below, path, found);
            }
            Type::Deduced => {}
        }
        path.pop();
    }
}
