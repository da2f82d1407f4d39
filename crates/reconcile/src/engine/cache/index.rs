//! Indexes: from a value to the objects that have it, for lookup and for waking.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::decoded::Undecodable;
use super::{Decoded, Entry};
use crate::engine::Kind;

/// Finds the objects of a kind by a value computed from each, such as the name of its owner.
///
/// An index is a constant beside the kind. Values are compared as text; where a lookup is meant for one namespace the
/// namespace belongs into the value (`namespace/owner`).
///
/// ```
/// use k8s_openapi::api::core::v1::ConfigMap;
/// use reconcile::Index;
///
/// const BY_NAMESPACE: Index<ConfigMap> = Index::new("namespace", |map| map.metadata.namespace.iter().cloned().collect());
/// ```
pub struct Index<K> {
    name: &'static str,
    values: fn(&K) -> Vec<String>,
}

impl<K> Index<K> {
    /// An index of this name (unique within the kind) over these values of an object.
    pub const fn new(name: &'static str, values: fn(&K) -> Vec<String>) -> Self {
        Self { name, values }
    }

    /// Its name, unique within the kind.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl<K> fmt::Debug for Index<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({})", self.name)
    }
}

type Values = dyn Fn(&Entry, &Decoded) -> Result<Vec<String>, Undecodable> + Send + Sync;

/// An index whose kind's type is forgotten.
#[derive(Clone)]
pub(crate) struct ErasedIndex {
    pub name: Cow<'static, str>,
    values: Arc<Values>,
}

/// The value under which objects that cannot be decoded are found in every index of their kind.
pub(crate) const UNDECODABLE: &str = "\u{0}undecodable";

impl ErasedIndex {
    pub(crate) fn of<K: Kind>(index: &Index<K>) -> Self {
        let values = index.values;
        Self {
            name: Cow::Borrowed(index.name),
            values: Arc::new(move |entry, decoded| decoded.get::<K>(entry, true).map(|object| values(&object))),
        }
    }

    pub(crate) fn values(&self, entry: &Entry, decoded: &Decoded) -> Vec<Box<str>> {
        match (self.values)(entry, decoded) {
            Ok(mut values) => {
                values.sort_unstable();
                values.dedup();
                values.into_iter().map(String::into_boxed_str).collect()
            }
            Err(_) => vec![UNDECODABLE.into()],
        }
    }
}

/// The index over the values of one label.
pub(crate) fn label_index(label: &str) -> ErasedIndex {
    let name = Cow::Owned(format!("label:{label}"));
    let label = label.to_owned();
    ErasedIndex { name, values: Arc::new(move |entry, _| Ok(entry.label(&label).into_iter().collect())) }
}
