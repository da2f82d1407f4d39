//! NetworkPolicies, where connections go through this process: between namespaces, and to Services within one.
//!
//! ```text
//!  NetworkPolicy, Pod, Namespace ─▶ in memory ─▶ service proxy, before it dials: who asks (by address), whom, which port
//! ```
//!
//! What does not go through it is not filtered, and said so: pods of one namespace that use each other's own address, and
//! what pods send to the world outside. What this computer sends itself (the gateway, probes) is always let in, as a
//! cluster lets its nodes.

mod decide;
mod facts;

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, ObjectReference, Pod};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use tokio::sync::watch;

use super::cidr::Cidr;
use super::key::ObjectKey;
use super::notices::Notices;
use super::services::Protocol;
use super::watched::Watched;
use decide::{Connection, End, admits};
use facts::{PodParty, PolicyFacts};

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
    /// The ranges that all pods' addresses are of.
    ranges: Vec<Cidr>,
}

impl Policies {
    /// Follows the cluster. Addresses outside of `ranges` are no pod's: they are this computer's own.
    pub(crate) fn start(client: &Client, ranges: Vec<Cidr>, notices: Notices) -> Arc<Self> {
        let started = Timestamp::now().as_second();
        let policies = Watched::start::<NetworkPolicy>(client.clone(), PolicyFacts::from, move |change| {
            if let (None, Some(policy)) = (change.before, change.after)
                && policy.created >= started
            {
                tell_limits(&notices, change.key, policy);
            }
        });
        let labels = |namespace: Namespace| namespace.metadata.labels.unwrap_or_default();
        let namespaces = Watched::start::<Namespace>(client.clone(), labels, |_| {});
        let at: Arc<RwLock<ByAddress>> = Arc::default();
        let known = watch::Sender::new(());
        let (index, bell) = (at.clone(), known.clone());
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
        });
        Arc::new(Self { asked: policies, namespaces, pods, at, known, ranges })
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

/// Says what of a new policy is not enforced on this computer.
fn tell_limits(notices: &Notices, key: &ObjectKey, policy: &PolicyFacts) {
    let mut limits = Vec::new();
    if policy.ingress.is_some() {
        limits.push("pods of the same namespace that connect to each other's own address instead of a Service's");
    }
    if policy.egress.is_some() {
        limits.push("what pods send to the world outside");
    }
    let object = ObjectReference {
        api_version: Some("networking.k8s.io/v1".into()),
        kind: Some("NetworkPolicy".into()),
        name: Some(key.name.clone()),
        namespace: Some(key.namespace.clone()),
        uid: Some(policy.uid.clone()),
        ..ObjectReference::default()
    };
    let note = format!(
        "Enforced on this computer between namespaces and for Services. Not enforced for {}",
        limits.join(", nor for ")
    );
    notices.note(object, "PartlyEnforced", note);
}

#[cfg(test)]
mod tests;
