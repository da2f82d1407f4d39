//! The policy as `networking.k8s.io/v1`.

use serde_json::{Value, json};

use super::{Subject, gateway_scopes, is_namespace_wide, protocol};
use crate::input::WorkloadEndpoint;

pub(super) fn policy(subject: &Subject<'_>) -> Value {
    let metadata = subject.metadata;
    let mut rules = Vec::new();
    let ports = |times: fn(&WorkloadEndpoint) -> usize| -> Vec<Value> {
        subject
            .endpoints
            .iter()
            .flat_map(|(_, endpoint)| std::iter::repeat_n(port(endpoint), times(endpoint)))
            .collect()
    };
    let all = ports(|_| 1);
    if !all.is_empty() {
        rules.push(json!({"from": [{"podSelector": {}}], "ports": all}));
    }
    let namespace = ports(|endpoint| usize::from(is_namespace_wide(endpoint)));
    if !namespace.is_empty() {
        rules.push(json!({
            "from": [{"namespaceSelector": {"matchLabels": {
                "openchoreo.dev/namespace": metadata.component_namespace,
                "openchoreo.dev/environment": metadata.environment_name,
            }}}],
            "ports": namespace,
        }));
    }
    let gateway = ports(gateway_scopes);
    if !gateway.is_empty() {
        rules.push(json!({
            "from": [{
                "namespaceSelector": {},
                "podSelector": {"matchExpressions": [{"key": "openchoreo.dev/system-component", "operator": "Exists"}]},
            }],
            "ports": gateway,
        }));
    }
    let mut spec = json!({"podSelector": {"matchLabels": metadata.pod_selectors}, "policyTypes": ["Ingress"]});
    if !rules.is_empty() {
        spec["ingress"] = Value::Array(rules);
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": subject.name, "namespace": metadata.namespace},
        "spec": spec,
    })
}

fn port(endpoint: &WorkloadEndpoint) -> Value {
    json!({"protocol": protocol(endpoint), "port": endpoint.port})
}
