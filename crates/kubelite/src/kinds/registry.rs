//! The rows that are served now. Readers take a snapshot; a CustomResourceDefinition swaps in a new one.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{Kind, builtin};

/// A group with its versions, the preferred one first.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: Arc<str>,
    pub(crate) versions: Vec<Arc<str>>,
}

type Names = (Arc<str>, Arc<str>, Arc<str>);

/// A snapshot of all rows.
#[derive(Debug, Default, Clone)]
pub(crate) struct Kinds {
    /// Groups in the order of discovery.
    pub(crate) groups: Vec<Group>,
    /// Rows in the order of discovery.
    pub(crate) rows: Vec<Arc<Kind>>,
    by_resource: HashMap<Names, Arc<Kind>>,
    by_kind: HashMap<Names, Arc<Kind>>,
    /// Counts snapshots.
    pub(crate) edition: u64,
}

impl Kinds {
    /// The row served under that path.
    pub(crate) fn resource(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Kind>> {
        self.by_resource.get(&(group.into(), version.into(), plural.into()))
    }

    /// The row of that kind.
    pub(crate) fn kind(&self, api_version: &str, kind: &str) -> Option<&Arc<Kind>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.by_kind.get(&(group.into(), version.into(), kind.into()))
    }

    /// One row for each shelf: the preferred version's.
    pub(crate) fn stored(&self) -> Vec<Arc<Kind>> {
        let mut seen = std::collections::HashSet::new();
        self.rows.iter().filter(|kind| kind.can("list") && seen.insert(kind.shelf.clone())).cloned().collect()
    }

    /// The row through which a shelf's objects are handled.
    pub(crate) fn shelf(&self, shelf: &str) -> Option<&Arc<Kind>> {
        self.rows.iter().find(|kind| *kind.shelf == *shelf)
    }

    fn add(&mut self, kind: Arc<Kind>) {
        let names = |last: &Arc<str>| (kind.group.clone(), kind.version.clone(), last.clone());
        self.by_resource.insert(names(&kind.plural), kind.clone());
        self.by_kind.insert(names(&kind.kind), kind.clone());
        self.rows.push(kind);
    }
}

/// Holds the current snapshot.
pub(crate) struct Registry {
    builtin: Kinds,
    current: RwLock<Arc<Kinds>>,
}

impl Registry {
    /// The built-in kinds.
    pub(crate) fn new() -> Result<Self, String> {
        let (groups, rows) = builtin::load()?;
        let mut kinds = Kinds { groups, edition: 1, ..Kinds::default() };
        for row in rows {
            kinds.add(Arc::new(row));
        }
        Ok(Self { current: RwLock::new(Arc::new(kinds.clone())), builtin: kinds })
    }

    /// The rows of this moment.
    pub(crate) fn kinds(&self) -> Arc<Kinds> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces all custom rows. Groups come in alphabetical order after the built-in ones; versions as given.
    pub(crate) fn set_custom(&self, rows: Vec<Arc<Kind>>) {
        let mut kinds = self.builtin.clone();
        let mut groups: std::collections::BTreeMap<Arc<str>, Vec<Arc<str>>> = std::collections::BTreeMap::new();
        for row in rows {
            let versions = groups.entry(row.group.clone()).or_default();
            if !versions.contains(&row.version) {
                versions.push(row.version.clone());
            }
            kinds.add(row);
        }
        for (name, mut versions) in groups {
            versions.sort_by(|a, b| crate::crd::version_order(a, b));
            kinds.groups.push(Group { name, versions });
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        kinds.edition = current.edition + 1;
        *current = Arc::new(kinds);
    }
}
