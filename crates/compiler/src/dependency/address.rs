//! The address of a component's endpoint inside the cluster, from the component's manifests.

use std::collections::BTreeMap;

use model::{EndpointType, EndpointUrl, WorkloadConnection, WorkloadEndpoint};
use serde_json::Value;

use crate::input::Variable;

fn text<'v>(object: &'v Value, pointer: &str) -> Option<&'v str> {
    object.pointer(pointer).and_then(Value::as_str)
}

/// The Service with most of the workload's ports; of several the first.
pub fn service_of<'m>(
    manifests: impl Iterator<Item = &'m Value>,
    endpoints: &BTreeMap<String, WorkloadEndpoint>,
) -> Option<&'m Value> {
    let ports = |service: &Value| endpoints.values().filter(|endpoint| port_of(service, endpoint).is_some()).count();
    manifests
        .filter(|manifest| text(manifest, "/apiVersion") == Some("v1") && text(manifest, "/kind") == Some("Service"))
        .map(|service| (ports(service), service))
        .filter(|(count, _)| *count > 0)
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, service)| service)
}

/// The port of a service that leads to an endpoint: the one with the endpoint's number, else the one whose target it is.
fn port_of(service: &Value, endpoint: &WorkloadEndpoint) -> Option<i32> {
    let ports = service.pointer("/spec/ports")?.as_array()?;
    let number = |port: &Value, field: &str| {
        port.get(field).and_then(Value::as_i64).and_then(|number| i32::try_from(number).ok())
    };
    let same = ports.iter().find(|port| number(port, "port") == Some(endpoint.port));
    let led = || ports.iter().find(|port| number(port, "targetPort") == Some(endpoint.container_port()));
    same.or_else(led).and_then(|port| number(port, "port"))
}

/// The address of an endpoint at its Service; `None` where the Service has no port for it.
pub fn service_url(service: &Value, endpoint: &WorkloadEndpoint) -> Option<EndpointUrl> {
    let port = port_of(service, endpoint)?;
    let (name, namespace) = (text(service, "/metadata/name")?, text(service, "/metadata/namespace")?);
    let scheme = match endpoint.type_ {
        EndpointType::Http | EndpointType::GraphQl => "http",
        EndpointType::Websocket => "ws",
        EndpointType::Grpc => "grpc",
        EndpointType::Tcp => "tcp",
        EndpointType::Udp => "udp",
    };
    Some(EndpointUrl {
        scheme: scheme.to_owned(),
        host: format!("{name}.{namespace}.svc.cluster.local"),
        port: Some(port),
        path: endpoint.base_path.clone(),
    })
}

/// The variables that tell an address, in the order address, host, port, base path.
pub fn variables(connection: &WorkloadConnection, url: &EndpointUrl) -> Vec<Variable> {
    let names = &connection.env_bindings;
    let port = url.port.filter(|port| *port != 0).map(|port| port.to_string()).unwrap_or_default();
    [
        (&names.address, url.to_string()),
        (&names.host, url.host.clone()),
        (&names.port, port),
        (&names.base_path, url.path.clone()),
    ]
    .into_iter()
    .filter(|(name, _)| !name.is_empty())
    .map(|(name, value)| Variable { name: name.clone(), value, value_from: None })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn endpoint(kind: EndpointType, port: i32, target: Option<i32>) -> WorkloadEndpoint {
        WorkloadEndpoint {
            type_: kind,
            port,
            target_port: target,
            base_path: "/v1".into(),
            ..WorkloadEndpoint::default()
        }
    }

    #[test]
    fn the_service_with_most_of_the_ports_gives_the_addresses() {
        let service = |name: &str, ports: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "dp"}, "spec": {"ports": ports}});
        let endpoints = BTreeMap::from([
            ("http".to_owned(), endpoint(EndpointType::Http, 80, None)),
            ("rpc".to_owned(), endpoint(EndpointType::Grpc, 90, Some(9090))),
        ]);
        let manifests = [
            json!({"apiVersion": "apps/v1", "kind": "Deployment"}),
            service("one", json!([{"port": 80}])),
            service("both", json!([{"port": 80}, {"port": 91, "targetPort": 9090}])),
            service("none", json!([{"port": 1}])),
        ];
        let chosen = service_of(manifests.iter(), &endpoints).unwrap();
        let url = |name: &str| service_url(chosen, &endpoints[name]).unwrap().to_string();
        assert_eq!(url("http"), "http://both.dp.svc.cluster.local:80/v1");
        assert_eq!(url("rpc"), "both.dp.svc.cluster.local:91/v1");
        assert_eq!(service_of(manifests[..1].iter(), &endpoints), None);
        assert_eq!(service_url(&manifests[3], &endpoints["http"]), None);
    }
}
