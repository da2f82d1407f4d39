//! The platform's labels on every resource of a component.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::tree::{Map, Tree};

/// Labels that all resources share, sorted by name.
pub(crate) struct Labels(Vec<(Arc<str>, Tree)>);

impl Labels {
    /// Their names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().map(|(name, _)| name)
    }
}

impl From<&BTreeMap<String, String>> for Labels {
    fn from(labels: &BTreeMap<String, String>) -> Self {
        Self(labels.iter().map(|(key, value)| (Arc::from(key.as_str()), Tree::text(value.as_str()))).collect())
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
