//! Local copies of API objects, kept by watches, and the queue of keys that wait for their turn.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt as _;
use kube::runtime::watcher;
use kube::runtime::{WatchStreamExt as _, watcher::Event};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// The longest sleep until a moment of the day: the clock may be set meanwhile, and the computer may sleep.
pub(crate) const LONGEST_SLEEP: std::time::Duration = std::time::Duration::from_mins(1);

/// Namespace (empty for objects without one) and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    pub(crate) fn of<K: Resource>(object: &K) -> Self {
        Self::new(object.meta().namespace.clone().unwrap_or_default(), object.meta().name.clone().unwrap_or_default())
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

/// Deleted UIDs that are remembered, so that a late answer to an own write does not bring an object back.
const TOMBSTONES: usize = 1024;

/// A local copy of all objects of one kind. Fed by its watch, and by the answers to own writes so that the next decision
/// sees them.
pub(crate) struct Cache<K> {
    state: Mutex<State<K>>,
    synced: watch::Sender<bool>,
    listeners: Mutex<Vec<Listener<K>>>,
}

type Listener<K> = Box<dyn Fn(&Key, &Arc<K>, Presence) + Send + Sync>;

/// Whether an object is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Here,
    Gone,
}

struct State<K> {
    objects: BTreeMap<Key, Arc<K>>,
    deleted: VecDeque<String>,
}

impl<K> Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State { objects: BTreeMap::new(), deleted: VecDeque::new() }),
            synced: watch::Sender::new(false),
            listeners: Mutex::new(Vec::new()),
        })
    }

    /// Calls `listener` after each change with the object, its last version when it is gone. It must not block.
    pub(crate) fn listen(&self, listener: impl Fn(&Key, &Arc<K>, Presence) + Send + Sync + 'static) {
        lock(&self.listeners).push(Box::new(listener));
    }

    /// Follows the API until `stop`. Broken watches are taken up again with back-off.
    pub(crate) async fn follow(self: Arc<Self>, api: Api<K>, stop: CancellationToken) {
        let mut events = watcher(api, watcher::Config::default()).default_backoff().boxed();
        let mut listed: HashMap<Key, Arc<K>> = HashMap::new();
        loop {
            let event = tokio::select! {
                () = stop.cancelled() => return,
                event = events.next() => event,
            };
            match event {
                None => return,
                Some(Ok(Event::Init)) => listed.clear(),
                Some(Ok(Event::InitApply(object))) => {
                    listed.insert(Key::of(&object), Arc::new(object));
                }
                Some(Ok(Event::InitDone)) => {
                    self.replace(std::mem::take(&mut listed));
                    self.synced.send_replace(true);
                }
                Some(Ok(Event::Apply(object))) => self.apply(Arc::new(object)),
                Some(Ok(Event::Delete(object))) => self.remove(&object),
                Some(Err(error)) => {
                    tracing::warn!(kind = %K::kind(&()), %error, "watch broken; taking it up again");
                }
            }
        }
    }

    /// Returns when the first list is complete.
    pub(crate) async fn synced(&self) {
        let mut synced = self.synced.subscribe();
        // The sender lives as long as this value.
        let _ = synced.wait_for(|done| *done).await;
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<K>> {
        lock(&self.state).objects.get(key).cloned()
    }

    /// The objects of one namespace.
    pub(crate) fn in_namespace(&self, namespace: &str) -> Vec<Arc<K>> {
        let first = Key::new(namespace, "");
        let state = lock(&self.state);
        let range = state.objects.range(first..).take_while(|(key, _)| key.namespace == namespace);
        range.map(|(_, object)| object.clone()).collect()
    }

    pub(crate) fn all(&self) -> Vec<Arc<K>> {
        lock(&self.state).objects.values().cloned().collect()
    }

    /// Takes in an object from the watch or from the answer to an own write; older versions are passed over.
    pub(crate) fn apply(&self, object: Arc<K>) {
        let key = Key::of(&*object);
        let told;
        {
            let mut state = lock(&self.state);
            if object.uid().is_some_and(|uid| state.deleted.contains(&uid)) {
                return;
            }
            if let Some(held) = state.objects.get(&key)
                && held.uid() == object.uid()
                && version(&**held) >= version(&*object)
                && version(&*object).is_some()
            {
                return;
            }
            told = object.clone();
            state.objects.insert(key.clone(), object);
        }
        self.tell(&key, &told, Presence::Here);
    }

    fn remove(&self, object: &K) {
        let key = Key::of(object);
        let last = {
            let mut state = lock(&self.state);
            if let Some(uid) = object.uid() {
                bury(&mut state, uid);
            }
            if state.objects.get(&key).is_some_and(|held| held.uid() != object.uid()) {
                return;
            }
            let Some(last) = state.objects.remove(&key) else { return };
            last
        };
        self.tell(&key, &last, Presence::Gone);
    }

    fn replace(&self, listed: HashMap<Key, Arc<K>>) {
        let gone: Vec<Arc<K>> = {
            let state = lock(&self.state);
            state.objects.values().filter(|held| !listed.contains_key(&Key::of(&***held))).cloned().collect()
        };
        for object in gone {
            self.remove(&object);
        }
        for object in listed.into_values() {
            self.apply(object);
        }
    }

    fn tell(&self, key: &Key, object: &Arc<K>, presence: Presence) {
        for listener in lock(&self.listeners).iter() {
            listener(key, object, presence);
        }
    }
}

fn bury<K>(state: &mut State<K>, uid: String) {
    if state.deleted.len() >= TOMBSTONES {
        state.deleted.pop_front();
    }
    state.deleted.push_back(uid);
}

/// Resource versions are comparable numbers.
fn version<K: Resource>(object: &K) -> Option<u64> {
    object.meta().resource_version.as_deref()?.parse().ok()
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keys that wait for their turn, each at most once: its size is bounded by the number of objects.
pub(crate) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    arrived: Notify,
}

struct Waiting<T> {
    order: VecDeque<T>,
    known: HashSet<T>,
}

impl<T: Clone + Hash + Eq> Queue<T> {
    pub(crate) fn new() -> Arc<Self> {
        let waiting = Waiting { order: VecDeque::new(), known: HashSet::new() };
        Arc::new(Self { waiting: Mutex::new(waiting), arrived: Notify::new() })
    }

    pub(crate) fn push(&self, key: T) {
        let mut waiting = lock(&self.waiting);
        if waiting.known.insert(key.clone()) {
            waiting.order.push_back(key);
            drop(waiting);
            self.arrived.notify_one();
        }
    }

    /// The next key; waits for one. For one reader.
    pub(crate) async fn next(&self) -> T {
        loop {
            {
                let mut waiting = lock(&self.waiting);
                if let Some(key) = waiting.order.pop_front() {
                    waiting.known.remove(&key);
                    return key;
                }
            }
            self.arrived.notified().await;
        }
    }
}
