//! All caches of all clusters: what one run sees as one consistent whole.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::change::{Facets, Thing};
use super::{Decoded, ErasedIndex, KindCache, Sight, Touch, Touches};
use crate::engine::{ClusterId, Gvk};

/// Whether a plane can be reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PlaneSight {
    Reachable,
    Unavailable(Arc<str>),
    Forbidden(Arc<str>),
}

/// All caches of all clusters.
pub(crate) struct Store {
    planes: BTreeMap<ClusterId, PlaneSight>,
    kinds: HashMap<ClusterId, HashMap<Gvk, KindCache>>,
    decoded: Decoded,
}

impl Store {
    /// `decoded_bytes` bounds what is kept of decoded objects.
    pub(crate) fn new(decoded_bytes: usize) -> Self {
        Self { planes: BTreeMap::new(), kinds: HashMap::new(), decoded: Decoded::with_limit(decoded_bytes) }
    }

    pub(crate) fn decoded(&self) -> &Decoded {
        &self.decoded
    }

    pub(crate) fn plane(&self, cluster: &ClusterId) -> Option<&PlaneSight> {
        self.planes.get(cluster)
    }

    pub(crate) fn planes(&self) -> impl Iterator<Item = (&ClusterId, &PlaneSight)> {
        self.planes.iter()
    }

    /// Sets or, with `None`, forgets a cluster's reachability.
    pub(crate) fn set_plane(&mut self, cluster: &ClusterId, sight: Option<&PlaneSight>, touches: &mut Touches) {
        let old = match sight {
            Some(sight) => self.planes.insert(cluster.clone(), sight.clone()),
            None => self.planes.remove(cluster),
        };
        if old.as_ref() != sight {
            touches.push(Touch { thing: Thing::plane(cluster), facets: Facets::ALL });
        }
    }

    pub(crate) fn kind(&self, cluster: &ClusterId, gvk: &Gvk) -> Option<&KindCache> {
        self.kinds.get(cluster)?.get(gvk)
    }

    /// The cache of this kind, made with this sight when it is not there.
    pub(crate) fn kind_or(&mut self, cluster: &ClusterId, gvk: &Gvk, sight: Sight) -> (&mut KindCache, &Decoded) {
        let kinds = self.kinds.entry(cluster.clone()).or_default();
        let cache = kinds.entry(gvk.clone()).or_insert_with(|| KindCache::new(cluster.clone(), gvk.clone(), sight));
        (cache, &self.decoded)
    }

    pub(crate) fn kinds(&self) -> impl Iterator<Item = &KindCache> {
        self.kinds.values().flat_map(HashMap::values)
    }

    /// The kinds of a cluster that somebody wants to see.
    pub(crate) fn kinds_of(&self, cluster: &ClusterId) -> Vec<Gvk> {
        self.kinds.get(cluster).into_iter().flat_map(HashMap::keys).cloned().collect()
    }

    /// Builds an index of a kind.
    pub(crate) fn add_index(&mut self, cluster: &ClusterId, gvk: &Gvk, index: ErasedIndex) {
        let (cache, decoded) = self.kind_or(cluster, gvk, Sight::Pending);
        cache.add_index(index, decoded);
    }

    /// Changes whether a kind can be seen.
    pub(crate) fn set_sight(&mut self, cluster: &ClusterId, gvk: &Gvk, sight: Sight, touches: &mut Touches) {
        let (cache, _) = self.kind_or(cluster, gvk, Sight::Pending);
        if cache.sight != sight {
            cache.sight = sight;
            touches.push(Touch { thing: Thing::kind(cluster, gvk), facets: Facets::ALL });
        }
    }

    /// Forgets all objects of a cluster that is no longer one of ours.
    pub(crate) fn forget_cluster(&mut self, cluster: &ClusterId, touches: &mut Touches) {
        for cache in self.kinds.remove(cluster).into_iter().flat_map(HashMap::into_values) {
            let mut cache = cache;
            let keys: Vec<_> = cache.objects().map(|(key, _)| key.clone()).collect();
            for key in keys {
                cache.remove(&key, &self.decoded, touches);
            }
            touches.push(Touch { thing: Thing::kind(cluster, &cache.gvk), facets: Facets::ALL });
        }
        self.set_plane(cluster, None, touches);
    }
}
