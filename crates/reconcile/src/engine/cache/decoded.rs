//! Objects as Rust values: a bounded store of what was decoded, so that what is read often is decoded once.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;

use super::Entry;

/// Text of a decoding error.
pub(crate) type Undecodable = Arc<str>;

type Value = Result<Arc<dyn Any + Send + Sync>, Undecodable>;
type Key = (TypeId, [u64; 3]);

/// Two generations of decoded objects: what is used moves to the young one, the old one is dropped when the young one
/// is full. Bounded by an estimate of the bytes held.
pub(crate) struct Decoded {
    generations: Mutex<Generations>,
    limit: usize,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Key, (Value, usize)>,
    old: HashMap<Key, (Value, usize)>,
    young_bytes: usize,
}

/// A Rust value takes several times the room of its JSON text.
const EXPANSION: usize = 4;

impl Decoded {
    /// Holds at most about this many bytes.
    pub(crate) fn with_limit(bytes: usize) -> Self {
        Self { generations: Mutex::default(), limit: bytes / 2 }
    }

    /// The object as `T`, with or without its status.
    pub(crate) fn get<T>(&self, entry: &Entry, with_status: bool) -> Result<Arc<T>, Undecodable>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        let [meta, spec, status] = entry.facets;
        let key = (TypeId::of::<T>(), [meta, spec, if with_status { status } else { 0 }]);
        let found = self.generations.lock().unwrap_or_else(PoisonError::into_inner).find(&key);
        let value = found.unwrap_or_else(|| {
            let decoded = entry.decode::<T>(with_status).map(|value| Arc::new(value) as Arc<dyn Any + Send + Sync>);
            let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
            generations.keep(key, decoded.clone(), entry.json().len() * EXPANSION, self.limit);
            decoded
        });
        value?.downcast::<T>().map_err(|_| Arc::from("decoded as another type"))
    }
}

impl Generations {
    fn find(&mut self, key: &Key) -> Option<Value> {
        if let Some((value, _)) = self.young.get(key) {
            return Some(value.clone());
        }
        let (value, bytes) = self.old.remove(key)?;
        self.young_bytes += bytes;
        self.young.insert(*key, (value.clone(), bytes));
        Some(value)
    }

    fn keep(&mut self, key: Key, value: Value, bytes: usize, limit: usize) {
        if self.young_bytes.saturating_add(bytes) > limit {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if self.young.insert(key, (value, bytes)).is_none() {
            self.young_bytes += bytes;
        }
    }
}
