//! All objects of one resource, and what happened to them lately.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::watch;

use super::{History, Stored, lines::Lines};

/// What an event, or a state of an object, takes besides its bytes, about.
const BESIDES: usize = 256;

/// Events whose lines are kept: those that are not far behind still get them from there.
const LINES: usize = 32;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// It was created or changed.
    Put,
    /// It was removed; the event carries its last state at the revision of the removal.
    Removed,
}

/// One change.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    pub(crate) object: Arc<Stored>,
    pub(crate) before: Option<Arc<Stored>>,
    pub(crate) at: i64,
    /// What watches show of it.
    pub(crate) lines: Lines,
}

/// Events after a revision, or that they are gone.
pub(crate) enum Since {
    /// These, in order; maybe none yet.
    Events(Vec<Arc<Event>>),
    /// History starts later.
    Expired,
}

struct State {
    objects: BTreeMap<Arc<str>, Arc<Stored>>,
    events: VecDeque<Arc<Event>>,
    /// Everything at or below this is no longer in `events`.
    floor: u64,
    /// Revision of the newest change here.
    revision: u64,
    /// Bytes that only `events` keep.
    held: usize,
}

/// A shelf.
pub(crate) struct Shelf {
    name: Arc<str>,
    state: RwLock<State>,
    changed: watch::Sender<u64>,
}

impl Shelf {
    pub(super) fn new(name: Arc<str>, floor: u64) -> Self {
        let state = State { objects: BTreeMap::new(), events: VecDeque::new(), floor, revision: 0, held: 0 };
        Self { name, state: RwLock::new(state), changed: watch::channel(0).0 }
    }

    /// Name of the resource: `group/plural`, `plural` for the core group.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object at that path.
    pub(crate) fn get(&self, path: &str) -> Option<Arc<Stored>> {
        self.read().objects.get(path).cloned()
    }

    /// Objects whose path starts with the prefix and comes after `after`, in order, with a revision that a watch can start from.
    pub(crate) fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        committed: impl FnOnce() -> u64,
    ) -> (Vec<Arc<Stored>>, u64) {
        let state = self.read();
        // Read while holding the lock: every change up to it is on this shelf already.
        let revision = committed().max(state.revision);
        let start = match after {
            Some(after) => Bound::Excluded(after),
            None => Bound::Included(prefix),
        };
        let objects = state
            .objects
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(|(path, _)| path.starts_with(prefix))
            .map(|(_, object)| object.clone())
            .collect();
        (objects, revision)
    }

    /// The objects as they were at an earlier revision, if history reaches back that far.
    pub(crate) fn list_at(&self, prefix: &str, after: Option<&str>, revision: u64) -> Option<Vec<Arc<Stored>>> {
        let state = self.read();
        if revision < state.floor {
            return None;
        }
        let chosen = |path: &str| path.starts_with(prefix) && after.is_none_or(|after| path > after);
        // What has changed since, as it was then.
        let mut earlier: BTreeMap<&str, Option<&Arc<Stored>>> = BTreeMap::new();
        for event in state.events.iter().rev().take_while(|event| event.object.revision > revision) {
            if chosen(&event.object.path) {
                earlier.insert(&event.object.path, event.before.as_ref());
            }
        }
        let start = after.map_or(Bound::Included(prefix), Bound::Excluded);
        let mut now = state
            .objects
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(|(path, _)| path.starts_with(prefix))
            .peekable();
        let mut then = earlier.into_iter().peekable();
        let mut objects = Vec::new();
        loop {
            let order = match (now.peek(), then.peek()) {
                (None, None) => return Some(objects),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((now, _)), Some((then, _))) => (***now).cmp(*then),
            };
            if order.is_le() {
                objects.extend(now.next().filter(|_| order.is_lt()).map(|(_, object)| object.clone()));
            }
            if order.is_ge() {
                objects.extend(then.next().and_then(|(_, object)| object.cloned()));
            }
        }
    }

    /// Number of objects whose path starts with the prefix.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        if prefix.is_empty() {
            return self.read().objects.len();
        }
        self.read()
            .objects
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(|(path, _)| path.starts_with(prefix))
            .count()
    }

    /// Up to `most` events after the revision.
    pub(crate) fn since(&self, revision: u64, most: usize) -> Since {
        let state = self.read();
        if revision < state.floor {
            return Since::Expired;
        }
        let start = state.events.partition_point(|event| event.object.revision <= revision);
        Since::Events(state.events.range(start..).take(most).cloned().collect())
    }

    /// Revision of the newest change here.
    pub(crate) fn revision(&self) -> u64 {
        self.read().revision
    }

    /// Wakes when something changed here.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// How many wait for changes.
    pub(crate) fn watchers(&self) -> usize {
        self.changed.receiver_count()
    }

    /// Puts a row of the log back; only before the server runs.
    ///
    /// Rows that are neither current nor history any more are added to `gone`.
    pub(super) fn load(&self, object: Arc<Stored>, removed: bool, at: i64, history: bool, gone: &mut Vec<u64>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let event = state.put(object, removed, at);
        if history {
            state.held += event.held();
            state.events.push_back(Arc::new(event));
        } else {
            gone.extend(event.before.as_ref().map(|before| before.revision));
            if removed {
                gone.push(event.object.revision);
            }
        }
    }

    /// Makes a committed change visible.
    pub(super) fn publish(&self, object: Arc<Stored>, removed: bool, at: i64) -> Arc<Event> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let event = Arc::new(state.put(object, removed, at));
        state.held += event.held();
        state.events.push_back(event.clone());
        if let Some(seen) = state.events.len().checked_sub(LINES + 1).and_then(|old| state.events.get(old)) {
            seen.lines.forget();
        }
        event
    }

    /// Wakes whoever waits for changes.
    pub(super) fn announce(&self) {
        let revision = self.read().revision;
        self.changed.send_replace(revision);
    }

    /// Drops events beyond the limits; answers which rows of the log nobody needs any more, and the new floor.
    pub(super) fn trim(&self, history: &History, now: i64, gone: &mut Vec<u64>) -> u64 {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let oldest = now - i64::try_from(history.age.as_millis()).unwrap_or(i64::MAX / 2);
        while let Some(event) = state.events.front() {
            if state.events.len() <= history.events && event.at >= oldest {
                break;
            }
            state.forget(gone);
        }
        state.floor
    }

    /// Drops the oldest events until their earlier states take no more than that many bytes; answers the new floor.
    pub(super) fn shed(&self, most: usize, gone: &mut Vec<u64>) -> u64 {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        while state.held > most && !state.events.is_empty() {
            state.forget(gone);
        }
        state.floor
    }

    /// Bytes that are kept for history alone.
    pub(super) fn held(&self) -> usize {
        self.read().held
    }

    /// When the oldest event that is kept happened, in milliseconds since 1970.
    pub(crate) fn oldest(&self) -> Option<i64> {
        self.read().events.front().map(|event| event.at)
    }
}

impl Event {
    /// Bytes that nothing but this event keeps.
    fn held(&self) -> usize {
        let removed = (self.kind == EventKind::Removed).then_some(&self.object);
        let states = removed.into_iter().chain(&self.before);
        BESIDES + states.map(|state| state.bytes.len() + BESIDES).sum::<usize>()
    }
}

impl State {
    /// Drops the oldest event.
    fn forget(&mut self, gone: &mut Vec<u64>) {
        let Some(event) = self.events.pop_front() else { return };
        self.floor = event.object.revision;
        self.held -= event.held();
        gone.extend(event.before.as_ref().map(|before| before.revision));
        if event.kind == EventKind::Removed {
            gone.push(event.object.revision);
        }
    }

    fn put(&mut self, object: Arc<Stored>, removed: bool, at: i64) -> Event {
        self.revision = object.revision;
        let (kind, before) = if removed {
            (EventKind::Removed, self.objects.remove(&object.path))
        } else {
            (EventKind::Put, self.objects.insert(object.path.clone(), object.clone()))
        };
        Event { kind, object, before, at, lines: Lines::default() }
    }
}
