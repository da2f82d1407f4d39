//! Gateways and their listeners: which are ours and good, and what their status says.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::jiff::Timestamp;

use super::certificates::{Certificates, LOCAL_OPTION, LOCAL_VALUE, Secrets};
use super::compile::BadReference;
use super::conditions::{Said, conditions};
use super::hostname::Hostname;
use super::objects::{Address, GROUP, Gateway, GatewayStatus, Kind, Listener, ListenerStatus, RouteKind};
use super::table::{Entry, Tls, Way};

/// Namespaces whose routes a listener takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FromNamespaces {
    All,
    Same,
    Labelled(LabelSelector),
}

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http,
    Https,
    /// TLS that ends here.
    TlsEnded,
    /// TLS that is carried on as it is.
    TlsCarried,
    Tcp,
}

impl Protocol {
    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Http | Self::Https => &[Kind::Http, Kind::Grpc],
            Self::TlsEnded | Self::TlsCarried => &[Kind::Tls],
            Self::Tcp => &[Kind::Tcp],
        }
    }

    pub(super) fn way(self) -> Way {
        match self {
            Self::Http => Way::Plain,
            Self::Https | Self::TlsEnded | Self::TlsCarried => Way::Secure,
            Self::Tcp => Way::Stream,
        }
    }
}

/// A listener of a Gateway of ours.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ListenerView {
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) hostname: Hostname,
    pub(super) from: FromNamespaces,
    /// The kinds of routes that it takes.
    pub(super) takes: Vec<Kind>,
    pub(super) protocol: Protocol,
    /// What TLS ends with, where it does.
    certificates: Option<Certificates>,
    /// What stands against it; none if it is good.
    fault: Option<Fault>,
    /// Kinds in `allowedRoutes.kinds` that are not served.
    odd_kinds: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Fault {
    Protocol(String),
    /// A field with a value that is not supported.
    Field(String),
    Conflict(&'static str, String),
    Certificate(BadReference),
    Port(String),
}

/// A Gateway of ours.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GatewayView {
    pub(super) listeners: Vec<ListenerView>,
    /// Fields of the whole Gateway that are not supported.
    unsupported: Vec<&'static str>,
}

impl ListenerView {
    pub(super) fn is_good(&self) -> bool {
        self.fault.is_none()
    }

    /// The listener as the table needs it.
    pub(super) fn entry(&self) -> Entry {
        let config = |protocols: &[&[u8]]| self.certificates.as_ref().and_then(|all| all.config(protocols));
        let tls = match self.protocol {
            Protocol::Http | Protocol::Tcp => None,
            Protocol::Https => config(&[b"h2", b"http/1.1"]).map(Tls::Http),
            Protocol::TlsEnded => config(&[]).map(Tls::Stream),
            Protocol::TlsCarried => Some(Tls::Passthrough),
        };
        Entry { hostname: self.hostname.clone(), tls }
    }
}

impl GatewayView {
    pub(super) fn of(gateway: &Gateway, secrets: &impl Secrets) -> Self {
        let own = gateway.metadata.namespace.as_deref().unwrap_or_default();
        let mut listeners: Vec<_> = gateway
            .spec
            .listeners
            .iter()
            .enumerate()
            .map(|(index, listener)| listener_view(index, listener, own, secrets))
            .collect();
        conflicts_within(&mut listeners);
        let mut unsupported = Vec::new();
        if !gateway.spec.addresses.is_empty() {
            unsupported.push("spec.addresses");
        }
        if gateway.spec.tls.is_some() {
            unsupported.push("spec.tls");
        }
        if gateway.spec.allowed_listeners.is_some() {
            unsupported.push("spec.allowedListeners");
        }
        if gateway
            .spec
            .infrastructure
            .as_ref()
            .is_some_and(|infrastructure| infrastructure.get("parametersRef").is_some())
        {
            unsupported.push("spec.infrastructure.parametersRef");
        }
        Self { listeners, unsupported }
    }

    /// The ports that its good listeners want.
    pub(super) fn ports(&self) -> BTreeSet<u16> {
        self.listeners.iter().filter(|listener| listener.is_good()).map(|listener| listener.port).collect()
    }

    /// Notes which ports could not be opened.
    pub(super) fn note_ports(&mut self, failed: &BTreeMap<u16, String>) {
        for listener in &mut self.listeners {
            if let (Some(why), None) = (failed.get(&listener.port), &listener.fault) {
                listener.fault = Some(Fault::Port(format!(
                    "port {} cannot be listened on: {why}. Choose another port, or stop the program that holds it",
                    listener.port
                )));
            }
        }
    }

    /// Notes what older Gateways speak on the ports that this one wants, and adds what this one does.
    pub(super) fn note_older(&mut self, older: &mut BTreeMap<u16, (Way, String)>, own: &str) {
        let mut added = BTreeMap::new();
        for listener in self.listeners.iter_mut().filter(|listener| listener.fault.is_none()) {
            match older.get(&listener.port) {
                Some((way, gateway)) if *way != listener.protocol.way() => {
                    listener.fault = Some(Fault::Conflict(
                        "ProtocolConflict",
                        format!("the older Gateway {gateway} speaks another protocol on port {}", listener.port),
                    ));
                }
                _ => {
                    added.insert(listener.port, (listener.protocol.way(), own.to_owned()));
                }
            }
        }
        for (port, entry) in added {
            older.entry(port).or_insert(entry);
        }
    }

    /// The status of the Gateway, with the routes attached to each listener.
    pub(super) fn status(
        &self,
        gateway: &Gateway,
        address: &str,
        attached: &BTreeMap<String, i32>,
        now: Timestamp,
    ) -> GatewayStatus {
        let generation = gateway.metadata.generation.unwrap_or_default();
        let listeners = self.listeners.iter().map(|listener| {
            let before = gateway.status.listeners.iter().find(|before| before.name == listener.name);
            let before = before.map(|before| before.conditions.as_slice()).unwrap_or_default();
            ListenerStatus {
                name: listener.name.clone(),
                attached_routes: attached.get(&listener.name).copied().unwrap_or_default(),
                supported_kinds: listener.takes.iter().map(|kind| route_kind(*kind)).collect(),
                conditions: conditions(before, &listener.said(), generation, now),
            }
        });
        let good = self.listeners.iter().filter(|listener| listener.is_good()).count();
        let bad: Vec<_> = self
            .listeners
            .iter()
            .filter(|listener| !listener.is_good())
            .map(|listener| listener.name.as_str())
            .collect();
        let accepted = if let Some(field) = self.unsupported.first() {
            let reason = if *field == "spec.addresses" { "UnsupportedAddress" } else { "InvalidParameters" };
            Said::no("Accepted", reason, format!("{} is not supported: remove it", self.unsupported.join(", ")))
        } else if bad.is_empty() {
            Said::yes("Accepted", "Accepted", "The Gateway is served")
        } else {
            let message = format!("listeners that are not served: {}; their own conditions say why", bad.join(", "));
            if good > 0 {
                Said::yes("Accepted", "ListenersNotValid", message)
            } else {
                Said::no("Accepted", "ListenersNotValid", message)
            }
        };
        let programmed = if accepted.holds && good > 0 {
            Said::yes("Programmed", "Programmed", format!("Requests are taken on {address}"))
        } else {
            Said::no("Programmed", "Invalid", "No listener of the Gateway is served")
        };
        GatewayStatus {
            addresses: vec![Address { kind: "IPAddress".into(), value: address.to_owned() }],
            conditions: conditions(&gateway.status.conditions, &[accepted, programmed], generation, now),
            listeners: listeners.collect(),
        }
    }

    /// Whether routes may attach at all.
    pub(super) fn is_accepted(&self) -> bool {
        self.unsupported.is_empty()
    }
}

impl ListenerView {
    fn said(&self) -> [Said; 4] {
        let accepted = match &self.fault {
            Some(Fault::Protocol(message)) => Said::no("Accepted", "UnsupportedProtocol", message.clone()),
            Some(Fault::Port(message)) => Said::no("Accepted", "PortUnavailable", message.clone()),
            Some(Fault::Field(message)) => Said::no("Accepted", "UnsupportedValue", message.clone()),
            Some(Fault::Conflict(_, message)) => Said::no("Accepted", "Invalid", message.clone()),
            Some(Fault::Certificate(_)) | None => Said::yes("Accepted", "Accepted", "The listener is served"),
        };
        let conflicted = match &self.fault {
            Some(Fault::Conflict(reason, message)) => Said::yes("Conflicted", reason, message.clone()),
            _ => Said::no("Conflicted", "NoConflicts", "No other listener claims the same requests"),
        };
        let programmed = if self.is_good() {
            Said::yes("Programmed", "Programmed", format!("Requests are taken on port {}", self.port))
        } else {
            Said::no("Programmed", "Invalid", "The listener is not served; its other conditions say why")
        };
        let resolved = if let Some(Fault::Certificate(bad)) = &self.fault {
            Said::no("ResolvedRefs", bad.reason, bad.message.clone())
        } else if self.odd_kinds {
            Said::no(
                "ResolvedRefs",
                "InvalidRouteKinds",
                "allowedRoutes.kinds names kinds that a listener of this protocol does not serve",
            )
        } else {
            Said::yes("ResolvedRefs", "ResolvedRefs", "All references are good")
        };
        [accepted, programmed, resolved, conflicted]
    }
}

/// Two listeners of one Gateway cannot both speak on a port where they could not be told apart. Neither is served then:
/// which one was meant nobody knows.
fn conflicts_within(listeners: &mut [ListenerView]) {
    let clash = |one: &ListenerView, other: &ListenerView| {
        let same_port = one.port == other.port && one.name != other.name;
        let same_name = one.hostname == other.hostname;
        if !same_port || one.is_unusable() || other.is_unusable() {
            None
        } else if one.protocol.way() != other.protocol.way() || (same_name && one.protocol != other.protocol) {
            Some("ProtocolConflict")
        } else {
            same_name.then_some("HostnameConflict")
        }
    };
    let found: Vec<_> = listeners
        .iter()
        .map(|one| {
            let mut clashes = listeners.iter().filter_map(|other| Some((clash(one, other)?, other.name.as_str())));
            let (reason, other) = clashes.next()?;
            Some(Fault::Conflict(reason, format!("listener {other} claims the same connections on port {}", one.port)))
        })
        .collect();
    for (listener, fault) in listeners.iter_mut().zip(found) {
        if fault.is_some() {
            listener.fault = fault;
        }
    }
}

impl ListenerView {
    /// Whether what it asks for is not supported at all, so that nothing can clash with it.
    fn is_unusable(&self) -> bool {
        matches!(self.fault, Some(Fault::Protocol(_) | Fault::Field(_)))
    }
}

/// The protocol of a listener, or what stands against it.
fn protocol(at: &str, listener: &Listener) -> Result<Protocol, Fault> {
    let mode = listener.tls.as_ref().and_then(|tls| tls.mode.as_deref()).unwrap_or("Terminate");
    if let Some(name) = listener.tls.as_ref().and_then(|tls| tls.unknown.keys().next()) {
        return Err(Fault::Field(format!("{at}.tls.{name}: this field is not supported")));
    }
    let odd = listener
        .tls
        .as_ref()
        .and_then(|tls| tls.options.iter().find(|(name, value)| *name != LOCAL_OPTION || *value != LOCAL_VALUE));
    if let Some((name, value)) = odd {
        return Err(Fault::Field(format!("{at}.tls.options: {name}: {value} is not supported")));
    }
    match (listener.protocol.as_str(), mode) {
        ("HTTP", _) => Ok(Protocol::Http),
        ("HTTPS", "Terminate") => Ok(Protocol::Https),
        ("TLS", "Terminate") => Ok(Protocol::TlsEnded),
        ("TLS", "Passthrough") => Ok(Protocol::TlsCarried),
        ("TCP", _) => Ok(Protocol::Tcp),
        ("HTTPS" | "TLS", other) => {
            Err(Fault::Field(format!("{at}.tls.mode: {other} is not supported for {}", listener.protocol)))
        }
        (other, _) => {
            Err(Fault::Protocol(format!("{at}.protocol: {other} is not served: use HTTP, HTTPS, TLS or TCP")))
        }
    }
}

fn listener_view(index: usize, listener: &Listener, own: &str, secrets: &impl Secrets) -> ListenerView {
    let at = format!("spec.listeners[{index}]");
    let (protocol, mut fault) = match protocol(&at, listener) {
        Ok(protocol) => (protocol, None),
        Err(fault) => (Protocol::Http, Some(fault)),
    };
    let mut certificates = None;
    if fault.is_none() && matches!(protocol, Protocol::Https | Protocol::TlsEnded) {
        let tls = listener.tls.clone().unwrap_or_default();
        match Certificates::resolve(&format!("{at}.tls"), &tls, own, secrets) {
            Ok(found) => certificates = Some(found),
            Err(bad) => fault = Some(Fault::Certificate(bad)),
        }
    }
    let namespaces = &listener.allowed_routes.namespaces;
    let from = match namespaces.from.as_deref() {
        Some("All") => FromNamespaces::All,
        Some("Selector") => FromNamespaces::Labelled(namespaces.selector.clone().unwrap_or_default()),
        _ => FromNamespaces::Same,
    };
    let unusable = matches!(fault, Some(Fault::Protocol(_) | Fault::Field(_)));
    let served: Vec<_> = if unusable { Vec::new() } else { protocol.kinds().to_vec() };
    let asked = &listener.allowed_routes.kinds;
    let is_asked = |kind: &Kind| asked.is_empty() || asked.contains(&route_kind(*kind));
    ListenerView {
        name: listener.name.clone(),
        port: listener.port,
        hostname: Hostname::parse(listener.hostname.as_deref().unwrap_or_default()),
        from,
        takes: served.iter().copied().filter(is_asked).collect(),
        odd_kinds: !unusable && !asked.iter().all(|asked| served.iter().any(|kind| route_kind(*kind) == *asked)),
        protocol,
        certificates,
        fault,
    }
}

fn route_kind(kind: Kind) -> RouteKind {
    RouteKind { group: GROUP.into(), kind: kind.as_str().into() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::certificates::NoSecrets;
    use super::*;

    fn told(spec: &Value, failed: &BTreeMap<u16, String>) -> Vec<String> {
        let gateway = json!({"metadata": {"name": "g", "namespace": "ns", "generation": 3}, "spec": spec});
        let gateway: Gateway = serde_json::from_value(gateway).expect("a Gateway");
        let mut view = GatewayView::of(&gateway, &NoSecrets);
        view.note_ports(failed);
        let status =
            view.status(&gateway, "127.0.0.1", &BTreeMap::from([("http".to_owned(), 2)]), Timestamp::UNIX_EPOCH);
        let line = |name: &str, conditions: &[k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition]| {
            assert!(conditions.iter().all(|condition| condition.observed_generation == Some(3)));
            let words: Vec<_> =
                conditions.iter().map(|one| format!("{}={}/{}", one.type_, one.status, one.reason)).collect();
            format!("{name}: {}", words.join(" "))
        };
        let mut lines = vec![line("gateway", &status.conditions)];
        for listener in &status.listeners {
            let name = format!("{} {} {}", listener.name, listener.attached_routes, listener.supported_kinds.len());
            lines.push(line(&name, &listener.conditions));
        }
        lines
    }

    #[test]
    fn a_gateway_of_plain_listeners_is_programmed() {
        let spec = json!({"listeners": [{"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}}]});
        assert_eq!(
            told(&spec, &BTreeMap::new()),
            [
                "gateway: Accepted=True/Accepted Programmed=True/Programmed",
                "http 2 2: Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts",
            ]
        );
    }

    #[test]
    fn listeners_that_are_not_served_say_why_and_leave_the_others_alone() {
        let spec = json!({"listeners": [
            {"name": "http", "port": 80, "protocol": "HTTP"},
            {"name": "udp", "port": 53, "protocol": "UDP"},
            {"name": "taken", "port": 22, "protocol": "HTTP"},
            {"name": "kinds", "port": 81, "protocol": "HTTP", "allowedRoutes": {"kinds": [{"kind": "TCPRoute"}]}},
            {"name": "some", "port": 82, "protocol": "HTTP", "allowedRoutes": {"kinds": [{"kind": "GRPCRoute"}, {"kind": "TCPRoute"}]}},
            {"name": "bare", "port": 443, "protocol": "HTTPS"},
            {"name": "secret", "port": 444, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "none"}]}},
            {"name": "odd", "port": 445, "protocol": "HTTPS", "tls": {"options": {"x/y": "z"}}},
            {"name": "local", "port": 446, "protocol": "HTTPS", "tls": {"options": {"node.local/certificate": "local-authority"}}},
        ]});
        assert_eq!(
            told(&spec, &BTreeMap::from([(22, "address in use".to_owned())])),
            [
                "gateway: Accepted=True/ListenersNotValid Programmed=True/Programmed",
                "http 2 2: Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts",
                "udp 0 0: Accepted=False/UnsupportedProtocol Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts",
                "taken 0 2: Accepted=False/PortUnavailable Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts",
                "kinds 0 0: Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=False/InvalidRouteKinds Conflicted=False/NoConflicts",
                "some 0 1: Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=False/InvalidRouteKinds Conflicted=False/NoConflicts",
                "bare 0 2: Accepted=True/Accepted Programmed=False/Invalid ResolvedRefs=False/InvalidCertificateRef Conflicted=False/NoConflicts",
                "secret 0 2: Accepted=True/Accepted Programmed=False/Invalid ResolvedRefs=False/InvalidCertificateRef Conflicted=False/NoConflicts",
                "odd 0 0: Accepted=False/UnsupportedValue Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts",
                "local 0 2: Accepted=True/Accepted Programmed=False/Invalid ResolvedRefs=False/InvalidCertificateRef Conflicted=False/NoConflicts",
            ]
        );
    }

    #[test]
    fn listeners_that_cannot_be_told_apart_are_both_refused() {
        let passthrough = json!({"mode": "Passthrough"});
        let spec = json!({"listeners": [
            {"name": "page", "port": 443, "protocol": "TLS", "hostname": "a.test", "tls": passthrough},
            {"name": "other", "port": 443, "protocol": "TLS", "hostname": "b.test", "tls": passthrough},
            {"name": "plain", "port": 8443, "protocol": "HTTP"},
            {"name": "tls", "port": 8443, "protocol": "TLS", "tls": passthrough},
            {"name": "one", "port": 80, "protocol": "HTTP"},
            {"name": "two", "port": 80, "protocol": "HTTP"},
        ]});
        let told = told(&spec, &BTreeMap::new());
        let conflicts: Vec<_> =
            told[1..].iter().map(|line| line.rsplit("Conflicted=").next().expect("a word")).collect();
        assert_eq!(
            conflicts,
            [
                "False/NoConflicts",
                "False/NoConflicts",
                "True/ProtocolConflict",
                "True/ProtocolConflict",
                "True/HostnameConflict",
                "True/HostnameConflict"
            ]
        );
        assert!(told[3].contains("Accepted=False/Invalid Programmed=False/Invalid"), "{}", told[3]);
    }

    #[test]
    fn a_gateway_that_asks_for_what_is_not_supported_is_not_accepted() {
        let spec = json!({"addresses": [{"value": "192.0.2.1"}], "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]});
        assert_eq!(
            told(&spec, &BTreeMap::new())[0],
            "gateway: Accepted=False/UnsupportedAddress Programmed=False/Invalid"
        );
    }
}
