//! What changed between two objects, as sets of field paths.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::element::PathElement;
use super::set::FieldSet;
use super::typing::{Shape, Type, entries, items};

/// The difference of two objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) added: FieldSet,
    pub(crate) modified: FieldSet,
    pub(crate) removed: FieldSet,
}

impl Comparison {
    /// Compares two objects of one type.
    pub(crate) fn of(place: Type<'_>, old: &Value, new: &Value) -> Comparison {
        let mut walker = Walker { comparison: Comparison::default(), path: Vec::new() };
        walker.compare(place, Some(old), Some(new));
        walker.comparison
    }

    /// The same without what lies in `fields`.
    pub(crate) fn without(self, fields: &FieldSet) -> Comparison {
        if fields.is_empty() {
            return self;
        }
        Comparison {
            added: self.added.recursive_difference(fields),
            modified: self.modified.recursive_difference(fields),
            removed: self.removed.recursive_difference(fields),
        }
    }
}

struct Walker {
    comparison: Comparison,
    path: Vec<PathElement>,
}

impl Walker {
    fn compare(&mut self, place: Type<'_>, old: Option<&Value>, new: Option<&Value>) {
        let (old_shape, new_shape) = (place.shape(old), place.shape(new));
        let leaf = if new.is_none() {
            self.by_shape(place, old_shape, old, new)
        } else if old.is_none() || old_shape == new_shape {
            self.by_shape(place, new_shape, old, new)
        } else {
            self.by_shape(place, old_shape, old, new);
            self.by_shape(place, new_shape, old, new)
        };
        if !leaf {
            if old.is_none() {
                self.comparison.added.insert(&self.path);
            } else if new.is_none() {
                self.comparison.removed.insert(&self.path);
            }
        }
    }

    /// Returns whether the place was compared as a whole.
    fn by_shape(&mut self, place: Type<'_>, shape: Shape<'_>, old: Option<&Value>, new: Option<&Value>) -> bool {
        match shape {
            Shape::Scalar | Shape::AtomicMap | Shape::AtomicList => self.leaf(old, new),
            Shape::Map => {
                let (old_entries, new_entries) = (entries(old), entries(new));
                if old_entries.is_none_or(Map::is_empty) && new_entries.is_none_or(Map::is_empty) {
                    return self.leaf(old, new);
                }
                for (name, value) in old_entries.into_iter().flatten() {
                    let counterpart = new_entries.and_then(|entries| entries.get(name));
                    self.below(PathElement::Field(name.clone()), place.field(name), Some(value), counterpart);
                }
                for (name, value) in new_entries.into_iter().flatten() {
                    if old_entries.is_none_or(|entries| !entries.contains_key(name)) {
                        self.below(PathElement::Field(name.clone()), place.field(name), None, Some(value));
                    }
                }
                false
            }
            Shape::Items(keys) => {
                if items(old).is_empty() && items(new).is_empty() {
                    return self.leaf(old, new);
                }
                self.list(place, keys, items(old), items(new));
                false
            }
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) -> bool {
        match (old, new) {
            (None, _) => self.comparison.added.insert(&self.path),
            (_, None) => self.comparison.removed.insert(&self.path),
            (Some(old), Some(new)) => {
                if super::element::compare(old, new).is_ne() {
                    self.comparison.modified.insert(&self.path);
                }
            }
        }
        true
    }

    fn below(&mut self, element: PathElement, place: Type<'_>, old: Option<&Value>, new: Option<&Value>) {
        self.path.push(element);
        self.compare(place, old, new);
        self.path.pop();
    }

    fn list(&mut self, place: Type<'_>, keys: &[String], old: &[Value], new: &[Value]) {
        let mut both: BTreeMap<PathElement, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
        for item in old {
            if let Ok(element) = place.item_element(keys, item) {
                both.entry(element).or_default().0.push(item);
            }
        }
        for item in new {
            if let Ok(element) = place.item_element(keys, item) {
                both.entry(element).or_default().1.push(item);
            }
        }
        for (element, (old, new)) in both {
            let item = place.item();
            match (old.as_slice(), new.as_slice()) {
                ([] | [_], [] | [_]) => self.below(element, item, old.first().copied(), new.first().copied()),
                // Items that appear more than once have one owner together.
                ([_, _, ..], [_, _, ..]) => {
                    if old != new {
                        self.insert(element, |comparison| &mut comparison.modified);
                    }
                }
                ([_, _, ..], _) => {
                    if let Some(new) = new.first() {
                        self.below(element.clone(), item, None, Some(new));
                    }
                    self.insert(element, |comparison| &mut comparison.removed);
                }
                (_, [_, _, ..]) => {
                    if let Some(old) = old.first() {
                        self.below(element.clone(), item, Some(old), None);
                    }
                    self.insert(element, |comparison| &mut comparison.added);
                }
            }
        }
    }

    fn insert(&mut self, element: PathElement, set: impl Fn(&mut Comparison) -> &mut FieldSet) {
        self.path.push(element);
        set(&mut self.comparison).insert(&self.path);
        self.path.pop();
    }
}
