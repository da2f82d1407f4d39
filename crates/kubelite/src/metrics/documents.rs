//! The group in discovery documents.

use serde_json::{Value, json};

const GROUP: &str = "metrics.k8s.io";
const VERSION: &str = "v1beta1";
/// Plural, kind, whether it lies in namespaces.
const RESOURCES: [(&str, &str, bool); 2] = [("nodes", "NodeMetrics", false), ("pods", "PodMetrics", true)];

fn entry() -> Value {
    let version = json!({"groupVersion": format!("{GROUP}/{VERSION}"), "version": VERSION});
    json!({"name": GROUP, "versions": [version], "preferredVersion": version})
}

/// Adds the group to `/apis`.
pub(crate) fn add_group(list: &mut Value) {
    if let Some(groups) = list["groups"].as_array_mut() {
        groups.push(entry());
    }
}

/// `/apis/metrics.k8s.io`.
pub(crate) fn group(name: &str) -> Option<Value> {
    let mut entry = (name == GROUP).then(entry)?;
    entry["kind"] = "APIGroup".into();
    entry["apiVersion"] = "v1".into();
    Some(entry)
}

/// `/apis/metrics.k8s.io/v1beta1`.
pub(crate) fn resources(group: &str, version: &str) -> Option<Value> {
    let resources = RESOURCES.map(|(plural, kind, namespaced)| {
        json!({"name": plural, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"]})
    });
    ((group, version) == (GROUP, VERSION)).then(|| {
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("{GROUP}/{VERSION}"), "resources": resources})
    })
}

/// Adds the group to the aggregated document.
pub(crate) fn add_aggregated(document: &mut Value) {
    let resources = RESOURCES.map(|(plural, kind, namespaced)| {
        json!({
            "resource": plural,
            "responseKind": {"group": GROUP, "version": VERSION, "kind": kind},
            "scope": if namespaced { "Namespaced" } else { "Cluster" },
            "singularResource": "",
            "verbs": ["get", "list"],
        })
    });
    if let Some(items) = document["items"].as_array_mut() {
        items.push(json!({
            "metadata": {"name": GROUP},
            "versions": [{"version": VERSION, "freshness": "Current", "resources": resources}],
        }));
    }
}

/// Its paths.
pub(crate) fn paths() -> [String; 2] {
    [format!("/apis/{GROUP}"), format!("/apis/{GROUP}/{VERSION}")]
}
