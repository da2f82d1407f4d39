//! Indexes: from a value to the objects that have it, for lookup and for waking.

use std::borrow::Cow;
use std::sync::Arc;

use super::decoded::Undecodable;
use super::{Decoded, Entry};
use model::indexes::Index;

use crate::engine::Kind;

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
