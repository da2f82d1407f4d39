//! The policy as `networking.k8s.io/v1`.

use serde_json::{Map, Value, json};

use super::{Subject, gateway_scopes, is_namespace_wide, protocol};
use crate::input::WorkloadEndpoint;

pub(super) fn policy(subject: Subject<'_>) -> Value {
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
    let ingress = (!rules.is_empty()).then_some(("ingress", Value::Array(rules)));
    let spec = ingress.into_iter().chain([
        ("podSelector", object([("matchLabels", super::labels(&metadata.pod_selectors))])),
        ("policyTypes", json!(["Ingress"])),
    ]);
    object([
        ("apiVersion", Value::from("networking.k8s.io/v1")),
        ("kind", Value::from("NetworkPolicy")),
        ("metadata", object([("name", subject.name.into()), ("namespace", metadata.namespace.as_str().into())])),
        ("spec", object(spec)),
    ])
}

/// An object of values that are moved into place; `json!` would write each a second time.
fn object<'k>(entries: impl IntoIterator<Item = (&'k str, Value)>) -> Value {
    let mut object = Map::new();
    for (key, value) in entries {
        object.insert(key.to_owned(), value);
    }
    Value::Object(object)
}

fn rule(from: Value, ports: Vec<Value>) -> Value {
    object([("from", from), ("ports", Value::Array(ports))])
}

fn port(endpoint: &WorkloadEndpoint) -> Value {
    object([("port", endpoint.port.into()), ("protocol", protocol(endpoint).into())])
}
