//! The objects of one kind on one cluster.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::change::{Facets, Thing};
use super::index::{ErasedIndex, UNDECODABLE};
use super::{Decoded, Entry, Touch, Touches};
use crate::engine::server::Mapping;
use crate::engine::{ClusterId, Gvk, ObjectKey};

/// Whether a kind can be seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Sight {
    /// Nobody looked yet, or the first look is not finished.
    Pending,
    /// The cache is, or was once, complete. What it holds is the answer, even while the connection is away.
    Clear,
    /// The server does not know the kind.
    NotServed,
    /// We may not look.
    Forbidden(Arc<str>),
    /// There was never an answer.
    Unavailable(Arc<str>),
}

/// The objects of one kind on one cluster, with the indexes asked for so far.
pub(crate) struct KindCache {
    pub cluster: ClusterId,
    pub gvk: Gvk,
    pub sight: Sight,
    /// How the cluster calls the kind; known once it was asked.
    pub mapping: Option<Mapping>,
    /// Everything up to this revision is in here.
    pub revision: u64,
    objects: BTreeMap<ObjectKey, Arc<Entry>>,
    indexes: BTreeMap<String, IndexData>,
}

struct IndexData {
    index: ErasedIndex,
    by_value: HashMap<Box<str>, BTreeSet<ObjectKey>>,
    by_key: HashMap<ObjectKey, Vec<Box<str>>>,
}

impl KindCache {
    pub(crate) fn new(cluster: ClusterId, gvk: Gvk, sight: Sight) -> Self {
        Self { cluster, gvk, sight, mapping: None, revision: 0, objects: BTreeMap::new(), indexes: BTreeMap::new() }
    }

    pub(crate) fn get(&self, key: &ObjectKey) -> Option<&Arc<Entry>> {
        self.objects.get(key)
    }

    pub(crate) fn objects(&self) -> impl Iterator<Item = (&ObjectKey, &Arc<Entry>)> {
        self.objects.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.objects.len()
    }

    pub(crate) fn has_index(&self, name: &str) -> bool {
        self.indexes.contains_key(name)
    }

    /// Builds an index over what is there. Nobody can have read it before, so nothing is touched.
    pub(crate) fn add_index(&mut self, index: ErasedIndex, decoded: &Decoded) {
        if self.has_index(&index.name) {
            return;
        }
        let mut data = IndexData { index, by_value: HashMap::new(), by_key: HashMap::new() };
        for (key, entry) in &self.objects {
            let values = data.index.values(entry, decoded);
            data.replace(key, values);
        }
        self.indexes.insert(data.index.name.clone().into_owned(), data);
    }

    /// Shares the objects of another cache of the same kind.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.objects.clone_from(&other.objects);
    }

    /// The keys with this value, then those of objects that no index can place because they cannot be decoded.
    pub(crate) fn find(&self, index: &str, value: &str) -> (Vec<ObjectKey>, Vec<ObjectKey>) {
        let Some(data) = self.indexes.get(index) else {
            return Default::default();
        };
        let keys =
            |value: &str| data.by_value.get(value).map(|keys| keys.iter().cloned().collect()).unwrap_or_default();
        (keys(value), keys(UNDECODABLE))
    }

    /// Puts an object in; tells what that changed.
    pub(crate) fn put(&mut self, key: &ObjectKey, entry: Entry, decoded: &Decoded, touches: &mut Touches) {
        let entry = Arc::new(entry);
        let old = self.objects.insert(key.clone(), Arc::clone(&entry));
        let facets = old.map_or(Facets::ALL, |old| old.difference(&entry));
        if !facets.is_empty() {
            self.touch(key, Some(&entry), facets, decoded, touches);
        }
    }

    /// Takes an object out; tells what that changed.
    pub(crate) fn remove(&mut self, key: &ObjectKey, decoded: &Decoded, touches: &mut Touches) -> Option<Arc<Entry>> {
        let old = self.objects.remove(key)?;
        self.touch(key, None, Facets::ALL, decoded, touches);
        Some(old)
    }

    fn touch(
        &mut self,
        key: &ObjectKey,
        entry: Option<&Entry>,
        facets: Facets,
        decoded: &Decoded,
        touches: &mut Touches,
    ) {
        touches.push(Touch { thing: Thing::object(&self.cluster, &self.gvk, key), facets });
        for (name, data) in &mut self.indexes {
            let new = entry.map(|entry| data.index.values(entry, decoded)).unwrap_or_default();
            let old = data.replace(key, new.clone());
            for value in &old {
                let changed = if new.contains(value) { facets } else { Facets::ALL };
                touches.push(Touch { thing: Thing::index(&self.cluster, &self.gvk, name, value), facets: changed });
            }
            for value in new.iter().filter(|value| !old.contains(value)) {
                touches.push(Touch { thing: Thing::index(&self.cluster, &self.gvk, name, value), facets: Facets::ALL });
            }
        }
    }
}

impl IndexData {
    fn replace(&mut self, key: &ObjectKey, values: Vec<Box<str>>) -> Vec<Box<str>> {
        let old = self.by_key.remove(key).unwrap_or_default();
        for value in &old {
            if let Some(keys) = self.by_value.get_mut(value) {
                keys.remove(key);
                if keys.is_empty() {
                    self.by_value.remove(value);
                }
            }
        }
        for value in &values {
            self.by_value.entry(value.clone()).or_default().insert(key.clone());
        }
        if !values.is_empty() {
            self.by_key.insert(key.clone(), values);
        }
        old
    }
}
