//! The Services of the cluster with their ready endpoints, shared by the service proxy, the names and the gateway.
//!
//! ```text
//!  watch Service ───────┐
//!                       ├─▶ entry per Service: facts + one Pool per port ─▶ proxy, DNS, gateway
//!  watch EndpointSlice ─┘        (pools keep their identity: holders see endpoint changes at once)
//! ```

mod facts;
mod pool;
mod under_way;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::SocketAddr;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Client;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

pub use facts::{EndpointFacts, PortFacts, Protocol, Reach, SERVICE_NAME_LABEL, ServiceFacts, SliceFacts, TargetPort};
pub use pool::{InTurn, Pool};
pub use under_way::{Errand, UnderWay};

use super::dirty::DirtyKeys;
use super::key::ObjectKey;
use super::watched::{Change, Watched};

/// One port of a Service with its ready endpoints.
#[derive(Debug, Clone)]
pub struct ServicePortEntry {
    /// The port.
    pub facts: PortFacts,
    /// Its ready endpoints.
    pub pool: Arc<Pool>,
}

/// A Service with its endpoints.
#[derive(Debug, Clone)]
pub struct ServiceEntry {
    /// What it asks for.
    pub facts: Arc<ServiceFacts>,
    /// Its ports.
    pub ports: Vec<ServicePortEntry>,
    /// All its endpoints, ready or not.
    pub endpoints: Arc<[EndpointFacts]>,
}

type Listeners = Mutex<Vec<Weak<DirtyKeys<ObjectKey>>>>;

#[derive(Debug, Default)]
struct State {
    entries: RwLock<BTreeMap<ObjectKey, Arc<ServiceEntry>>>,
    /// UIDs of pods that are about to stop: they get no new connection whatever their readiness says.
    leaving: RwLock<HashSet<String>>,
    slices_of: Mutex<BTreeMap<ObjectKey, BTreeSet<ObjectKey>>>,
    dirty: DirtyKeys<ObjectKey>,
    order: Mutex<()>,
    listeners: Listeners,
    slice_listeners: Listeners,
}

/// All Services with their ready endpoints.
#[derive(Debug)]
pub struct Services {
    state: Arc<State>,
    asked: Arc<Watched<ServiceFacts>>,
    slices: Arc<Watched<SliceFacts>>,
    ready: watch::Receiver<bool>,
    under_way: Arc<UnderWay>,
    _task: AbortOnDropHandle<()>,
}

impl Services {
    /// Follows the Services and EndpointSlices of the cluster behind `client`.
    pub fn start(client: &Client) -> Arc<Self> {
        let state = Arc::new(State::default());
        let touched = state.clone();
        let services = Arc::new(Watched::start::<Service>(client.clone(), ServiceFacts::from, move |change| {
            touched.dirty.add(change.key.clone());
        }));
        let touched = state.clone();
        let slices = Arc::new(Watched::start::<EndpointSlice>(client.clone(), SliceFacts::from, move |change| {
            touched.slice_changed(&change);
        }));
        let (ready_sender, ready) = watch::channel(false);
        let task = tokio::spawn(keep(state.clone(), services.clone(), slices.clone(), ready_sender));
        Arc::new(Self {
            state,
            asked: services,
            slices,
            ready,
            under_way: Arc::default(),
            _task: AbortOnDropHandle::new(task),
        })
    }

    /// Returns when the Services and endpoints that existed at the start are known.
    pub async fn synced(&self) {
        let _ = self.ready.clone().wait_for(|done| *done).await;
    }

    /// The requests under way to endpoints.
    pub fn under_way(&self) -> &Arc<UnderWay> {
        &self.under_way
    }

    /// The Service of that name.
    pub fn get(&self, key: &ObjectKey) -> Option<Arc<ServiceEntry>> {
        self.state.entries.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// All Services, by namespace and name.
    pub fn all(&self) -> Vec<(ObjectKey, Arc<ServiceEntry>)> {
        let entries = self.state.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.iter().map(|(key, entry)| (key.clone(), entry.clone())).collect()
    }

    /// Sends no new connection to the pod of that UID from now on, whatever its readiness says.
    pub fn leave(&self, namespace: &str, pod_uid: &str) {
        self.state.leaving.write().unwrap_or_else(PoisonError::into_inner).insert(pod_uid.to_owned());
        for key in self.state.in_namespace(namespace) {
            self.state.rebuild(&key, &self.asked, &self.slices);
        }
    }

    /// Forgets that a pod was leaving: it is gone.
    pub(crate) fn left(&self, pod_uid: &str) {
        self.state.leaving.write().unwrap_or_else(PoisonError::into_inner).remove(pod_uid);
    }

    /// Tells `dirty` the key of each Service whose entry changed, beginning with all that exist. Endpoints alone do not
    /// count: their pools change in place.
    pub(crate) fn tell(&self, dirty: &Arc<DirtyKeys<ObjectKey>>) {
        let mut listeners = self.state.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.push(Arc::downgrade(dirty));
        dirty.add_all(self.all().into_iter().map(|(key, _)| key));
    }

    /// Tells `dirty` the key of each Service one of whose EndpointSlices changed.
    pub(crate) fn tell_slices(&self, dirty: &Arc<DirtyKeys<ObjectKey>>) {
        let mut listeners = self.state.slice_listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.push(Arc::downgrade(dirty));
    }

    pub(crate) fn facts_in(&self, namespace: &str) -> Vec<(ObjectKey, Arc<ServiceFacts>)> {
        self.asked.in_namespace(namespace)
    }

    pub(crate) fn facts(&self, key: &ObjectKey) -> Option<Arc<ServiceFacts>> {
        self.asked.get(key)
    }

    pub(crate) fn slices_of(&self, service: &ObjectKey) -> Vec<(ObjectKey, Arc<SliceFacts>)> {
        self.state.slices_of(service, &self.slices)
    }
}

/// Rebuilds the entries of Services that were touched; the first round, after both lists are in, is all of them.
async fn keep(
    state: Arc<State>,
    services: Arc<Watched<ServiceFacts>>,
    slices: Arc<Watched<SliceFacts>>,
    ready: watch::Sender<bool>,
) {
    services.synced().await;
    slices.synced().await;
    for (key, _) in services.all() {
        state.rebuild(&key, &services, &slices);
    }
    ready.send_replace(true);
    loop {
        for key in state.dirty.take().await {
            state.rebuild(&key, &services, &slices);
        }
    }
}

impl State {
    fn slice_changed(&self, change: &Change<'_, SliceFacts>) {
        let service_of = |slice: Option<&Arc<SliceFacts>>| {
            slice.and_then(|slice| slice.service.clone()).map(|name| ObjectKey::new(change.key.namespace.clone(), name))
        };
        let (before, after) = (service_of(change.before), service_of(change.after));
        let mut index = self.slices_of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(service) = &before
            && let Some(slices) = index.get_mut(service)
        {
            slices.remove(change.key);
            if slices.is_empty() {
                index.remove(service);
            }
        }
        if let Some(service) = &after {
            index.entry(service.clone()).or_default().insert(change.key.clone());
        }
        drop(index);
        for service in before.into_iter().chain(after).collect::<BTreeSet<_>>() {
            tell(&self.slice_listeners, &service);
            self.dirty.add(service);
        }
    }

    fn slices_of(&self, service: &ObjectKey, slices: &Watched<SliceFacts>) -> Vec<(ObjectKey, Arc<SliceFacts>)> {
        let index = self.slices_of.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = index.get(service).cloned().unwrap_or_default();
        drop(index);
        keys.into_iter().filter_map(|key| slices.get(&key).map(|slice| (key, slice))).collect()
    }

    fn in_namespace(&self, namespace: &str) -> Vec<ObjectKey> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let start = Bound::Included(ObjectKey::new(namespace, ""));
        let keys = entries.range((start, Bound::Unbounded)).map(|(key, _)| key);
        keys.take_while(|key| key.namespace == namespace).cloned().collect()
    }

    fn rebuild(&self, key: &ObjectKey, services: &Watched<ServiceFacts>, slices: &Watched<SliceFacts>) {
        // One at a time, so that an older view of a Service never replaces a newer one.
        let _order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.entries.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        let after = services.get(key).map(|facts| {
            let slices = self.slices_of(key, slices);
            Arc::new(self.entry(facts, before.as_deref(), &slices))
        });
        let changed = match (&before, &after) {
            (Some(before), Some(after)) => before.facts != after.facts,
            (None, None) => false,
            _ => true,
        };
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        match after {
            Some(after) => entries.insert(key.clone(), after),
            None => entries.remove(key),
        };
        drop(entries);
        if let (Some(before), false) = (before, services.get(key).is_some()) {
            before.ports.iter().for_each(|port| port.pool.set(Vec::new()));
        }
        if changed {
            tell(&self.listeners, key);
        }
    }

    fn entry(
        &self,
        facts: Arc<ServiceFacts>,
        before: Option<&ServiceEntry>,
        slices: &[(ObjectKey, Arc<SliceFacts>)],
    ) -> ServiceEntry {
        let ports: Vec<_> = facts
            .ports
            .iter()
            .map(|port| {
                let kept = before
                    .iter()
                    .flat_map(|entry| &entry.ports)
                    .find(|kept| kept.facts.name == port.name && kept.facts.protocol == port.protocol);
                let pool = kept.map_or_else(Arc::default, |kept| kept.pool.clone());
                pool.set(self.ready_endpoints(port, slices));
                ServicePortEntry { facts: port.clone(), pool }
            })
            .collect();
        for old in before.iter().flat_map(|entry| &entry.ports) {
            if !ports.iter().any(|port| Arc::ptr_eq(&port.pool, &old.pool)) {
                old.pool.set(Vec::new());
            }
        }
        let endpoints = slices.iter().flat_map(|(_, slice)| slice.endpoints.iter().cloned()).collect();
        ServiceEntry { facts, ports, endpoints }
    }

    fn ready_endpoints(&self, port: &PortFacts, slices: &[(ObjectKey, Arc<SliceFacts>)]) -> Vec<SocketAddr> {
        let leaving = self.leaving.read().unwrap_or_else(PoisonError::into_inner);
        let mut ready = BTreeSet::new();
        for (_, slice) in slices {
            let Some((_, _, number)) =
                slice.ports.iter().find(|(name, protocol, _)| *name == port.name && *protocol == port.protocol)
            else {
                continue;
            };
            for endpoint in &slice.endpoints {
                let stays = !endpoint.pod_uid.as_ref().is_some_and(|uid| leaving.contains(uid));
                if endpoint.ready && stays {
                    ready.extend(endpoint.addresses.iter().map(|address| SocketAddr::new(*address, *number)));
                }
            }
        }
        ready.into_iter().collect()
    }
}

fn tell(listeners: &Listeners, key: &ObjectKey) {
    let mut listeners = listeners.lock().unwrap_or_else(PoisonError::into_inner);
    listeners.retain(|listener| {
        let Some(dirty) = listener.upgrade() else { return false };
        dirty.add(key.clone());
        true
    });
}
