//! What a NetworkPolicy asks for, and what of a pod it is compared with.

use std::collections::BTreeMap;
use std::net::IpAddr;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::tell::Told;
use crate::network::Cidr;
use crate::network::endpoint_slices::PodFacts;
use crate::network::services::Protocol;

/// A NetworkPolicy.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PolicyFacts {
    pub(super) uid: String,
    /// What it says of its enforcement here.
    pub(super) told: Told,
    /// The pods of its namespace that it is about.
    pub(super) about: LabelSelector,
    /// Who may connect to them; none where it does not say.
    pub(super) ingress: Option<Vec<Rule>>,
    /// To whom they may connect; none where it does not say.
    pub(super) egress: Option<Vec<Rule>>,
}

/// One way in or out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    /// Empty for everybody.
    pub(super) peers: Vec<Peer>,
    /// Empty for every port.
    pub(super) ports: Vec<PortRule>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Peer {
    Addresses {
        range: Cidr,
        except: Vec<Cidr>,
    },
    /// Without `namespaces` those of the policy's own.
    Pods {
        namespaces: Option<LabelSelector>,
        pods: LabelSelector,
    },
    /// What cannot be read admits nobody.
    Nobody,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct PortRule {
    pub(super) protocol: Protocol,
    pub(super) port: Ports,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ports {
    All,
    Range(u16, u16),
    Named(String),
    /// What cannot be read admits nothing.
    Nothing,
}

impl From<NetworkPolicy> for PolicyFacts {
    fn from(policy: NetworkPolicy) -> Self {
        let spec = policy.spec.unwrap_or_default();
        let named = |kind: &str| spec.policy_types.iter().flatten().any(|one| one == kind);
        let silent = spec.policy_types.as_ref().is_none_or(Vec::is_empty);
        let ingress = named("Ingress") || silent;
        let egress = named("Egress") || silent && spec.egress.as_ref().is_some_and(|rules| !rules.is_empty());
        let inward = || {
            let rules = spec.ingress.iter().flatten();
            rules.map(|rule| rule_of(rule.from.as_deref(), rule.ports.as_deref())).collect()
        };
        let outward = || {
            let rules = spec.egress.iter().flatten();
            rules.map(|rule| rule_of(rule.to.as_deref(), rule.ports.as_deref())).collect()
        };
        Self {
            told: Told::of(&policy.metadata),
            uid: policy.metadata.uid.unwrap_or_default(),
            ingress: ingress.then(inward),
            egress: egress.then(outward),
            about: spec.pod_selector.unwrap_or_default(),
        }
    }
}

fn rule_of(peers: Option<&[NetworkPolicyPeer]>, ports: Option<&[NetworkPolicyPort]>) -> Rule {
    Rule {
        peers: peers.unwrap_or_default().iter().map(peer).collect(),
        ports: ports.unwrap_or_default().iter().map(port).collect(),
    }
}

fn peer(peer: &NetworkPolicyPeer) -> Peer {
    if let Some(block) = &peer.ip_block {
        let except = block.except.iter().flatten().map(|range| range.parse()).collect::<Result<_, _>>();
        return match (block.cidr.parse(), except) {
            (Ok(range), Ok(except)) => Peer::Addresses { range, except },
            // A range of IPv6, which no pod here has.
            _ => Peer::Nobody,
        };
    }
    Peer::Pods { namespaces: peer.namespace_selector.clone(), pods: peer.pod_selector.clone().unwrap_or_default() }
}

fn port(port: &NetworkPolicyPort) -> PortRule {
    let number = |value: i32| u16::try_from(value).ok().filter(|number| *number > 0);
    let readable = matches!(port.protocol.as_deref(), None | Some("TCP" | "UDP" | "SCTP"));
    let found = match (&port.port, port.end_port) {
        (None, None) => Some(Ports::All),
        (Some(IntOrString::Int(first)), last) => {
            let last = number(last.unwrap_or(*first));
            number(*first)
                .zip(last)
                .filter(|(first, last)| first <= last)
                .map(|(first, last)| Ports::Range(first, last))
        }
        (Some(IntOrString::String(name)), None) => Some(Ports::Named(name.clone())),
        // A last port belongs to a first one that is a number.
        (None | Some(IntOrString::String(_)), Some(_)) => None,
    };
    let port_rule = found.filter(|_| readable).unwrap_or(Ports::Nothing);
    PortRule { protocol: Protocol::parse(port.protocol.as_deref()), port: port_rule }
}

/// A pod, as far as policies are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PodParty {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) addresses: Vec<IpAddr>,
    /// Named container ports.
    pub(super) ports: Vec<(String, Protocol, u16)>,
}

impl From<Pod> for PodParty {
    fn from(pod: Pod) -> Self {
        let facts = PodFacts::from(pod);
        // The address of a pod that ended is somebody else's soon.
        let addresses = if facts.ended { Vec::new() } else { facts.addresses };
        Self { labels: facts.labels, addresses, ports: facts.ports }
    }
}
