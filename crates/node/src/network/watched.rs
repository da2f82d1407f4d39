//! One kind of object, kept equal to the API server by a watch: what is needed of each, and who is told of changes.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use futures::{StreamExt as _, TryStreamExt as _};
use kube::core::DeserializeGuard;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::key::ObjectKey;

type Map<T> = BTreeMap<ObjectKey, Arc<T>>;

/// The objects of one kind, each as the facts `T` that its users need of it.
///
/// A change that leaves the facts as they were wakes nobody. An object that cannot be decoded counts as absent and is
/// logged with its name. The watch ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watched<T> {
    objects: Arc<RwLock<Map<T>>>,
    synced: watch::Receiver<bool>,
    _task: AbortOnDropHandle<()>,
}

/// What happened to one object: its facts before and after.
pub(crate) struct Change<'a, T> {
    pub(crate) key: &'a ObjectKey,
    pub(crate) before: Option<&'a Arc<T>>,
    pub(crate) after: Option<&'a Arc<T>>,
}

impl<T: PartialEq + Send + Sync + 'static> Watched<T> {
    /// Watches all objects of kind `K`. `facts` picks what is kept; `changed` is called after each change became visible.
    pub(crate) fn start<K>(
        client: Client,
        facts: impl Fn(K) -> T + Send + Sync + 'static,
        changed: impl Fn(Change<'_, T>) + Send + Sync + 'static,
    ) -> Self
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + 'static,
    {
        let objects: Arc<RwLock<Map<T>>> = Arc::default();
        let (synced_sender, synced) = watch::channel(false);
        let task = tokio::spawn(follow::<K, T>(client, objects.clone(), synced_sender, facts, changed));
        Self { objects, synced, _task: AbortOnDropHandle::new(task) }
    }

    /// Returns when the first list is in.
    pub(crate) async fn synced(&self) {
        // The sender lives as long as the task, which ends with `self` only.
        let _ = self.synced.clone().wait_for(|done| *done).await;
    }

    pub(crate) fn get(&self, key: &ObjectKey) -> Option<Arc<T>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// All objects of a namespace, by name.
    pub(crate) fn in_namespace(&self, namespace: &str) -> Vec<(ObjectKey, Arc<T>)> {
        let start = ObjectKey::new(namespace, "");
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        objects
            .range((Bound::Included(start), Bound::Unbounded))
            .take_while(|(key, _)| key.namespace == namespace)
            .map(|(key, object)| (key.clone(), object.clone()))
            .collect()
    }

    /// All objects, by namespace and name.
    pub(crate) fn all(&self) -> Vec<(ObjectKey, Arc<T>)> {
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        objects.iter().map(|(key, object)| (key.clone(), object.clone())).collect()
    }
}

async fn follow<K, T: PartialEq>(
    client: Client,
    objects: Arc<RwLock<Map<T>>>,
    synced: watch::Sender<bool>,
    facts: impl Fn(K) -> T,
    changed: impl Fn(Change<'_, T>),
) where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let api: Api<DeserializeGuard<K>> = Api::all(client);
    let mut events = watcher(api, watcher::Config::default()).default_backoff().into_stream().boxed();
    let put = |key: ObjectKey, object: Option<T>| {
        let after = object.map(Arc::new);
        let before = {
            let mut held = objects.write().unwrap_or_else(PoisonError::into_inner);
            match &after {
                Some(after) if held.get(&key).is_some_and(|before| **before == **after) => return,
                Some(after) => held.insert(key.clone(), after.clone()),
                None => held.remove(&key),
            }
        };
        if before.is_some() || after.is_some() {
            changed(Change { key: &key, before: before.as_ref(), after: after.as_ref() });
        }
    };
    let decoded = |object: DeserializeGuard<K>| match object.0 {
        Ok(object) => (ObjectKey::of(&object), Some(facts(object))),
        Err(invalid) => {
            let key = ObjectKey::new(
                invalid.metadata.namespace.clone().unwrap_or_default(),
                invalid.metadata.name.clone().unwrap_or_default(),
            );
            tracing::warn!(kind = %K::kind(&()), object = %key, error = %invalid.error, "an object cannot be read and is left out");
            (key, None)
        }
    };
    let mut listed: BTreeMap<ObjectKey, T> = BTreeMap::new();
    loop {
        match events.try_next().await {
            Ok(Some(watcher::Event::Init)) => listed.clear(),
            Ok(Some(watcher::Event::InitApply(object))) => {
                if let (key, Some(object)) = decoded(object) {
                    listed.insert(key, object);
                }
            }
            Ok(Some(watcher::Event::InitDone)) => {
                let gone: Vec<_> = {
                    let held = objects.read().unwrap_or_else(PoisonError::into_inner);
                    held.keys().filter(|key| !listed.contains_key(key)).cloned().collect()
                };
                for key in gone {
                    put(key, None);
                }
                for (key, object) in std::mem::take(&mut listed) {
                    put(key, Some(object));
                }
                synced.send_replace(true);
            }
            Ok(Some(watcher::Event::Apply(object))) => {
                let (key, object) = decoded(object);
                put(key, object);
            }
            Ok(Some(watcher::Event::Delete(object))) => put(decoded(object).0, None),
            Ok(None) => return,
            Err(error) => tracing::warn!(kind = %K::kind(&()), %error, "a watch broke off and is started again"),
        }
    }
}
