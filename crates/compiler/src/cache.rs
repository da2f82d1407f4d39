//! Compiled types by content, shared and bounded.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Keeps the most recently used values, up to a number of them.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    capacity: usize,
    clock: AtomicU64,
    entries: RwLock<HashMap<K, Entry<V>>>,
}

#[derive(Debug)]
struct Entry<V> {
    value: Arc<V>,
    used: AtomicU64,
}

impl<K: Hash + Eq + Copy, V> Cache<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, clock: AtomicU64::new(0), entries: RwLock::default() }
    }

    /// The value at `key`, made where there is none. Two callers at once may both make it; one of the two is kept. What
    /// cannot be made is not kept.
    pub(crate) fn get_or<E>(&self, key: K, make: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        if let Some(entry) = self.entries.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            entry.used.store(now, Ordering::Relaxed);
            return Ok(entry.value.clone());
        }
        let value = Arc::new(make()?);
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.capacity
            && !entries.contains_key(&key)
            && let Some(oldest) =
                entries.iter().min_by_key(|(_, entry)| entry.used.load(Ordering::Relaxed)).map(|(key, _)| *key)
        {
            entries.remove(&oldest);
        }
        Ok(entries.entry(key).or_insert_with(|| Entry { value, used: AtomicU64::new(now) }).value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_value_goes_first() {
        let cache: Cache<u8, u8> = Cache::new(2);
        let get = |key| *cache.get_or(key, || Ok::<u8, ()>(key)).unwrap();
        get(1);
        get(2);
        get(1);
        get(3);
        let made = std::cell::Cell::new(0);
        for key in [1, 2] {
            cache
                .get_or(key, || {
                    Ok::<u8, ()>({
                        made.set(key);
                        key
                    })
                })
                .unwrap();
        }
        assert_eq!(made.get(), 2);
    }
}
