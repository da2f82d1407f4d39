//! What the network needs to know of Services and EndpointSlices.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// The label that ties an EndpointSlice to its Service.
pub const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

/// The transport of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP, which is not served.
    Sctp,
}

impl Protocol {
    /// The protocol named in a Kubernetes object; TCP where none is named.
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            Some("UDP") => Self::Udp,
            Some("SCTP") => Self::Sctp,
            _ => Self::Tcp,
        }
    }

    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}

/// How a Service is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// It should have a virtual IP and none is assigned yet.
    Unassigned,
    /// By a virtual IP.
    VirtualIp(Ipv4Addr),
    /// By the addresses of its pods (`clusterIP: None`).
    Headless,
    /// By another name (`type: ExternalName`).
    ExternalName(String),
    /// By a virtual IP that is not IPv4, which is not served.
    Unsupported(String),
}

/// Where a port of a Service leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetPort {
    /// A port number of the pod.
    Number(u16),
    /// The name of a container's port.
    Name(String),
}

/// One port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortFacts {
    /// The name; empty where the only port has none.
    pub name: String,
    /// The port of the virtual IP.
    pub port: u16,
    /// The transport.
    pub protocol: Protocol,
    /// Where it leads.
    pub target: TargetPort,
    /// The application protocol, such as `kubernetes.io/h2c`.
    pub app_protocol: Option<String>,
}

/// A Service, as far as the network is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFacts {
    /// The UID.
    pub uid: String,
    /// When it was made, in seconds since 1970; the older of two that claim one address keeps it.
    pub created: i64,
    /// How it is reached.
    pub reach: Reach,
    /// Its ports.
    pub ports: Vec<PortFacts>,
    /// The labels of its pods; empty where its EndpointSlices are written by someone else.
    pub selector: BTreeMap<String, String>,
    /// Whether pods count before they are ready.
    pub publish_not_ready: bool,
    /// For how long a client stays with its pod, where `sessionAffinity: ClientIP` asks for it.
    pub affinity: Option<Duration>,
    /// Fields that are set and not served, by path.
    pub unserved: Vec<&'static str>,
}

impl From<Service> for ServiceFacts {
    fn from(service: Service) -> Self {
        let spec = service.spec.unwrap_or_default();
        let reach = match (spec.type_.as_deref(), spec.cluster_ip.as_deref()) {
            (Some("ExternalName"), _) => Reach::ExternalName(spec.external_name.clone().unwrap_or_default()),
            (_, Some("None")) => Reach::Headless,
            (_, None | Some("")) => Reach::Unassigned,
            (_, Some(address)) => {
                address.parse().map_or_else(|_| Reach::Unsupported(address.to_owned()), Reach::VirtualIp)
            }
        };
        let mut unserved = Vec::new();
        if spec.external_ips.as_ref().is_some_and(|list| !list.is_empty()) {
            unserved.push("spec.externalIPs");
        }
        if matches!(spec.type_.as_deref(), Some("NodePort" | "LoadBalancer")) {
            unserved.push("spec.type");
        }
        let affinity = (spec.session_affinity.as_deref() == Some("ClientIP")).then(|| {
            let config = spec.session_affinity_config.as_ref().and_then(|config| config.client_ip.as_ref());
            let seconds = config.and_then(|config| config.timeout_seconds).unwrap_or(10_800);
            Duration::from_secs(seconds.unsigned_abs().into())
        });
        Self {
            uid: service.metadata.uid.unwrap_or_default(),
            created: service.metadata.creation_timestamp.map_or(0, |time| time.0.as_second()),
            reach,
            ports: spec.ports.unwrap_or_default().iter().filter_map(port_facts).collect(),
            selector: spec.selector.unwrap_or_default(),
            publish_not_ready: spec.publish_not_ready_addresses.unwrap_or_default(),
            affinity,
            unserved,
        }
    }
}

fn port_facts(port: &ServicePort) -> Option<PortFacts> {
    let number = u16::try_from(port.port).ok()?;
    let target = match &port.target_port {
        None | Some(IntOrString::Int(0)) => TargetPort::Number(number),
        Some(IntOrString::Int(target)) => TargetPort::Number(u16::try_from(*target).ok()?),
        Some(IntOrString::String(name)) => TargetPort::Name(name.clone()),
    };
    Some(PortFacts {
        name: port.name.clone().unwrap_or_default(),
        port: number,
        protocol: Protocol::parse(port.protocol.as_deref()),
        target,
        app_protocol: port.app_protocol.clone(),
    })
}

/// One address behind a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointFacts {
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether it takes new connections.
    pub ready: bool,
    /// Its name below the Service's name, where it has one.
    pub hostname: Option<String>,
    /// The UID of the pod, where it is one.
    pub pod_uid: Option<String>,
}

/// An EndpointSlice, as far as the network is concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceFacts {
    /// The name of the Service, where a label says it.
    pub service: Option<String>,
    /// Who keeps it, from the label.
    pub managed_by: Option<String>,
    /// The UID of the Service that owns it, where one does.
    pub owner_uid: Option<String>,
    /// Name, protocol and number of its ports.
    pub ports: Vec<(String, Protocol, u16)>,
    /// Its endpoints.
    pub endpoints: Vec<EndpointFacts>,
    /// The slice as it was written, to compare with what should be written.
    pub written: EndpointSlice,
}

impl From<EndpointSlice> for SliceFacts {
    fn from(slice: EndpointSlice) -> Self {
        let labels = slice.metadata.labels.as_ref();
        let label = |name: &str| labels.and_then(|labels| labels.get(name)).cloned();
        let ports = slice.ports.iter().flatten().filter_map(|port| {
            let number = u16::try_from(port.port?).ok()?;
            Some((port.name.clone().unwrap_or_default(), Protocol::parse(port.protocol.as_deref()), number))
        });
        let endpoints = slice.endpoints.iter().flatten().map(|endpoint| EndpointFacts {
            addresses: endpoint.addresses.iter().filter_map(|address| address.parse().ok()).collect(),
            ready: endpoint.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true),
            hostname: endpoint.hostname.clone(),
            pod_uid: endpoint.target_ref.as_ref().and_then(|target| target.uid.clone()),
        });
        let owners = slice.metadata.owner_references.iter().flatten();
        let mut facts = Self {
            service: label(SERVICE_NAME_LABEL),
            managed_by: label("endpointslice.kubernetes.io/managed-by"),
            owner_uid: owners.filter(|owner| owner.kind == "Service").map(|owner| owner.uid.clone()).next(),
            ports: ports.collect(),
            endpoints: endpoints.collect(),
            written: EndpointSlice::default(),
        };
        facts.written = EndpointSlice {
            address_type: slice.address_type,
            endpoints: slice.endpoints,
            ports: slice.ports,
            ..EndpointSlice::default()
        };
        facts
    }
}
