//! Which EndpointSlices a Service should have: a plain function of the Service and its namespace's pods.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use sha2::{Digest as _, Sha256};

use super::pods::PodFacts;
use crate::network::key::ObjectKey;
use crate::network::services::{Reach, SERVICE_NAME_LABEL, ServiceFacts};

/// The value of `endpointslice.kubernetes.io/managed-by` that Kubernetes' own controller uses.
pub(crate) const MANAGED_BY: &str = "endpointslice-controller.k8s.io";
const MANAGED_BY_LABEL: &str = "endpointslice.kubernetes.io/managed-by";
/// Kubernetes' default of `--max-endpoints-per-slice`.
const MOST_PER_SLICE: usize = 100;

/// The slices of one Service. Pods whose named ports resolve to different numbers land in different slices.
pub(crate) fn slices(
    key: &ObjectKey,
    service: &ServiceFacts,
    pods: &[(ObjectKey, Arc<PodFacts>)],
) -> Vec<EndpointSlice> {
    if service.selector.is_empty() || matches!(service.reach, Reach::ExternalName(_)) {
        return Vec::new();
    }
    let mut groups: BTreeMap<Vec<Option<u16>>, Vec<Endpoint>> = BTreeMap::new();
    for (pod_key, pod) in pods {
        if !pod.matches(&service.selector) || pod.ended || pod.addresses.is_empty() {
            continue;
        }
        let resolved: Vec<_> = service.ports.iter().map(|port| pod.port(port)).collect();
        if !service.ports.is_empty() && resolved.iter().all(Option::is_none) {
            continue;
        }
        groups.entry(resolved).or_default().push(endpoint(key, service, pod_key, pod));
    }
    if groups.is_empty() {
        groups.insert(Vec::new(), Vec::new());
    }
    let mut slices = Vec::new();
    for (resolved, endpoints) in groups {
        if endpoints.is_empty() {
            slices.push(slice(key, service, &resolved, 0, Vec::new()));
        }
        for (index, chunk) in endpoints.chunks(MOST_PER_SLICE).enumerate() {
            slices.push(slice(key, service, &resolved, index, chunk.to_vec()));
        }
    }
    slices
}

fn endpoint(key: &ObjectKey, service: &ServiceFacts, pod_key: &ObjectKey, pod: &PodFacts) -> Endpoint {
    let serving = pod.ready || service.publish_not_ready;
    Endpoint {
        addresses: pod.addresses.iter().filter(|address| address.is_ipv4()).map(ToString::to_string).collect(),
        conditions: Some(EndpointConditions {
            ready: Some(service.publish_not_ready || pod.ready && !pod.terminating),
            serving: Some(serving),
            terminating: Some(pod.terminating),
        }),
        hostname: pod.hostname.clone().filter(|_| pod.subdomain.as_deref() == Some(&key.name)),
        node_name: pod.node.clone(),
        target_ref: Some(ObjectReference {
            kind: Some("Pod".into()),
            name: Some(pod_key.name.clone()),
            namespace: Some(pod_key.namespace.clone()),
            uid: Some(pod.uid.clone()),
            ..ObjectReference::default()
        }),
        ..Endpoint::default()
    }
}

fn slice(
    key: &ObjectKey,
    service: &ServiceFacts,
    resolved: &[Option<u16>],
    index: usize,
    endpoints: Vec<Endpoint>,
) -> EndpointSlice {
    let ports = service.ports.iter().zip(resolved).filter_map(|(port, number)| {
        number.map(|number| EndpointPort {
            name: Some(port.name.clone()),
            port: Some(number.into()),
            protocol: Some(port.protocol.as_str().into()),
            app_protocol: port.app_protocol.clone(),
        })
    });
    let labels = BTreeMap::from([
        (SERVICE_NAME_LABEL.to_owned(), key.name.clone()),
        (MANAGED_BY_LABEL.to_owned(), MANAGED_BY.to_owned()),
    ]);
    EndpointSlice {
        metadata: ObjectMeta {
            name: Some(name(key, service, resolved, index)),
            namespace: Some(key.namespace.clone()),
            labels: Some(labels),
            owner_references: Some(vec![OwnerReference {
                api_version: "v1".into(),
                kind: "Service".into(),
                name: key.name.clone(),
                uid: service.uid.clone(),
                controller: Some(true),
                block_owner_deletion: Some(true),
            }]),
            ..ObjectMeta::default()
        },
        address_type: "IPv4".into(),
        endpoints: Some(endpoints),
        ports: Some(ports.collect()),
    }
}

/// The Service's name and five characters that stay the same for the same Service, port numbers and place, so that a
/// slice is changed in place and found again after a restart.
fn name(key: &ObjectKey, service: &ServiceFacts, resolved: &[Option<u16>], index: usize) -> String {
    const ALPHABET: &[u8; 28] = b"bcdfghjklmnpqrstvwxz23456789";
    let digest = Sha256::digest(format!("{}\n{resolved:?}\n{index}", service.uid));
    let suffix = digest.iter().take(5).map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
    format!("{}-{}", key.name, suffix.collect::<String>())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{Pod, Service};
    use serde_json::{Value, json};

    use super::*;

    fn service(spec: &Value) -> ServiceFacts {
        let object = json!({"metadata": {"name": "web", "namespace": "shop", "uid": "u-web"}, "spec": spec});
        serde_json::from_value::<Service>(object).expect("a Service").into()
    }

    fn pod(name: &str, ip: &str, ready: bool, more: &Value) -> (ObjectKey, Arc<PodFacts>) {
        let mut object = json!({
            "metadata": {"name": name, "namespace": "shop", "uid": format!("u-{name}"), "labels": {"app": "web"}},
            "spec": {"nodeName": "here", "containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 8080}]}]},
            "status": {
                "phase": "Running",
                "podIP": ip,
                "podIPs": [{"ip": ip}],
                "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
            },
        });
        merge(&mut object, more);
        let pod: Pod = serde_json::from_value(object).expect("a Pod");
        (ObjectKey::of(&pod), Arc::new(pod.into()))
    }

    fn merge(into: &mut Value, from: &Value) {
        match (into, from) {
            (Value::Object(into), Value::Object(from)) => {
                for (name, value) in from {
                    merge(into.entry(name.clone()).or_insert(Value::Null), value);
                }
            }
            (into, from) => *into = from.clone(),
        }
    }

    fn summary(service: &ServiceFacts, pods: &[(ObjectKey, Arc<PodFacts>)]) -> Vec<String> {
        let slices = slices(&ObjectKey::new("shop", "web"), service, pods);
        let mut lines = Vec::new();
        for slice in slices {
            let ports: Vec<_> = slice
                .ports
                .iter()
                .flatten()
                .map(|port| format!("{}={}", port.name.clone().unwrap_or_default(), port.port.unwrap_or_default()))
                .collect();
            lines.push(format!("slice {}", ports.join(",")));
            for endpoint in slice.endpoints.iter().flatten() {
                let conditions = endpoint.conditions.clone().unwrap_or_default();
                let words = [
                    (conditions.ready, "ready"),
                    (conditions.serving, "serving"),
                    (conditions.terminating, "terminating"),
                ];
                let words: Vec<_> = words.iter().filter(|(set, _)| *set == Some(true)).map(|(_, word)| *word).collect();
                let hostname = endpoint.hostname.clone().map(|name| format!(" as {name}")).unwrap_or_default();
                lines.push(format!("  {} {}{hostname}", endpoint.addresses.join(","), words.join("+")));
            }
        }
        lines
    }

    #[test]
    fn only_ready_pods_are_ready_endpoints() {
        let service = service(&json!({"clusterIP": "10.96.0.7", "selector": {"app": "web"},
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}));
        let pods = [
            pod("a", "10.1.0.2", true, &json!({})),
            pod("b", "10.1.0.3", false, &json!({})),
            pod("c", "10.1.0.4", true, &json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})),
            pod("d", "10.1.0.5", true, &json!({"status": {"phase": "Failed"}})),
            pod("e", "10.1.0.6", true, &json!({"metadata": {"labels": {"app": "other"}}})),
        ];
        assert_eq!(
            summary(&service, &pods),
            ["slice http=8080", "  10.1.0.2 ready+serving", "  10.1.0.3 ", "  10.1.0.4 serving+terminating"]
        );
    }

    #[test]
    fn pods_whose_named_ports_differ_get_slices_of_their_own() {
        let service = service(&json!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}));
        let other =
            json!({"spec": {"containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 9090}]}]}});
        let nameless = json!({"spec": {"containers": [{"name": "c"}]}});
        let pods = [
            pod("a", "10.1.0.2", true, &json!({})),
            pod("b", "10.1.0.3", true, &other),
            pod("c", "10.1.0.4", true, &nameless),
        ];
        assert_eq!(
            summary(&service, &pods),
            ["slice =8080", "  10.1.0.2 ready+serving", "slice =9090", "  10.1.0.3 ready+serving"]
        );
    }

    #[test]
    fn a_service_without_pods_has_one_empty_slice_and_one_without_selector_none() {
        let ports = json!([{"port": 80}]);
        assert_eq!(summary(&service(&json!({"selector": {"app": "none"}, "ports": ports})), &[]), ["slice "]);
        assert!(summary(&service(&json!({"ports": ports})), &[]).is_empty());
        assert!(
            summary(
                &service(&json!({"type": "ExternalName", "externalName": "example.org", "selector": {"app": "web"}})),
                &[]
            )
            .is_empty()
        );
    }

    #[test]
    fn names_of_stateful_pods_and_unready_addresses_are_published_on_request() {
        let service = service(
            &json!({"clusterIP": "None", "publishNotReadyAddresses": true, "selector": {"app": "web"}, "ports": [{"port": 80}]}),
        );
        let named = json!({"spec": {"hostname": "web-0", "subdomain": "web"}});
        assert_eq!(
            summary(&service, &[pod("web-0", "10.1.0.2", false, &named)]),
            ["slice =80", "  10.1.0.2 ready+serving as web-0"]
        );
    }

    #[test]
    fn more_than_a_hundred_pods_are_spread_over_slices_with_names_of_their_own() {
        let service = service(&json!({"selector": {"app": "web"}, "ports": [{"port": 80}]}));
        let pods: Vec<_> = (0..250_u32)
            .map(|n| pod(&format!("p{n}"), &format!("10.1.{}.{}", n / 200, n % 200 + 2), true, &json!({})))
            .collect();
        let key = ObjectKey::new("shop", "web");
        let made = slices(&key, &service, &pods);
        let counts: Vec<_> = made.iter().map(|slice| slice.endpoints.as_ref().map_or(0, Vec::len)).collect();
        assert_eq!(counts, [100, 100, 50]);
        let names: std::collections::BTreeSet<_> = made.iter().map(|slice| slice.metadata.name.clone()).collect();
        assert_eq!(names.len(), 3);
        assert_eq!(slices(&key, &service, &pods), made);
    }
}
