//! What has to be done, and the index that says who depends on whom.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::expiry::Expiries;
use crate::{
    object::meta::{FOREGROUND, ORPHAN},
    store::{Event, EventKind, Observer, Owner, Shelf, Stored},
};

/// History is dropped that much later than it may be, many changes at a time.
const SLACK: Duration = Duration::from_secs(5);

type Place = (Arc<str>, Arc<str>);

/// One thing to do; the same thing is queued once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// See whether the owners of this object are still there.
    Dependent(Arc<str>, Arc<str>),
    /// Go on with the foreground or orphaning deletion of this object.
    Owner(Arc<str>, Arc<str>),
    /// The same for the owner that this reference (apiVersion, kind, name, uid) names, seen from a namespace.
    OwnerOf((String, String, String, String), String),
    /// Go on emptying this namespace.
    Namespace(Arc<str>),
    /// Establish, change or remove what this CustomResourceDefinition defines.
    Definition(Arc<str>),
    /// Gather the rules of cluster roles that are made of others.
    Roles,
    /// Drop history that is too old, once nobody writes any more.
    Compact,
    /// Remove this Event if it is still at that revision.
    Expire(Arc<str>, u64),
}

/// The queue.
pub(crate) struct Lifecycle {
    state: Mutex<State>,
    wake: Notify,
    events_live: Duration,
    history_lives: Duration,
}

#[derive(Default)]
struct State {
    queue: BTreeSet<Work>,
    /// By uid of the owner: who depends on it.
    dependents: HashMap<Box<str>, HashSet<Place>>,
    /// Namespaces and definitions that are waiting to become empty.
    draining: HashSet<Arc<str>>,
    expiries: Expiries,
    /// When there will be history that is too old; none: there is no history.
    compaction: Option<Instant>,
}

impl Lifecycle {
    /// Nothing to do yet.
    pub(crate) fn new(events_live: Duration, history_lives: Duration) -> Self {
        Self { state: Mutex::default(), wake: Notify::new(), events_live, history_lives }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues something.
    pub(crate) fn push(&self, work: Work) {
        self.state().queue.insert(work);
        self.wake.notify_one();
    }

    /// Up to that much work that is due.
    pub(super) fn take(&self, most: usize) -> Vec<Work> {
        let mut state = self.state();
        let now = Instant::now();
        while let Some((path, revision)) = state.expiries.due(now) {
            state.queue.insert(Work::Expire(path, revision));
        }
        if state.compaction.is_some_and(|at| at <= now) {
            state.compaction = None;
            state.queue.insert(Work::Compact);
        }
        let mut work = Vec::new();
        while work.len() < most
            && let Some(next) = state.queue.pop_first()
        {
            work.push(next);
        }
        work
    }

    /// Waits until there may be something to do.
    pub(super) async fn ready(&self) {
        let next = {
            let state = self.state();
            [state.expiries.next(), state.compaction].into_iter().flatten().min()
        };
        match next {
            Some(at) => tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep_until(at) => {}
            },
            None => self.wake.notified().await,
        }
    }

    /// There is history: it is looked at when the oldest of it, as old as that by now, is too old.
    pub(super) fn remembered(&self, age: Duration) {
        let mut state = self.state();
        if state.compaction.is_none() {
            state.compaction = Some(Instant::now() + self.history_lives.saturating_sub(age) + SLACK);
            self.wake.notify_one();
        }
    }

    /// Who depends on the object with that uid.
    pub(super) fn dependents(&self, uid: &str) -> Vec<Place> {
        self.state().dependents.get(uid).into_iter().flatten().cloned().collect()
    }

    /// From now on every removal in this namespace (or of this definition's objects) wakes the work that waits for it.
    pub(crate) fn drain(&self, name: &Arc<str>) {
        self.state().draining.insert(name.clone());
    }

    /// It is gone.
    pub(crate) fn drained(&self, name: &str) {
        self.state().draining.remove(name);
    }

    /// Takes note of one change.
    pub(super) fn seen(&self, shelf: &Arc<str>, kind: EventKind, object: &Arc<Stored>, before: Option<&Stored>) {
        let mut state = self.state();
        let place: Place = (shelf.clone(), object.path.clone());
        if state.compaction.is_none() {
            state.compaction = Some(Instant::now() + self.history_lives + SLACK);
            self.wake.notify_one();
        }
        let before_len = state.queue.len();
        let owners_changed = before.is_none_or(|before| before.owners != object.owners);
        if let Some(before) = before.filter(|_| owners_changed || kind == EventKind::Removed) {
            for owner in &before.owners {
                if let Some(places) = state.dependents.get_mut(&*owner.uid) {
                    places.remove(&place);
                    if places.is_empty() {
                        state.dependents.remove(&*owner.uid);
                    }
                }
            }
        }
        if &**shelf == super::roles::SHELF {
            state.queue.insert(Work::Roles);
        }
        match kind {
            EventKind::Put => {
                if owners_changed && !object.owners.is_empty() {
                    for owner in &object.owners {
                        state.dependents.entry(owner.uid.as_str().into()).or_default().insert(place.clone());
                    }
                    state.queue.insert(Work::Dependent(place.0.clone(), place.1.clone()));
                }
                if object.deleting && object.finalizers.iter().any(|name| name == FOREGROUND || name == ORPHAN) {
                    state.queue.insert(Work::Owner(place.0.clone(), place.1.clone()));
                }
                match &**shelf {
                    "namespaces" if object.deleting => {
                        state.draining.insert(object.path.clone());
                        state.queue.insert(Work::Namespace(object.path.clone()));
                    }
                    "namespaces" if before.is_none() => {
                        state.queue.insert(Work::Namespace(object.path.clone()));
                    }
                    "customresourcedefinitions.apiextensions.k8s.io" => {
                        state.queue.insert(Work::Definition(object.path.clone()));
                    }
                    "events" => {
                        let at = Instant::now() + self.events_live;
                        state.expiries.add(at, object.path.clone(), object.revision);
                        // The worker must learn about the first expiry; later ones come after it.
                        if state.expiries.len() == 1 {
                            self.wake.notify_one();
                        }
                    }
                    _ => {}
                }
            }
            EventKind::Removed => {
                let waiting: Vec<Place> = state.dependents.get(&object.uid).into_iter().flatten().cloned().collect();
                state.queue.extend(waiting.into_iter().map(|(shelf, path)| Work::Dependent(shelf, path)));
                state.queue.extend(
                    object
                        .owners
                        .iter()
                        .filter(|owner| owner.block_owner_deletion == Some(true))
                        .map(|owner| Work::OwnerOf(reference(owner), object.namespace().to_owned())),
                );
                if let Some(name) = state.draining.get(object.namespace()).cloned() {
                    state.queue.insert(Work::Namespace(name));
                }
                if let Some(name) = state.draining.get(&**shelf).cloned() {
                    state.queue.insert(Work::Definition(name));
                }
                // What every namespace has comes back.
                let furniture = matches!(
                    (&**shelf, object.name()),
                    ("serviceaccounts", "default") | ("configmaps", super::namespaces::ROOT)
                );
                if furniture {
                    state.queue.insert(Work::Namespace(object.namespace().into()));
                }
                if &**shelf == "customresourcedefinitions.apiextensions.k8s.io" {
                    state.queue.insert(Work::Definition(object.path.clone()));
                }
            }
        }
        if state.queue.len() > before_len {
            self.wake.notify_one();
        }
    }
}

fn reference(owner: &Owner) -> (String, String, String, String) {
    (owner.api_version.clone(), owner.kind.clone(), owner.name.clone(), owner.uid.clone())
}

/// Hears of every change on the writer's thread.
pub(crate) struct Ears {
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// A Service is gone.
    pub(crate) freed: Box<dyn Fn(&Stored) + Send + Sync>,
    /// A definition is new or changed.
    pub(crate) defined: Box<dyn Fn(&Stored) + Send + Sync>,
}

impl Observer for Ears {
    fn observed(&self, shelf: &Arc<Shelf>, event: &Event) {
        self.lifecycle.seen(shelf.name(), event.kind, &event.object, event.before.as_deref());
        if event.kind == EventKind::Put && &**shelf.name() == crate::crd::SHELF {
            (self.defined)(&event.object);
        }
        if event.kind == EventKind::Removed && &**shelf.name() == "services" {
            (self.freed)(&event.object);
        }
    }
}
