//! What an EndpointSlice needs to know of a pod.

use std::collections::BTreeMap;
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Container, Pod};

use crate::network::services::{PortFacts, Protocol, TargetPort};

/// A pod, as far as Services are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodFacts {
    pub(crate) uid: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) ready: bool,
    pub(crate) terminating: bool,
    /// Its containers ended and will not start again.
    pub(crate) ended: bool,
    pub(crate) hostname: Option<String>,
    pub(crate) subdomain: Option<String>,
    pub(crate) node: Option<String>,
    /// Named container ports.
    pub(crate) ports: Vec<(String, Protocol, u16)>,
}

impl From<Pod> for PodFacts {
    fn from(pod: Pod) -> Self {
        let spec = pod.spec.unwrap_or_default();
        let status = pod.status.unwrap_or_default();
        let listed = status.pod_ips.iter().flatten().map(|entry| entry.ip.clone());
        let mut addresses: Vec<IpAddr> = listed.filter_map(|ip| ip.parse().ok()).collect();
        if addresses.is_empty() {
            addresses.extend(status.pod_ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok()));
        }
        let restartable = |container: &&Container| container.restart_policy.as_deref() == Some("Always");
        let sidecars = spec.init_containers.iter().flatten().filter(restartable);
        let ports = spec.containers.iter().chain(sidecars).flat_map(|container| container.ports.iter().flatten());
        let ports = ports.filter_map(|port| {
            let number = u16::try_from(port.container_port).ok()?;
            Some((port.name.clone()?, Protocol::parse(port.protocol.as_deref()), number))
        });
        let conditions = status.conditions.unwrap_or_default();
        Self {
            uid: pod.metadata.uid.unwrap_or_default(),
            labels: pod.metadata.labels.unwrap_or_default(),
            addresses,
            ready: conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"),
            terminating: pod.metadata.deletion_timestamp.is_some(),
            ended: matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")),
            ports: ports.collect(),
            hostname: spec.hostname,
            subdomain: spec.subdomain,
            node: spec.node_name,
        }
    }
}

impl PodFacts {
    /// Whether all of `selector` is among the labels. An empty selector selects nothing.
    pub(crate) fn matches(&self, selector: &BTreeMap<String, String>) -> bool {
        !selector.is_empty() && selector.iter().all(|(name, value)| self.labels.get(name) == Some(value))
    }

    /// The number of the container port that a Service's port leads to, where the pod has it.
    pub(crate) fn port(&self, port: &PortFacts) -> Option<u16> {
        match &port.target {
            TargetPort::Number(number) => Some(*number),
            TargetPort::Name(name) => {
                let found = self.ports.iter().find(|(own, protocol, _)| own == name && *protocol == port.protocol);
                found.map(|(_, _, number)| *number)
            }
        }
    }
}
