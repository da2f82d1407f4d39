//! The network policy that every component gets: who may connect to which of its endpoints.

mod cilium;
mod kubernetes;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::input::{ComponentMetadata, DataPlane, Workload, WorkloadEndpoint};

/// The data plane's annotation that says which kind of policy its network enforces.
const PROVIDER: &str = "openchoreo.dev/networkpolicyprovider";

/// What both providers need to know.
struct Subject<'a> {
    name: String,
    metadata: &'a ComponentMetadata,
    endpoints: Vec<(&'a str, &'a WorkloadEndpoint)>,
}

/// The policy of a component: a NetworkPolicy, or a CiliumNetworkPolicy where the plane says so. It opens endpoint ports
/// (not target ports) of the workload before overrides; without endpoints it denies all.
pub fn network_policy(metadata: &ComponentMetadata, workload: &Workload, plane: &DataPlane) -> Value {
    let subject = Subject {
        name: model::names::network_policy(&metadata.component_name),
        metadata,
        endpoints: workload.endpoints.iter().map(|(name, endpoint)| (name.as_str(), endpoint)).collect(),
    };
    if plane.annotations.get(PROVIDER).is_some_and(|provider| provider == "cilium") {
        cilium::policy(subject)
    } else {
        kubernetes::policy(subject)
    }
}

/// Labels as an object.
fn labels(labels: &BTreeMap<String, String>) -> Value {
    Value::Object(labels.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect())
}

fn is_namespace_wide(endpoint: &WorkloadEndpoint) -> bool {
    endpoint.visibility.iter().any(|scope| scope == "namespace")
}

/// How often the endpoint is reachable through a gateway: once per `internal` and `external`.
fn gateway_scopes(endpoint: &WorkloadEndpoint) -> usize {
    endpoint.visibility.iter().filter(|scope| *scope == "internal" || *scope == "external").count()
}

fn protocol(endpoint: &WorkloadEndpoint) -> &'static str {
    if endpoint.kind == "UDP" { "UDP" } else { "TCP" }
}
