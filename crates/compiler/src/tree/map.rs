//! An object's entries, sorted by key: the order of JSON output, of loops and of hashes.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Tree;

/// Up to this many entries a scan is quicker than a search.
const SCANNED: usize = 12;

/// Entries sorted by the bytes of their keys. Small objects are the rule, so this is a sorted vector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    entries: Vec<(Arc<str>, Tree)>,
}

impl Map {
    /// No entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// No entries, with room for `n`.
    pub fn with_capacity(n: usize) -> Self {
        Self { entries: Vec::with_capacity(n) }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value at `key`.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        if self.entries.len() <= SCANNED {
            // Most keys already differ in length.
            return self.entries.iter().find(|(probe, _)| **probe == *key).map(|(_, value)| value);
        }
        self.position(key).ok().map(|at| &self.entries[at].1)
    }

    /// The value at `key`, for change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Tree> {
        match self.position(key) {
            Ok(at) => Some(&mut self.entries[at].1),
            Err(_) => None,
        }
    }

    /// The value at `key`; [`Tree::Null`] is put there where it was missing.
    pub fn entry(&mut self, key: &str) -> &mut Tree {
        let at = match self.position(key) {
            Ok(at) => at,
            Err(at) => {
                self.entries.insert(at, (Arc::from(key), Tree::Null));
                at
            }
        };
        &mut self.entries[at].1
    }

    /// Whether there is an entry `key`.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_ok()
    }

    /// Whether `key` belongs behind all others, as it mostly does.
    fn is_behind(&self, key: &str) -> bool {
        // Two keys that begin differently need no further look.
        self.entries.last().is_none_or(|(last, _)| last.as_bytes().first() < key.as_bytes().first() || **last < *key)
    }

    /// Sets `key`, returning what was there.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: Tree) -> Option<Tree> {
        let key = key.into();
        if self.is_behind(&key) {
            self.entries.push((key, value));
            return None;
        }
        match self.position(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.entries[at].1, value)),
            Err(at) => {
                self.entries.insert(at, (key, value));
                None
            }
        }
    }

    /// Sets `key` to what `make` puts into the place that it is given; an omitted value sets nothing. Tells whether it was
    /// set, and what `make` gave.
    pub(crate) fn set_by<R>(&mut self, key: Arc<str>, make: impl FnOnce(&mut Tree) -> R) -> (bool, R) {
        if !self.is_behind(&key) {
            let mut value = Tree::Null;
            let made = make(&mut value);
            let kept = !matches!(value, Tree::Omit);
            if kept {
                self.insert(key, value);
            }
            return (kept, made);
        }
        self.push_by(key, make)
    }

    /// As [`Map::set_by`], of a key that belongs behind all others.
    pub(crate) fn push_by<R>(&mut self, key: Arc<str>, make: impl FnOnce(&mut Tree) -> R) -> (bool, R) {
        debug_assert!(self.is_behind(&key), "{key} is out of order");
        let at = self.entries.len();
        self.entries.push((key, Tree::Null));
        let made = make(&mut self.entries[at].1);
        let kept = !matches!(self.entries[at].1, Tree::Omit);
        if !kept {
            self.entries.pop();
        }
        (kept, made)
    }

    /// Sets all of `others`, which are sorted by key.
    pub(crate) fn overlay(&mut self, others: &[(Arc<str>, Tree)]) {
        if self.entries.is_empty() {
            self.entries.extend_from_slice(others);
            return;
        }
        let mut at = 0;
        for (key, value) in others {
            // Both are in order: each search goes on where the last one ended.
            let mut order = Ordering::Greater;
            while let Some((known, _)) = self.entries.get(at) {
                order = if Arc::ptr_eq(known, key) { Ordering::Equal } else { (**known).cmp(&**key) };
                if order.is_ge() {
                    break;
                }
                at += 1;
            }
            match self.entries.get_mut(at) {
                // Mostly the template has put the very same text there.
                Some((_, Tree::Text(old)))
                    if order.is_eq() && matches!(value, Tree::Text(new) if Arc::ptr_eq(old, new)) => {}
                Some((_, old)) if order.is_eq() => *old = value.clone(),
                _ => self.entries.insert(at, (key.clone(), value.clone())),
            }
            at += 1;
        }
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Tree> {
        self.position(key).ok().map(|at| self.entries.remove(at).1)
    }

    /// The entries in order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Tree)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The values for change, in order of their keys.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&Arc<str>, &mut Tree)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    fn position(&self, key: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(probe, _)| (**probe).cmp(key))
    }
}

impl IntoIterator for Map {
    type Item = (Arc<str>, Tree);
    type IntoIter = std::vec::IntoIter<(Arc<str>, Tree)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<K: Into<Arc<str>>> FromIterator<(K, Tree)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Tree)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut map = Self::with_capacity(entries.size_hint().0);
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}
