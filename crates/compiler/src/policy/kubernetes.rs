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
        rules.push(rule(json!([{"podSelector": {}}]), all));
    }
    let namespace = ports(|endpoint| usize::from(is_namespace_wide(endpoint)));
    if !namespace.is_empty() {
        let from = json!([{"namespaceSelector": {"matchLabels": {
            "openchoreo.dev/namespace": metadata.component_namespace,
            "openchoreo.dev/environment": metadata.environment_name,
        }}}]);
        rules.push(rule(from, namespace));
    }
    let gateway = ports(gateway_scopes);
    if !gateway.is_empty() {
        let from = json!([{
            "namespaceSelector": {},
            "podSelector": {"matchExpressions": [{"key": "openchoreo.dev/system-component", "operator": "Exists"}]},
        }]);
        rules.push(rule(from, gateway));
    }
    let mut spec = json!({"podSelector": {}, "policyTypes": ["Ingress"]});
    spec["podSelector"]["matchLabels"] = super::labels(&metadata.pod_selectors);
    if !rules.is_empty() {
        spec["ingress"] = Value::Array(rules);
    }
    let mut policy = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": subject.name, "namespace": metadata.namespace},
    });
    policy["spec"] = spec;
    policy
}

/// A rule; what is moved into place is not written a second time, as it would be inside `json!`.
fn rule(from: Value, ports: Vec<Value>) -> Value {
    let mut rule = json!({});
    rule["from"] = from;
    rule["ports"] = Value::Array(ports);
    rule
}

fn port(endpoint: &WorkloadEndpoint) -> Value {
    json!({"protocol": protocol(endpoint), "port": endpoint.port})
}
