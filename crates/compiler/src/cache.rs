//! Compiled types by content, shared and bounded.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// How much is kept: a number of values, and bytes of the content that they were made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) values: usize,
    pub(crate) bytes: usize,
}

/// Keeps the most recently used values, within its bounds.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    bounds: Bounds,
    clock: AtomicU64,
    kept: RwLock<Kept<K, V>>,
}

#[derive(Debug)]
struct Kept<K, V> {
    entries: HashMap<K, Entry<V>>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    value: Arc<V>,
    bytes: usize,
    used: AtomicU64,
}

impl<K: Hash + Eq + Copy, V> Cache<K, V> {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, clock: AtomicU64::new(0), kept: RwLock::new(Kept { entries: HashMap::new(), bytes: 0 }) }
    }

    /// The value at `key`, made where there is none, from content of `bytes` bytes. Two callers at once may both make it;
    /// one of the two is kept. What cannot be made is not kept, nor is what would not fit by itself.
    pub(crate) fn get_or<E>(&self, key: K, bytes: usize, make: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        if let Some(entry) = self.kept.read().unwrap_or_else(PoisonError::into_inner).entries.get(&key) {
            entry.used.store(now, Ordering::Relaxed);
            return Ok(entry.value.clone());
        }
        let value = Arc::new(make()?);
        if bytes > self.bounds.bytes || self.bounds.values == 0 {
            return Ok(value);
        }
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = kept.entries.get(&key) {
            return Ok(entry.value.clone());
        }
        while kept.entries.len() >= self.bounds.values || kept.bytes + bytes > self.bounds.bytes {
            kept.forget_oldest();
        }
        kept.bytes += bytes;
        kept.entries.insert(key, Entry { value: value.clone(), bytes, used: AtomicU64::new(now) });
        Ok(value)
    }

    /// How many values are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).entries.len()
    }
}

impl<K: Hash + Eq + Copy, V> Kept<K, V> {
    fn forget_oldest(&mut self) {
        let oldest =
            self.entries.iter().min_by_key(|(_, entry)| entry.used.load(Ordering::Relaxed)).map(|(key, _)| *key);
        match oldest.and_then(|key| self.entries.remove(&key)) {
            Some(entry) => self.bytes -= entry.bytes,
            None => self.bytes = 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks for a value that is its key, and tells whether it was made.
    fn ask(cache: &Cache<u32, u32>, key: u32, bytes: usize) -> bool {
        let mut made = false;
        let value = cache.get_or(key, bytes, || {
            made = true;
            Ok::<u32, ()>(key)
        });
        assert_eq!(*value.unwrap(), key);
        made
    }

    #[test]
    fn the_least_recently_used_value_goes_first() {
        let cache = Cache::new(Bounds { values: 2, bytes: 100 });
        assert!(ask(&cache, 1, 1) && ask(&cache, 2, 1) && !ask(&cache, 1, 1));
        assert!(ask(&cache, 3, 1));
        assert!(!ask(&cache, 1, 1) && ask(&cache, 2, 1));
        assert_eq!(cache.len(), 2);
    }

    #[test]
    fn large_contents_leave_room_for_few() {
        let cache = Cache::new(Bounds { values: 1_000, bytes: 100 });
        for key in 0..10_000 {
            assert!(ask(&cache, key, 30));
            assert!(cache.len() <= 3);
        }
        assert!(ask(&cache, 20_000, 101) && ask(&cache, 20_000, 101), "too large to be kept");
        assert!(!ask(&cache, 9_999, 30), "and pushes nothing out");
        assert!(ask(&cache, 30_000, 100));
        assert_eq!(cache.len(), 1);
    }
}
