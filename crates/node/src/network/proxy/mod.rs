//! The service proxy: for each virtual IP and port a listener that carries connections to ready pods.
//!
//! ```text
//!  Service changed ─▶ addresses on our interface ─▶ listener per port ─▶ Pool::in_turn ─▶ pod
//!                     (placed, taken away)          (only while a pod is ready: otherwise the kernel refuses)
//! ```

mod tcp;
mod udp;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::addresses::Addresses;
use super::cidr::Cidr;
use super::dirty::DirtyKeys;
use super::key::ObjectKey;
use super::notices::Notices;
use super::policies::Policies;
use super::services::{Pool, Protocol, Reach, ServiceEntry, Services};

/// Connections carried at once, over all Services.
const MOST_CONNECTIONS: usize = 16_384;
/// How long an endpoint may take to accept.
const CONNECT: Duration = Duration::from_secs(3);
/// How long until an address that could not be listened on is tried again.
const BIND_AGAIN: Duration = Duration::from_secs(5);

/// Carries connections to Services, until dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    _task: AbortOnDropHandle<()>,
}

/// What one listener needs.
#[derive(Debug, Clone)]
struct Duty {
    service: ObjectKey,
    address: SocketAddr,
    protocol: Protocol,
    pool: Arc<Pool>,
    /// How long a client stays with its endpoint, where asked for.
    affinity: Option<Duration>,
    /// Who may connect to whom; none where everybody may.
    policies: Option<Arc<Policies>>,
}

#[derive(Debug)]
struct Listener {
    duty: Duty,
    _task: AbortOnDropHandle<()>,
}

impl Duty {
    fn same(&self, other: &Self) -> bool {
        self.address == other.address
            && self.protocol == other.protocol
            && self.affinity == other.affinity
            && Arc::ptr_eq(&self.pool, &other.pool)
    }
}

impl Proxy {
    /// Begins with the Services that exist; `reserved` addresses stay on the interface though no Service has them.
    /// Addresses outside of `range` are not placed: they may be someone else's.
    pub(crate) fn start(
        (services, policies): (Arc<Services>, Arc<Policies>),
        addresses: Addresses,
        notices: Notices,
        range: Cidr,
        reserved: BTreeSet<Ipv4Addr>,
    ) -> Self {
        let task = tokio::spawn(async move {
            services.synced().await;
            // Nothing is let through that a policy which is not read yet would not.
            policies.synced().await;
            let dirty = Arc::new(DirtyKeys::default());
            services.tell(&dirty);
            let mut table = Table {
                services,
                policies,
                addresses,
                notices,
                range,
                listeners: HashMap::new(),
                claims: HashMap::new(),
                claimants: BTreeMap::new(),
            };
            table.take_away_strays(&reserved).await;
            let limit = Arc::new(Semaphore::new(MOST_CONNECTIONS));
            let mut again = BTreeSet::new();
            loop {
                let touched = if again.is_empty() {
                    dirty.take().await
                } else {
                    tokio::time::timeout(BIND_AGAIN, dirty.take()).await.unwrap_or_default()
                };
                let mut keys = std::mem::take(&mut again);
                keys.extend(touched);
                while let Some(key) = keys.pop_first() {
                    if !table.update(&key, &limit, &mut keys).await {
                        again.insert(key);
                    }
                }
            }
        });
        Self { _task: AbortOnDropHandle::new(task) }
    }
}

/// Who has which address, and what is listened on.
#[derive(Debug)]
struct Table {
    services: Arc<Services>,
    policies: Arc<Policies>,
    addresses: Addresses,
    notices: Notices,
    range: Cidr,
    listeners: HashMap<ObjectKey, Vec<Listener>>,
    /// The virtual IP that each Service claims.
    claims: HashMap<ObjectKey, (Ipv4Addr, i64)>,
    /// Per address the Services that claim it, the oldest first.
    claimants: BTreeMap<Ipv4Addr, BTreeSet<(i64, ObjectKey)>>,
}

impl Table {
    /// Takes away what a process before this one left on the interface and no Service has any more.
    async fn take_away_strays(&self, reserved: &BTreeSet<Ipv4Addr>) {
        let mut kept = reserved.clone();
        kept.extend(self.services.all().iter().filter_map(|(_, entry)| match entry.facts.reach {
            Reach::VirtualIp(address) => Some(address),
            _ => None,
        }));
        self.addresses.keep_only(&kept).await;
    }

    /// Makes addresses and listeners of one Service what they should be; adds to `others` the Services that get or lose an
    /// address by that. Says whether all went well.
    async fn update(&mut self, key: &ObjectKey, limit: &Arc<Semaphore>, others: &mut BTreeSet<ObjectKey>) -> bool {
        let entry = self.services.get(key);
        let claim = entry.as_ref().and_then(|entry| match entry.facts.reach {
            Reach::VirtualIp(address) if self.range.contains(address) => Some((address, entry.facts.created)),
            Reach::VirtualIp(address) => {
                self.notices.warn(key, &entry.facts.uid, "ClusterIPOutOfRange", format!(
                    "{address} is outside of the Service range {} of this node and is not served. Delete the Service and create it without spec.clusterIP, or start the node with the API server's range", self.range
                ));
                None
            }
            _ => None,
        });
        let before = self.claims.get(key).copied();
        if before != claim {
            self.move_claim(key, before, claim, others).await;
        }
        let Some((entry, (address, _))) = entry.zip(claim) else {
            self.listeners.remove(key);
            return true;
        };
        let owner = self.claimants.get(&address).and_then(BTreeSet::first).map(|(_, owner)| owner.clone());
        if owner.as_ref() != Some(key) {
            self.listeners.remove(key);
            let owner = owner.map(|owner| owner.to_string()).unwrap_or_default();
            self.notices.warn(key, &entry.facts.uid, "ClusterIPConflict", format!(
                "{address} belongs to the older Service {owner}; this one is not served. Delete it and create it without spec.clusterIP"
            ));
            return true;
        }
        if let Err(error) = self.addresses.place(address).await {
            self.notices.warn(key, &entry.facts.uid, "ClusterIPNotServed", error.to_string());
            return false;
        }
        self.listen(key, &entry, address, limit);
        true
    }

    async fn move_claim(
        &mut self,
        key: &ObjectKey,
        before: Option<(Ipv4Addr, i64)>,
        after: Option<(Ipv4Addr, i64)>,
        others: &mut BTreeSet<ObjectKey>,
    ) {
        // Listeners of the address that is given up end before the address is taken away.
        self.listeners.remove(key);
        if let Some((address, created)) = before {
            let mut free = true;
            if let Some(claimants) = self.claimants.get_mut(&address) {
                claimants.remove(&(created, key.clone()));
                free = claimants.is_empty();
                others.extend(claimants.first().map(|(_, next)| next.clone()));
            }
            if free {
                self.claimants.remove(&address);
                self.addresses.take_away(address).await;
            }
            self.claims.remove(key);
        }
        if let Some((address, created)) = after {
            let claimants = self.claimants.entry(address).or_default();
            others.extend(claimants.iter().map(|(_, other)| other.clone()));
            claimants.insert((created, key.clone()));
            self.claims.insert(key.clone(), (address, created));
        }
    }

    fn listen(&mut self, key: &ObjectKey, entry: &ServiceEntry, address: Ipv4Addr, limit: &Arc<Semaphore>) {
        let mut present = self.listeners.remove(key).unwrap_or_default();
        let mut kept = Vec::with_capacity(entry.ports.len());
        for port in &entry.ports {
            if port.facts.protocol == Protocol::Sctp {
                self.notices.warn(
                    key,
                    &entry.facts.uid,
                    "ProtocolNotServed",
                    format!("port {} asks for SCTP, which is not served on this node: use TCP or UDP", port.facts.port),
                );
                continue;
            }
            let duty = Duty {
                service: key.clone(),
                address: (address, port.facts.port).into(),
                protocol: port.facts.protocol,
                pool: port.pool.clone(),
                affinity: entry.facts.affinity,
                policies: Some(self.policies.clone()),
            };
            match present.iter().position(|listener| listener.duty.same(&duty)) {
                Some(at) => kept.push(present.swap_remove(at)),
                None => kept.push(self.spawn(duty, &entry.facts.uid, limit)),
            }
        }
        for field in &entry.facts.unserved {
            self.notices.warn(key, &entry.facts.uid, "FieldNotServed", format!(
                "{field} asks for a port or address outside of the cluster network, which is not served on this node; spec.clusterIP is. Expose the Service with an HTTPRoute"
            ));
        }
        self.listeners.insert(key.clone(), kept);
    }

    fn spawn(&self, duty: Duty, uid: &str, limit: &Arc<Semaphore>) -> Listener {
        let (serving, limit, notices, uid) = (duty.clone(), limit.clone(), self.notices.clone(), uid.to_owned());
        let task = tokio::spawn(async move {
            let mut any = serving.pool.any();
            loop {
                if any.wait_for(|any| *any).await.is_err() {
                    return;
                }
                let served = match serving.protocol {
                    Protocol::Udp => udp::serve(&serving).await,
                    _ => tcp::serve(&serving, &limit).await,
                };
                if let Err(error) = served {
                    notices.warn(&serving.service, &uid, "PortNotServed", format!(
                        "cannot listen on {} {}: {error}. Another program holds port {} on all addresses of this computer; let it listen on its own addresses only, or change spec.ports[].port",
                        serving.protocol.as_str(), serving.address, serving.address.port(),
                    ));
                    tokio::time::sleep(BIND_AGAIN).await;
                }
            }
        });
        Listener { duty, _task: AbortOnDropHandle::new(task) }
    }
}
