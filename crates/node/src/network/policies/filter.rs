//! Policies as a packet filter can carry them out: a plain function of what is known of the cluster.
//!
//! ```text
//!  pod ─▶ policies about it ─▶ chain: passes, else refused        one chain for all pods of the same policies
//!  address that no pod has yet, in a namespace with policies ─▶ silence until it is known
//! ```

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::facts::{Peer, PodParty, PolicyFacts, Ports, Rule};
use super::spans::Spans;
use crate::network::Cidr;
use crate::network::key::ObjectKey;
use crate::network::labels::selects;
use crate::network::services::Protocol;

/// What a filter is made from.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) policies: Vec<(ObjectKey, Arc<PolicyFacts>)>,
    pub(super) pods: Vec<(ObjectKey, Arc<PodParty>)>,
    /// Labels of namespaces, by name.
    pub(super) namespaces: BTreeMap<String, Arc<BTreeMap<String, String>>>,
    /// The ranges that pods of a namespace get their addresses from, by name.
    pub(super) networks: BTreeMap<String, Cidr>,
}

/// Which end of a connection a policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Out,
    In,
}

/// What is let through. Addresses that are in neither table are not filtered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) chains: Vec<Chain>,
    /// By address of the pod that connects: the number of its chain.
    pub(super) out: BTreeMap<Ipv4Addr, usize>,
    /// By address of the pod that is connected to: the number of its chain.
    pub(super) into: BTreeMap<Ipv4Addr, usize>,
    pub(super) strangers: Vec<Strangers>,
}

/// What lets a connection through; nothing else does.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) way: Way,
    pub(super) passes: Vec<Pass>,
}

/// One way through.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pass {
    /// The other end; none for anybody.
    pub(super) peers: Option<Spans>,
    pub(super) ports: Door,
}

/// Which ports of the target.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Door {
    All,
    /// First to last.
    Ports(Vec<(Protocol, u16, u16)>),
    /// A port that each target has at its own number.
    Named(Vec<(Ipv4Addr, Protocol, u16)>),
}

/// A namespace's range, and whose address in it is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Strangers {
    pub(super) range: Cidr,
    pub(super) known: Spans,
    pub(super) ways: Vec<Way>,
}

impl Filter {
    /// Nothing is filtered where there are no policies.
    pub(super) fn of(known: &Known) -> Self {
        let mut filter = Self::default();
        for way in [Way::Out, Way::In] {
            let mut numbers: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
            let mut members: BTreeMap<usize, Vec<&PodParty>> = BTreeMap::new();
            for (key, pod) in &known.pods {
                let about = known.about(way, &key.namespace, pod);
                if about.is_empty() {
                    continue;
                }
                let next = filter.chains.len() + numbers.len();
                let number = *numbers.entry(about).or_insert(next);
                members.entry(number).or_default().push(pod);
                let table = if way == Way::Out { &mut filter.out } else { &mut filter.into };
                table.extend(addresses(pod).map(|address| (address, number)));
            }
            let mut chains: Vec<_> = numbers.into_iter().map(|(about, number)| (number, about)).collect();
            chains.sort_unstable();
            for (number, about) in chains {
                let own = members.remove(&number).unwrap_or_default();
                filter.chains.push(Chain { way, passes: known.passes(way, &about, &own) });
            }
        }
        filter.strangers = known.strangers();
        filter
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Known {
    /// The policies about a pod that say something of that way, by number.
    fn about(&self, way: Way, namespace: &str, pod: &PodParty) -> Vec<usize> {
        let all = self.policies.iter().enumerate();
        let about = all.filter(|(_, (key, policy))| {
            key.namespace == namespace && rules(policy, way).is_some() && selects(&policy.about, &pod.labels)
        });
        about.map(|(number, _)| number).collect()
    }

    fn passes(&self, way: Way, about: &[usize], own: &[&PodParty]) -> Vec<Pass> {
        let mut passes = Vec::new();
        for (key, policy) in about.iter().filter_map(|number| self.policies.get(*number)) {
            for rule in rules(policy, way).into_iter().flatten() {
                self.add(way, &key.namespace, rule, own, &mut passes);
            }
        }
        passes
    }

    fn add(&self, way: Way, namespace: &str, rule: &Rule, own: &[&PodParty], passes: &mut Vec<Pass>) {
        let peers = (!rule.peers.is_empty()).then(|| self.peers(namespace, &rule.peers));
        if peers.as_ref().is_some_and(Spans::is_empty) {
            return;
        }
        if rule.ports.is_empty() {
            passes.push(Pass { peers, ports: Door::All });
            return;
        }
        let (mut numbers, mut named) = (Vec::new(), Vec::new());
        for port in &rule.ports {
            match &port.port {
                Ports::Nothing => {}
                Ports::All => numbers.push((port.protocol, 0, u16::MAX)),
                Ports::Range(first, last) => numbers.push((port.protocol, *first, *last)),
                Ports::Named(name) => {
                    let everybody = self.pods.iter().map(|(_, pod)| &**pod);
                    let targets: Vec<&PodParty> = if way == Way::In { own.to_vec() } else { everybody.collect() };
                    named.extend(targets.iter().flat_map(|pod| doors(pod, name, port.protocol)));
                }
            }
        }
        if way == Way::Out {
            named.retain(|(address, _, _)| peers.as_ref().is_none_or(|peers| peers.contains(*address)));
        }
        let numbers = joined(numbers);
        if !numbers.is_empty() {
            passes.push(Pass { peers: peers.clone(), ports: Door::Ports(numbers) });
        }
        named.sort_unstable_by_key(|(address, protocol, port)| (*address, protocol.as_str(), *port));
        named.dedup();
        if !named.is_empty() {
            passes.push(Pass { peers, ports: Door::Named(named) });
        }
    }

    fn peers(&self, namespace: &str, peers: &[Peer]) -> Spans {
        let mut spans = Spans::default();
        let none = Arc::default();
        for peer in peers {
            match peer {
                Peer::Nobody => {}
                Peer::Addresses { range, except } => spans.add(&Spans::of(*range).without(except)),
                Peer::Pods { namespaces, pods } => {
                    let near = |name: &str| match namespaces {
                        None => name == namespace,
                        Some(selector) => selects(selector, self.namespaces.get(name).unwrap_or(&none)),
                    };
                    let meant =
                        self.pods.iter().filter(|(key, pod)| near(&key.namespace) && selects(pods, &pod.labels));
                    spans.add(&meant.flat_map(|(_, pod)| addresses(pod)).collect());
                }
            }
        }
        spans
    }

    fn strangers(&self) -> Vec<Strangers> {
        let of_namespace = self.networks.iter().filter_map(|(namespace, range)| {
            let here = || self.policies.iter().filter(|(key, _)| key.namespace == *namespace);
            let ways: Vec<Way> = [Way::Out, Way::In]
                .into_iter()
                .filter(|way| here().any(|(_, one)| rules(one, *way).is_some()))
                .collect();
            let pods = self.pods.iter().filter(|(key, _)| key.namespace == *namespace);
            let known = pods.flat_map(|(_, pod)| addresses(pod)).collect();
            (!ways.is_empty()).then_some(Strangers { range: *range, known, ways })
        });
        of_namespace.collect()
    }
}

fn rules(policy: &PolicyFacts, way: Way) -> Option<&Vec<Rule>> {
    match way {
        Way::Out => policy.egress.as_ref(),
        Way::In => policy.ingress.as_ref(),
    }
}

fn addresses(pod: &PodParty) -> impl Iterator<Item = Ipv4Addr> {
    pod.addresses.iter().filter_map(|address| match address {
        IpAddr::V4(address) => Some(*address),
        IpAddr::V6(_) => None,
    })
}

/// Where a pod has the port of that name.
fn doors(pod: &PodParty, name: &str, protocol: Protocol) -> Vec<(Ipv4Addr, Protocol, u16)> {
    let ports = || pod.ports.iter().filter(|(own, of, _)| own == name && *of == protocol);
    addresses(pod).flat_map(|address| ports().map(move |(_, _, port)| (address, protocol, *port))).collect()
}

/// Ranges of ports in order, those that touch joined.
fn joined(mut ports: Vec<(Protocol, u16, u16)>) -> Vec<(Protocol, u16, u16)> {
    ports.retain(|(_, first, last)| first <= last);
    ports.sort_unstable_by_key(|(protocol, first, last)| (protocol.as_str(), *first, *last));
    let mut joined: Vec<(Protocol, u16, u16)> = Vec::new();
    for (protocol, first, last) in ports {
        match joined.last_mut() {
            Some((of, _, end)) if *of == protocol && first <= end.saturating_add(1) => *end = last.max(*end),
            _ => joined.push((protocol, first, last)),
        }
    }
    joined
}

#[cfg(test)]
#[path = "filter_tests.rs"]
pub(super) mod tests;
