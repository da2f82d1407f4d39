//! What a run asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::engine::cache::{ErasedIndex, Facets, Thing};
use crate::engine::{ClusterId, Gvk, ObjectKey};

/// One question of a run. A change of its answer runs the function again.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Read {
    /// One object, present or not, and which parts of it.
    Object {
        /// Where.
        cluster: ClusterId,
        /// Which kind.
        gvk: Gvk,
        /// Which object.
        key: ObjectKey,
        /// Which parts.
        facets: Facets,
    },
    /// The objects that have a value in an index.
    List {
        /// Where.
        cluster: ClusterId,
        /// Which kind.
        gvk: Gvk,
        /// The index, or `label:KEY`.
        index: String,
        /// The value looked for.
        value: String,
        /// Which parts of the objects found.
        facets: Facets,
    },
    /// Whether a plane can be reached.
    Plane {
        /// Which plane.
        cluster: ClusterId,
    },
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object { cluster, gvk, key, facets } => write!(f, "{cluster}: {} {key} [{facets}]", gvk.kind),
            Self::List { cluster, gvk, index, value, facets } => {
                write!(f, "{cluster}: {} where {index}={value} [{facets}]", gvk.kind)
            }
            Self::Plane { cluster } => write!(f, "{cluster}: reachable"),
        }
    }
}

/// What keeps a run from being complete.
#[derive(Clone)]
pub(crate) enum Need {
    Kind { cluster: ClusterId, gvk: Gvk },
    Index { cluster: ClusterId, gvk: Gvk, index: ErasedIndex },
}

/// The questions of one run, as they are recorded.
#[derive(Default)]
pub(crate) struct Reads {
    objects: BTreeMap<(ClusterId, Gvk, ObjectKey), Facets>,
    lists: BTreeMap<(ClusterId, Gvk, String, String), Facets>,
    kinds: BTreeSet<(ClusterId, Gvk)>,
    planes: BTreeSet<ClusterId>,
    needs: Vec<Need>,
}

impl Reads {
    pub(crate) fn object(&mut self, cluster: &ClusterId, gvk: &Gvk, key: &ObjectKey, facets: Facets) {
        *self.objects.entry((cluster.clone(), gvk.clone(), key.clone())).or_default() |= facets | Facets::PRESENCE;
    }

    pub(crate) fn index(&mut self, cluster: &ClusterId, gvk: &Gvk, index: &str, value: &str, facets: Facets) {
        *self.lists.entry((cluster.clone(), gvk.clone(), index.to_owned(), value.to_owned())).or_default() |= facets;
    }

    pub(crate) fn kind(&mut self, cluster: &ClusterId, gvk: &Gvk) {
        self.kinds.insert((cluster.clone(), gvk.clone()));
    }

    pub(crate) fn plane(&mut self, cluster: &ClusterId) {
        self.planes.insert(cluster.clone());
    }

    pub(crate) fn need(&mut self, need: Need) {
        self.needs.push(need);
    }

    /// Empty when every question had a final answer.
    pub(crate) fn needs(&self) -> &[Need] {
        &self.needs
    }

    pub(crate) fn all(&self) -> Vec<Read> {
        let objects = self.objects.iter().map(|((cluster, gvk, key), facets)| Read::Object {
            cluster: cluster.clone(),
            gvk: gvk.clone(),
            key: key.clone(),
            facets: *facets,
        });
        let lists = self.lists.iter().map(|((cluster, gvk, index, value), facets)| Read::List {
            cluster: cluster.clone(),
            gvk: gvk.clone(),
            index: index.clone(),
            value: value.clone(),
            facets: *facets,
        });
        let planes = self.planes.iter().map(|cluster| Read::Plane { cluster: cluster.clone() });
        objects.chain(lists).chain(planes).collect()
    }

    /// The things whose change is a change of an answer.
    pub(crate) fn things(&self) -> Vec<(Thing, Facets)> {
        let objects =
            self.objects.iter().map(|((cluster, gvk, key), facets)| (Thing::object(cluster, gvk, key), *facets));
        let lists = self.lists.iter().flat_map(|((cluster, gvk, index, value), facets)| {
            let undecodable = Thing::index(cluster, gvk, index, crate::engine::cache::UNDECODABLE);
            [(Thing::index(cluster, gvk, index, value), *facets), (undecodable, Facets::ALL)]
        });
        let kinds = self.kinds.iter().map(|(cluster, gvk)| (Thing::kind(cluster, gvk), Facets::ALL));
        let planes = self.planes.iter().map(|cluster| (Thing::plane(cluster), Facets::ALL));
        objects.chain(lists).chain(kinds).chain(planes).collect()
    }
}
