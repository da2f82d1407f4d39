//! The policy as `cilium.io/v2`.

use serde_json::{Value, json};

use super::{Subject, gateway_scopes, is_namespace_wide, protocol};
use crate::input::WorkloadEndpoint;

pub(super) fn policy(mut subject: Subject<'_>) -> Value {
    let metadata = subject.metadata;
    // By the port's text, then by name.
    subject.endpoints.sort_by_cached_key(|(name, endpoint)| (endpoint.port.to_string(), *name));
    let mut rules = Vec::new();
    let mut open = |from: Value, times: fn(&WorkloadEndpoint) -> usize| {
        let endpoints: Vec<&WorkloadEndpoint> = subject
            .endpoints
            .iter()
            .flat_map(|(_, endpoint)| std::iter::repeat_n(*endpoint, times(endpoint)))
            .collect();
        if !endpoints.is_empty() {
            rules.push(json!({"fromEndpoints": [from], "toPorts": to_ports(&endpoints)}));
        }
    };
    open(json!({}), |_| 1);
    open(
        json!({
            "matchLabels": {
                "openchoreo.dev/namespace": metadata.component_namespace,
                "openchoreo.dev/environment": metadata.environment_name,
            },
            "matchExpressions": [{"key": "k8s:io.kubernetes.pod.namespace", "operator": "Exists"}],
        }),
        |endpoint| usize::from(is_namespace_wide(endpoint)),
    );
    open(
        json!({"matchExpressions": [
            {"key": "openchoreo.dev/system-component", "operator": "Exists"},
            {"key": "k8s:io.kubernetes.pod.namespace", "operator": "Exists"},
        ]}),
        gateway_scopes,
    );
    json!({
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": subject.name, "namespace": metadata.namespace},
        "spec": {"endpointSelector": {"matchLabels": metadata.pod_selectors}, "ingress": rules},
    })
}

/// Ports whose protocol the network can look into, then the plain ones.
fn to_ports(endpoints: &[&WorkloadEndpoint]) -> Vec<Value> {
    let (http, plain): (Vec<&WorkloadEndpoint>, Vec<&WorkloadEndpoint>) = endpoints
        .iter()
        .partition(|endpoint| matches!(endpoint.kind.as_str(), "HTTP" | "GraphQL" | "Websocket" | "gRPC"));
    let ports = |endpoints: &[&WorkloadEndpoint]| -> Vec<Value> {
        endpoints
            .iter()
            .map(|endpoint| json!({"port": endpoint.port.to_string(), "protocol": protocol(endpoint)}))
            .collect()
    };
    let mut groups = Vec::new();
    if !http.is_empty() {
        groups.push(json!({"ports": ports(&http), "rules": {"http": [{}]}}));
    }
    if !plain.is_empty() {
        groups.push(json!({"ports": ports(&plain)}));
    }
    groups
}
