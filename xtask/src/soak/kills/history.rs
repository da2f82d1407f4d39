//! What clients asked for and what they were told.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A resource that is written to.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) api_version: &'static str,
    /// `kind` in its objects.
    pub(super) name: &'static str,
    /// Where its objects are.
    pub(super) path: &'static str,
}

pub(super) const KINDS: &[Kind] = &[
    Kind { api_version: "v1", name: "ConfigMap", path: "/api/v1/namespaces/default/configmaps" },
    Kind { api_version: "v1", name: "Secret", path: "/api/v1/namespaces/default/secrets" },
    Kind {
        api_version: "soak.openchoreo.dev/v1",
        name: "Widget",
        path: "/apis/soak.openchoreo.dev/v1/namespaces/default/widgets",
    },
];

/// An object as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) revision: u64,
    pub(super) uid: String,
    /// Number of the write that made it so; 0: none of ours.
    pub(super) write: u64,
}

/// All objects of a kind, with the revision of the list.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    pub(super) revision: u64,
    pub(super) objects: BTreeMap<String, Seen>,
}

/// Path of the kind and name of the object.
pub(super) type Key = (&'static str, String);

/// What happened to an object since the last restart.
#[derive(Debug, Default, Clone)]
pub(super) struct Record {
    /// Acknowledged writes.
    pub(super) puts: Vec<Seen>,
    /// Uids whose deletion was acknowledged.
    pub(super) deleted: HashSet<String>,
    /// Writes that nobody knows the end of.
    pub(super) unknown: HashSet<u64>,
    /// Whether a deletion is among those.
    pub(super) unknown_delete: bool,
}

#[derive(Default)]
struct State {
    records: HashMap<Key, Record>,
    /// What was there after the last restart.
    base: HashMap<&'static str, List>,
    /// The newest revision that anybody was told.
    newest: u64,
    writes: u64,
    acknowledged: usize,
    /// Found while it happened.
    problems: Vec<String>,
}

/// Shared by all clients.
#[derive(Default)]
pub(super) struct History(Mutex<State>);

impl History {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A write begins: its number, and the newest revision that anybody was told before.
    pub(super) fn begin(&self, key: &Key, delete: bool) -> (u64, u64) {
        let mut state = self.state();
        state.writes += 1;
        let number = state.writes;
        // Nobody knows its end until it is told.
        let record = state.records.entry(key.clone()).or_default();
        if !delete {
            record.unknown.insert(number);
        }
        (number, state.newest)
    }

    /// A write was acknowledged.
    pub(super) fn put(&self, key: &Key, seen: Seen, before: u64) {
        let mut state = self.state();
        if seen.revision <= before {
            let problem = format!("{key:?}: revision {} was told after {before}", seen.revision);
            state.problems.push(problem);
        }
        state.newest = state.newest.max(seen.revision);
        state.acknowledged += 1;
        let record = state.records.entry(key.clone()).or_default();
        record.unknown.remove(&seen.write);
        record.puts.push(seen);
    }

    /// A write was refused and changed nothing.
    pub(super) fn refused(&self, key: &Key, write: u64) {
        if let Some(record) = self.state().records.get_mut(key) {
            record.unknown.remove(&write);
        }
    }

    /// A deletion was acknowledged.
    pub(super) fn deleted(&self, key: &Key, uid: String) {
        let mut state = self.state();
        state.acknowledged += 1;
        state.records.entry(key.clone()).or_default().deleted.insert(uid);
    }

    /// Nobody knows whether a deletion happened.
    pub(super) fn maybe_deleted(&self, key: &Key) {
        self.state().records.entry(key.clone()).or_default().unknown_delete = true;
    }

    /// A read was answered: never with less than was acknowledged before it began.
    pub(super) fn read(&self, key: &Key, seen: Option<&Seen>, least: Option<u64>) {
        let mut state = self.state();
        if let (Some(seen), Some(least)) = (seen, least)
            && seen.revision < least
        {
            let problem = format!("{key:?}: revision {} was read after {least} was acknowledged", seen.revision);
            state.problems.push(problem);
        }
    }

    /// The newest acknowledged revision of an object.
    pub(super) fn least(&self, key: &Key) -> Option<u64> {
        self.state().records.get(key)?.puts.iter().map(|put| put.revision).max()
    }

    /// The newest revision that anybody was told.
    pub(super) fn newest(&self) -> u64 {
        self.state().newest
    }

    /// What happened to the objects of a kind since the last restart, and what was there then.
    pub(super) fn since(&self, kind: &Kind) -> (List, BTreeMap<String, Record>) {
        let state = self.state();
        let records = state.records.iter().filter(|((path, _), _)| *path == kind.path);
        (
            state.base.get(kind.path).cloned().unwrap_or_default(),
            records.map(|((_, name), record)| (name.clone(), record.clone())).collect(),
        )
    }

    /// What was found wrong while it happened.
    pub(super) fn problems(&self) -> Vec<String> {
        std::mem::take(&mut self.state().problems)
    }

    /// This is what is there after the restart.
    pub(super) fn settled(&self, kind: &Kind, list: List) {
        let mut state = self.state();
        state.newest = state.newest.max(list.revision);
        state.base.insert(kind.path, list);
    }

    /// All unknown writes have come to their end; answers how many were acknowledged.
    pub(super) fn next_round(&self) -> usize {
        let mut state = self.state();
        state.records.clear();
        std::mem::take(&mut state.acknowledged)
    }

    /// How many objects there are.
    pub(super) fn objects(&self) -> usize {
        self.state().base.values().map(|list| list.objects.len()).sum()
    }
}
