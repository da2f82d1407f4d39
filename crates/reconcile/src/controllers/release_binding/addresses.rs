//! The addresses of a component's endpoints, read from its manifests and the gateway's listeners.

use super::{Inputs, Wanted};
use compiler::dependency;
use model::{
    EndpointGatewayUrls, EndpointType, EndpointUrl, EndpointUrlStatus, GatewayEndpointSpec, GatewayListenerSpec,
    GatewaySpec, WorkloadEndpoint, annotations, labels,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Endpoints that a route or a service serves: those with a route first, each group by name.
pub(super) fn of(inputs: &Inputs, wanted: &Wanted) -> Vec<EndpointUrlStatus> {
    let endpoints = &inputs.release.spec.workload.endpoints;
    let mut routed: BTreeMap<&str, EndpointUrlStatus> = BTreeMap::new();
    for route in wanted.manifests() {
        let Some((name, endpoint)) = served(route, endpoints) else { continue };
        let entry = routed.entry(name).or_insert_with(|| blank(name, endpoint));
        let external = label(route, labels::ENDPOINT_VISIBILITY) == Some("external");
        let Some(urls) = listeners(inputs, external).and_then(|listeners| urls(route, endpoint, listeners)) else {
            continue;
        };
        if external {
            entry.external_urls = Some(urls);
        } else {
            entry.internal_urls = Some(urls);
        }
    }
    let service = dependency::service_of(wanted.manifests(), endpoints);
    let mut others = Vec::new();
    for (name, endpoint) in endpoints {
        let Some(url) = service.and_then(|service| dependency::service_url(service, endpoint)) else { continue };
        match routed.get_mut(name.as_str()) {
            Some(entry) => entry.service_url = Some(url),
            None => others.push(EndpointUrlStatus { service_url: Some(url), ..blank(name, endpoint) }),
        }
    }
    routed.into_values().chain(others).collect()
}

fn blank(name: &str, endpoint: &WorkloadEndpoint) -> EndpointUrlStatus {
    EndpointUrlStatus { name: name.to_owned(), type_: endpoint.type_.to_string(), ..EndpointUrlStatus::default() }
}

/// The gateway's listeners: the environment's before the plane's, each of external and internal on its own, because that
/// is how templates see them and routes were made.
fn listeners(inputs: &Inputs, external: bool) -> Option<&GatewayEndpointSpec> {
    let placement = &inputs.placement;
    listeners_of(placement.environment.spec.gateway.as_ref(), external)
        .or_else(|| listeners_of(placement.plane.gateway(), external))
}

fn listeners_of(gateway: Option<&GatewaySpec>, external: bool) -> Option<&GatewayEndpointSpec> {
    let ingress = gateway?.ingress.as_ref()?;
    if external { ingress.external.as_ref() } else { ingress.internal.as_ref() }
}

fn label<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    object.pointer("/metadata/labels")?.get(name)?.as_str()
}

fn text<'v>(object: &'v Value, pointer: &str) -> Option<&'v str> {
    object.pointer(pointer).and_then(Value::as_str)
}

/// The endpoint that a manifest is a route for, if the route's kind can carry the endpoint's protocol.
fn served<'e>(
    route: &Value,
    endpoints: &'e BTreeMap<String, WorkloadEndpoint>,
) -> Option<(&'e str, &'e WorkloadEndpoint)> {
    use EndpointType::{GraphQl, Grpc, Http, Tcp, Websocket};
    let version = text(route, "/apiVersion")?;
    if !version.starts_with("gateway.networking.k8s.io/") {
        return None;
    }
    let (name, endpoint) = endpoints.get_key_value(label(route, labels::ENDPOINT_NAME)?)?;
    let carries = match text(route, "/kind")? {
        "HTTPRoute" => matches!(endpoint.type_, Http | GraphQl | Websocket | Grpc),
        "GRPCRoute" => matches!(endpoint.type_, Grpc),
        "TLSRoute" => matches!(endpoint.type_, Http | GraphQl | Websocket | Grpc | Tcp),
        _ => false,
    };
    carries.then_some((name.as_str(), endpoint))
}

fn urls(route: &Value, endpoint: &WorkloadEndpoint, listeners: &GatewayEndpointSpec) -> Option<EndpointGatewayUrls> {
    let host = text(route, "/spec/hostnames/0")?;
    let (plain, secure) = schemes(endpoint.type_)?;
    let annotated = route.pointer("/metadata/annotations").and_then(|notes| notes.get(annotations::ENDPOINT_BASE_PATH));
    let path = annotated
        .and_then(Value::as_str)
        .or_else(|| text(route, "/spec/rules/0/matches/0/path/value"))
        .unwrap_or_default();
    let url = |scheme: &str, listener: &GatewayListenerSpec| EndpointUrl {
        scheme: scheme.to_owned(),
        host: host.to_owned(),
        port: Some(listener.port),
        path: path.to_owned(),
    };
    let found = if text(route, "/kind") == Some("TLSRoute") {
        EndpointGatewayUrls {
            tls: listeners.tls.as_ref().map(|listener| url(secure, listener)),
            ..EndpointGatewayUrls::default()
        }
    } else {
        EndpointGatewayUrls {
            http: plain.and_then(|plain| listeners.http.as_ref().map(|listener| url(plain, listener))),
            https: plain.and_then(|_| listeners.https.as_ref().map(|listener| url(secure, listener))),
            tls: None,
        }
    };
    (found != EndpointGatewayUrls::default()).then_some(found)
}

/// The schemes of a protocol at a plain listener and at one with TLS.
fn schemes(kind: EndpointType) -> Option<(Option<&'static str>, &'static str)> {
    Some(match kind {
        EndpointType::Http | EndpointType::GraphQl => (Some("http"), "https"),
        EndpointType::Websocket => (Some("ws"), "wss"),
        EndpointType::Grpc => (Some("grpc"), "grpcs"),
        EndpointType::Tcp => (None, "tls"),
        EndpointType::Udp => return None,
    })
}
