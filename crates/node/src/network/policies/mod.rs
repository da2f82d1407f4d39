//! NetworkPolicies, by the service proxy and by a packet filter.
//!
//! ```text
//!  NetworkPolicy, Pod, Namespace ─▶ in memory ─┬▶ service proxy, before it dials: who asks (by address), whom, which port
//!                                              └▶ filter ─▶ script ─▶ nft: pods of one namespace among each other, pods
//!                                                 and the world outside
//! ```
//!
//! Where this computer lets nobody filter packets, a policy has an annotation that says what of it is not enforced, and the
//! Node a condition. What this computer sends itself (the gateway, probes) is always let in, as a cluster lets its nodes, and
//! what pods send to this computer is always let out.

mod decide;
mod enforce;
mod facts;
mod filter;
mod nft;
mod script;
mod shortfall;
mod spans;
mod tell;

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, ObjectReference, Pod};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Client;
use tokio::sync::watch;

use super::cidr::Cidr;
use super::dirty::DirtyKeys;
use super::key::ObjectKey;
use super::notices::Notices;
use super::services::Protocol;
use super::watched::Watched;
use decide::{Connection, End, admits};
pub(crate) use enforce::{Enforcer, remove_filter};
use facts::{PodParty, PolicyFacts};
use filter::Known;
pub(crate) use nft::Means;

/// How long a connection waits for the pod that makes it to be known: a program may ask before its pod's status is written.
const UNKNOWN: Duration = Duration::from_secs(3);

type ByAddress = HashMap<IpAddr, (ObjectKey, Arc<PodParty>)>;

/// The NetworkPolicies of the cluster, and whom they are about.
#[derive(Debug)]
pub(crate) struct Policies {
    asked: Watched<PolicyFacts>,
    namespaces: Watched<BTreeMap<String, String>>,
    pods: Watched<PodParty>,
    at: Arc<RwLock<ByAddress>>,
    /// Rings when a pod got an address.
    known: watch::Sender<()>,
    /// Rings when anything changed that a filter is made from.
    changed: watch::Sender<()>,
    /// Policies that something happened to.
    touched: Arc<DirtyKeys<ObjectKey>>,
    notices: Notices,
    /// The ranges that all pods' addresses are of.
    ranges: Vec<Cidr>,
}

impl Policies {
    /// Follows the cluster. Addresses outside of `ranges` are no pod's: they are this computer's own.
    pub(crate) fn start(client: &Client, ranges: Vec<Cidr>, notices: Notices) -> Arc<Self> {
        let changed = watch::Sender::new(());
        let touched: Arc<DirtyKeys<ObjectKey>> = Arc::default();
        let (touch, ring) = (touched.clone(), changed.clone());
        let policies = Watched::start::<NetworkPolicy>(client.clone(), PolicyFacts::from, move |change| {
            touch.add(change.key.clone());
            ring.send_replace(());
        });
        let labels = |namespace: Namespace| namespace.metadata.labels.unwrap_or_default();
        let ring = changed.clone();
        let namespaces = Watched::start::<Namespace>(client.clone(), labels, move |_| {
            ring.send_replace(());
        });
        let at: Arc<RwLock<ByAddress>> = Arc::default();
        let known = watch::Sender::new(());
        let (index, bell, ring) = (at.clone(), known.clone(), changed.clone());
        let pods = Watched::start::<Pod>(client.clone(), PodParty::from, move |change| {
            let mut at = index.write().unwrap_or_else(PoisonError::into_inner);
            for address in change.before.iter().flat_map(|pod| &pod.addresses) {
                if at.get(address).is_some_and(|(owner, _)| owner == change.key) {
                    at.remove(address);
                }
            }
            for (address, pod) in change.after.iter().flat_map(|pod| pod.addresses.iter().map(move |one| (one, *pod))) {
                at.insert(*address, (change.key.clone(), pod.clone()));
            }
            drop(at);
            bell.send_replace(());
            ring.send_replace(());
        });
        Arc::new(Self { asked: policies, namespaces, pods, at, known, changed, touched, notices, ranges })
    }

    /// Returns when all that exists is known.
    pub(crate) async fn synced(&self) {
        self.asked.synced().await;
        self.namespaces.synced().await;
        self.pods.synced().await;
    }

    /// Whether a connection from `from` to an endpoint is let through. Waits a moment for a pod that is not known yet.
    pub(crate) async fn admits(&self, from: IpAddr, to: SocketAddr, protocol: Protocol) -> bool {
        if self.is_pods(from) && !self.knows(from) && self.concern(to.ip()) {
            let mut known = self.known.subscribe();
            let appears = async { while !self.knows(from) && known.changed().await.is_ok() {} };
            let _ = tokio::time::timeout(UNKNOWN, appears).await;
        }
        self.admits_now(from, to, protocol)
    }

    /// The same without waiting.
    pub(crate) fn admits_now(&self, from: IpAddr, to: SocketAddr, protocol: Protocol) -> bool {
        if !self.is_pods(from) {
            return true;
        }
        let (source, target) = {
            let at = self.at.read().unwrap_or_else(PoisonError::into_inner);
            (at.get(&from).cloned(), at.get(&to.ip()).cloned())
        };
        let labels = |pod: &Option<(ObjectKey, Arc<PodParty>)>| {
            let namespace = pod.as_ref().map(|(key, _)| ObjectKey::new("", key.namespace.clone()))?;
            self.namespaces.get(&namespace)
        };
        let none = BTreeMap::new();
        let (source_labels, target_labels) = (labels(&source), labels(&target));
        let from = End {
            address: from,
            pod: source.as_ref().map(|(key, pod)| (&*key.namespace, source_labels.as_deref().unwrap_or(&none), &**pod)),
        };
        let port = to.port();
        let to = End {
            address: to.ip(),
            pod: target.as_ref().map(|(key, pod)| (&*key.namespace, target_labels.as_deref().unwrap_or(&none), &**pod)),
        };
        admits(&Connection { from, to, protocol, port }, |namespace| {
            self.asked.in_namespace(namespace).into_iter().map(|(_, policy)| policy).collect()
        })
    }

    /// All that a filter is made from, with the ranges of namespaces' pods.
    fn known(&self, networks: BTreeMap<String, Cidr>) -> Known {
        Known {
            policies: self.asked.all(),
            pods: self.pods.all(),
            namespaces: self.namespaces.all().into_iter().map(|(key, labels)| (key.name, labels)).collect(),
            networks,
        }
    }

    /// Whether any policy may be about a connection to that address from a pod that is not known.
    fn concern(&self, to: IpAddr) -> bool {
        let at = self.at.read().unwrap_or_else(PoisonError::into_inner);
        let namespace = at.get(&to).map(|(key, _)| key.namespace.clone());
        drop(at);
        let about = |(key, policy): &(ObjectKey, Arc<PolicyFacts>)| {
            policy.egress.is_some() || namespace.as_ref() == Some(&key.namespace)
        };
        self.asked.all().iter().any(about)
    }

    fn is_pods(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.ranges.iter().any(|range| range.contains(address)),
            IpAddr::V6(_) => false,
        }
    }

    fn knows(&self, address: IpAddr) -> bool {
        self.at.read().unwrap_or_else(PoisonError::into_inner).contains_key(&address)
    }
}

fn object(key: &ObjectKey, policy: &PolicyFacts) -> ObjectReference {
    ObjectReference {
        api_version: Some("networking.k8s.io/v1".into()),
        kind: Some("NetworkPolicy".into()),
        name: Some(key.name.clone()),
        namespace: Some(key.namespace.clone()),
        uid: Some(policy.uid.clone()),
        ..ObjectReference::default()
    }
}

#[cfg(test)]
mod tests;
