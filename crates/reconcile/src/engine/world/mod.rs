//! What a function may see: one consistent revision of every cache, with every answer recorded.

mod answer;
mod fixed;
mod read;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::cache::{Entry, ErasedIndex, Facets, KindCache, PlaneSight, Sight, Store, holds, label_index};
use super::{ClusterId, Failure, Gvk, Index, Kind, ObjectKey, ObjectRef};

pub use answer::{List, Unseen};
pub use fixed::FixedWorld;
pub use read::Read;
pub(crate) use read::{Need, Reads};

/// Answers a function's questions and remembers them. Time never wakes: what [`World::now`] says is not a read.
///
/// An answer is always one of: here it is, it is not there, or [`Unseen`] with the reason. Before the first look at a
/// kind is complete the engine discards the run and repeats it, so no decision is made on half a picture.
pub struct World<'s> {
    store: StoreRef<'s>,
    /// In a fixed world every kind is complete.
    fixed: bool,
    failure: Option<Failure>,
    now: Timestamp,
    reads: RefCell<Reads>,
}

enum StoreRef<'s> {
    Shared(&'s Store),
    Own(Box<Store>),
}

impl World<'static> {
    /// A world of plain objects, for tests: everything that is not put in is absent.
    pub fn fixed() -> FixedWorld {
        FixedWorld::default()
    }
}

impl<'s> World<'s> {
    pub(crate) fn live(store: &'s Store, failure: Option<Failure>, now: Timestamp) -> Self {
        Self { store: StoreRef::Shared(store), fixed: false, failure, now, reads: RefCell::default() }
    }

    /// The object, complete. Wakes when any part of it changes, when it appears and when it goes.
    pub fn get<K: Kind>(&self, cluster: &ClusterId, key: impl Into<ObjectKey>) -> Result<Option<Arc<K>>, Unseen> {
        self.read_one(cluster, &key.into(), true)
    }

    /// The object with an empty status: a change of its status does not wake.
    pub fn get_spec<K: Kind>(&self, cluster: &ClusterId, key: impl Into<ObjectKey>) -> Result<Option<Arc<K>>, Unseen> {
        self.read_one(cluster, &key.into(), false)
    }

    /// Whether the object is there. Wakes only when it appears or goes.
    pub fn exists<K: Kind>(&self, cluster: &ClusterId, key: impl Into<ObjectKey>) -> Result<bool, Unseen> {
        self.exists_dynamic(cluster, &K::gvk(), key)
    }

    /// As [`World::exists`], for any kind.
    pub fn exists_dynamic(&self, cluster: &ClusterId, gvk: &Gvk, key: impl Into<ObjectKey>) -> Result<bool, Unseen> {
        Ok(self.entry(cluster, gvk, &key.into(), Facets::PRESENCE)?.is_some())
    }

    /// An object of any kind as JSON, without managed fields and resource version.
    pub fn get_dynamic(
        &self,
        cluster: &ClusterId,
        gvk: &Gvk,
        key: impl Into<ObjectKey>,
    ) -> Result<Option<Arc<Value>>, Unseen> {
        let key = key.into();
        let Some(entry) = self.entry(cluster, gvk, &key, Facets::ALL)? else {
            return Ok(None);
        };
        self.decode(cluster, gvk, &key, entry, true).map(Some)
    }

    /// Whether this field manager of ours holds a field of the object by server-side apply; `path` is of names of fields.
    /// A change of ownership alone does not wake.
    pub fn applied_dynamic(
        &self,
        cluster: &ClusterId,
        gvk: &Gvk,
        key: impl Into<ObjectKey>,
        manager: &str,
        path: &[&str],
    ) -> Result<bool, Unseen> {
        let entry = self.entry(cluster, gvk, &key.into(), Facets::META | Facets::SPEC)?;
        let owned = entry.and_then(|entry| entry.owned.iter().find(|owned| owned.manager == manager));
        Ok(owned.is_some_and(|owned| holds(&owned.fields, path)))
    }

    /// All objects of a kind whose index has this value, in the order of their keys, complete.
    pub fn list<K: Kind>(&self, cluster: &ClusterId, index: &Index<K>, value: &str) -> Result<List<K>, Unseen> {
        self.read_list(cluster, &K::gvk(), index.name, || ErasedIndex::of(index), value, true)
    }

    /// As [`World::list`], with empty statuses: a change of a status does not wake.
    pub fn list_spec<K: Kind>(&self, cluster: &ClusterId, index: &Index<K>, value: &str) -> Result<List<K>, Unseen> {
        self.read_list(cluster, &K::gvk(), index.name, || ErasedIndex::of(index), value, false)
    }

    /// All objects of any kind that carry this label with this value, in the order of their keys. On a plane only what
    /// carries the label `openchoreo.dev/managed-by` is seen, and of pods what carries `openchoreo.dev/component-uid`.
    pub fn list_dynamic(
        &self,
        cluster: &ClusterId,
        gvk: &Gvk,
        label: &str,
        value: &str,
    ) -> Result<List<Value>, Unseen> {
        self.read_list(cluster, gvk, &format!("label:{label}"), || label_index(label), value, true)
    }

    /// Whether this plane is one of ours and can be reached now.
    pub fn plane(&self, cluster: &ClusterId) -> Result<ClusterId, Unseen> {
        self.reads.borrow_mut().plane(cluster);
        match self.store().plane(cluster) {
            Some(PlaneSight::Reachable) => Ok(cluster.clone()),
            Some(PlaneSight::Forbidden(why)) => {
                Err(Unseen::Forbidden { what: cluster.to_string(), message: why.to_string() })
            }
            Some(PlaneSight::Unavailable(why)) => {
                Err(Unseen::Unavailable { what: cluster.to_string(), message: why.to_string() })
            }
            None => Err(Unseen::Unavailable {
                what: cluster.to_string(),
                message: "no connection to it is configured".into(),
            }),
        }
    }

    /// The effect of this key that did not work last time, until its effects have worked.
    pub fn last_failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// The time of this run. To run again at a time, say so in the plan ([`Plan::wake_at`](super::Plan::wake_at)).
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What was asked so far, in order of name.
    pub fn reads(&self) -> Vec<Read> {
        self.reads.borrow().all()
    }

    pub(crate) fn store(&self) -> &Store {
        match &self.store {
            StoreRef::Shared(store) => store,
            StoreRef::Own(store) => store,
        }
    }

    pub(crate) fn into_reads(self) -> Reads {
        self.reads.into_inner()
    }

    /// Records that the run depends on the object, and gives it if it is there and can be seen.
    pub(crate) fn entry(
        &self,
        cluster: &ClusterId,
        gvk: &Gvk,
        key: &ObjectKey,
        facets: Facets,
    ) -> Result<Option<&Arc<Entry>>, Unseen> {
        let cache = self.look(cluster, gvk);
        self.reads.borrow_mut().object(cluster, gvk, key, facets);
        Ok(cache?.and_then(|cache| cache.get(key)))
    }

    fn read_one<K: Kind>(&self, cluster: &ClusterId, key: &ObjectKey, status: bool) -> Result<Option<Arc<K>>, Unseen> {
        let gvk = K::gvk();
        let Some(entry) = self.entry(cluster, &gvk, key, facets(status))? else {
            return Ok(None);
        };
        self.decode(cluster, &gvk, key, entry, status).map(Some)
    }

    fn read_list<T>(
        &self,
        cluster: &ClusterId,
        gvk: &Gvk,
        name: &str,
        index: impl Fn() -> ErasedIndex,
        value: &str,
        status: bool,
    ) -> Result<List<T>, Unseen>
    where
        T: serde::de::DeserializeOwned + Send + Sync + 'static,
    {
        let cache = self.look(cluster, gvk);
        self.reads.borrow_mut().index(cluster, gvk, name, value, facets(status));
        let Some(cache) = cache? else {
            return Ok(List::default());
        };
        let (found, undecodable) = if cache.has_index(name) {
            cache.find(name, value)
        } else if self.fixed {
            let mut scanned = KindCache::new(cluster.clone(), gvk.clone(), Sight::Clear);
            scanned.copy_from(cache);
            scanned.add_index(index(), self.store().decoded());
            scanned.find(name, value)
        } else {
            self.reads.borrow_mut().need(Need::Index { cluster: cluster.clone(), gvk: gvk.clone(), index: index() });
            return Err(Unseen::not_yet(cluster, gvk));
        };
        let mut list = List::default();
        for key in found.into_iter().chain(undecodable) {
            let Some(entry) = cache.get(&key) else {
                continue;
            };
            match self.decode(cluster, gvk, &key, entry, status) {
                Ok(object) => list.items.push(object),
                Err(unseen) => list.undecodable.push(unseen),
            }
        }
        Ok(list)
    }

    /// The cache of a kind if it is complete; what keeps us from seeing it otherwise.
    fn look(&self, cluster: &ClusterId, gvk: &Gvk) -> Result<Option<&KindCache>, Unseen> {
        self.reads.borrow_mut().kind(cluster, gvk);
        let what = || format!("{gvk} on {cluster}");
        let cache = self.store().kind(cluster, gvk);
        match cache.map(|cache| &cache.sight) {
            Some(Sight::Clear) => Ok(cache),
            Some(Sight::NotServed) => Err(Unseen::NotServed { what: what() }),
            Some(Sight::Forbidden(why)) => Err(Unseen::Forbidden { what: what(), message: why.to_string() }),
            Some(Sight::Unavailable(why)) => Err(Unseen::Unavailable { what: what(), message: why.to_string() }),
            None if self.fixed => Ok(None),
            Some(Sight::Pending) | None => {
                self.reads.borrow_mut().need(Need::Kind { cluster: cluster.clone(), gvk: gvk.clone() });
                Err(Unseen::not_yet(cluster, gvk))
            }
        }
    }

    fn decode<T>(
        &self,
        cluster: &ClusterId,
        gvk: &Gvk,
        key: &ObjectKey,
        entry: &Entry,
        status: bool,
    ) -> Result<Arc<T>, Unseen>
    where
        T: serde::de::DeserializeOwned + Send + Sync + 'static,
    {
        self.store().decoded().get(entry, status).map_err(|message| Unseen::Undecodable {
            object: ObjectRef { cluster: cluster.clone(), gvk: gvk.clone(), key: key.clone() },
            message: message.to_string(),
        })
    }
}

fn facets(status: bool) -> Facets {
    if status { Facets::ALL } else { Facets::PRESENCE | Facets::META | Facets::SPEC }
}
