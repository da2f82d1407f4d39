//! Gateways and their listeners: which are ours and good, and what their status says.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::jiff::Timestamp;

use super::conditions::{Said, conditions};
use super::hostname::Hostname;
use super::objects::{Address, GROUP, Gateway, GatewayStatus, Listener, ListenerStatus, RouteKind};

/// Namespaces whose routes a listener takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FromNamespaces {
    All,
    Same,
    Labelled(LabelSelector),
}

/// A listener of a Gateway of ours.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ListenerView {
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) hostname: Hostname,
    pub(super) from: FromNamespaces,
    /// Whether it takes HTTPRoutes.
    pub(super) takes_http: bool,
    /// What stands against it; none if it is good.
    fault: Option<Fault>,
    /// Kinds in `allowedRoutes.kinds` that are not served.
    odd_kinds: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Fault {
    Protocol(String),
    Conflict(String),
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
}

impl GatewayView {
    pub(super) fn of(gateway: &Gateway) -> Self {
        let mut seen: BTreeMap<(u16, Hostname), String> = BTreeMap::new();
        let listeners = gateway.spec.listeners.iter().map(|listener| {
            let mut view = listener_view(listener);
            if view.fault.is_none() {
                let place = (view.port, view.hostname.clone());
                match seen.get(&place) {
                    Some(first) => {
                        view.fault = Some(Fault::Conflict(format!(
                            "listener {first} has the same port and hostname and goes first"
                        )));
                    }
                    None => drop(seen.insert(place, view.name.clone())),
                }
            }
            view
        });
        let listeners = listeners.collect();
        let mut unsupported = Vec::new();
        if !gateway.spec.addresses.is_empty() {
            unsupported.push("spec.addresses");
        }
        if gateway.spec.tls.is_some() {
            unsupported.push("spec.tls");
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
            let kinds = if listener.takes_http { vec![http_route()] } else { Vec::new() };
            ListenerStatus {
                name: listener.name.clone(),
                attached_routes: attached.get(&listener.name).copied().unwrap_or_default(),
                supported_kinds: kinds,
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
            Some(Fault::Conflict(message)) => Said::no("Accepted", "HostnameConflict", message.clone()),
            None => Said::yes("Accepted", "Accepted", "The listener is served"),
        };
        let conflicted = match &self.fault {
            Some(Fault::Conflict(message)) => Said::yes("Conflicted", "HostnameConflict", message.clone()),
            _ => Said::no("Conflicted", "NoConflicts", "No other listener claims the same requests"),
        };
        let programmed = if accepted.holds {
            Said::yes("Programmed", "Programmed", format!("Requests are taken on port {}", self.port))
        } else {
            Said::no("Programmed", "Invalid", "The listener is not accepted")
        };
        let resolved = if self.odd_kinds {
            Said::no(
                "ResolvedRefs",
                "InvalidRouteKinds",
                "allowedRoutes.kinds names kinds other than HTTPRoute, which are not served",
            )
        } else {
            Said::yes("ResolvedRefs", "ResolvedRefs", "All references are good")
        };
        [accepted, programmed, resolved, conflicted]
    }
}

fn listener_view(listener: &Listener) -> ListenerView {
    let kinds = &listener.allowed_routes.kinds;
    let is_http = |kind: &RouteKind| *kind == http_route();
    let fault = (listener.protocol != "HTTP")
        .then(|| Fault::Protocol(format!("protocol {} is not served: use HTTP", listener.protocol)));
    let namespaces = &listener.allowed_routes.namespaces;
    let from = match namespaces.from.as_deref() {
        Some("All") => FromNamespaces::All,
        Some("Selector") => FromNamespaces::Labelled(namespaces.selector.clone().unwrap_or_default()),
        _ => FromNamespaces::Same,
    };
    ListenerView {
        name: listener.name.clone(),
        port: listener.port,
        hostname: Hostname::parse(listener.hostname.as_deref().unwrap_or_default()),
        from,
        takes_http: fault.is_none() && (kinds.is_empty() || kinds.iter().any(is_http)),
        odd_kinds: fault.is_none() && !kinds.iter().all(is_http),
        fault,
    }
}

fn http_route() -> RouteKind {
    RouteKind { group: GROUP.into(), kind: "HTTPRoute".into() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(spec: &Value, failed: &BTreeMap<u16, String>) -> Vec<String> {
        let gateway = json!({"metadata": {"name": "g", "namespace": "ns", "generation": 3}, "spec": spec});
        let gateway: Gateway = serde_json::from_value(gateway).expect("a Gateway");
        let mut view = GatewayView::of(&gateway);
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
                "http 2 1: Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts",
            ]
        );
    }

    #[test]
    fn listeners_that_are_not_served_say_why_and_leave_the_others_alone() {
        let spec = json!({"listeners": [
            {"name": "http", "port": 80, "protocol": "HTTP"},
            {"name": "https", "port": 443, "protocol": "HTTPS"},
            {"name": "twice", "port": 80, "protocol": "HTTP"},
            {"name": "taken", "port": 22, "protocol": "HTTP"},
            {"name": "kinds", "port": 81, "protocol": "HTTP", "allowedRoutes": {"kinds": [{"kind": "TCPRoute"}]}},
        ]});
        assert_eq!(
            told(&spec, &BTreeMap::from([(22, "address in use".to_owned())])),
            [
                "gateway: Accepted=True/ListenersNotValid Programmed=True/Programmed",
                "http 2 1: Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts",
                "https 0 0: Accepted=False/UnsupportedProtocol Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts",
                "twice 0 1: Accepted=False/HostnameConflict Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs Conflicted=True/HostnameConflict",
                "taken 0 1: Accepted=False/PortUnavailable Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts",
                "kinds 0 0: Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=False/InvalidRouteKinds Conflicted=False/NoConflicts",
            ]
        );
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
