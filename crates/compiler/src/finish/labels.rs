//! The platform's labels on every resource of a component.

use std::sync::Arc;

use cel::{Key, Value};

use crate::tree::{Map, Tree};

/// Labels that all resources share, sorted by name.
pub(crate) struct Labels(Vec<(Arc<str>, Tree)>);

impl Labels {
    /// Those of the variable `metadata`, whose texts are shared.
    pub(crate) fn of(metadata: &Value) -> Self {
        let labels = metadata.as_map().and_then(|metadata| metadata.get_str("labels")).and_then(Value::as_map);
        let text = |(name, value): (&Key, &Value)| match (name, value) {
            (Key::String(name), Value::String(value)) => Some((name.clone(), Tree::Text(value.clone()))),
            _ => None,
        };
        Self(labels.into_iter().flat_map(cel::Map::iter).filter_map(text).collect())
    }

    /// Their names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().map(|(name, _)| name)
    }
}

/// Overlays `labels` on `metadata.labels`. A value there that is no object is replaced. `false` where the object has no
/// `metadata`.
pub(crate) fn add_labels(object: &mut Tree, labels: &Labels) -> bool {
    let Some(metadata) = object.as_map_mut().and_then(|o| o.get_mut("metadata")).and_then(Tree::as_map_mut) else {
        return false;
    };
    let slot = metadata.entry("labels");
    if slot.as_map().is_none() {
        *slot = Tree::Map(Map::with_capacity(labels.0.len()));
    }
    if let Some(existing) = slot.as_map_mut() {
        existing.overlay(&labels.0);
    }
    true
}
