//! Discovery documents: the old ones, one per group version, and the aggregated one.

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    kinds::{Group, Kind, Kinds},
    wire::{Body, Format, json_answer},
};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Whether the client's first choice is the aggregated form that we make.
pub(super) fn wants_aggregated(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| {
        accept.split(',').any(|clause| {
            clause.contains("as=APIGroupDiscoveryList") && clause.contains("v=v2") && !clause.contains("v2beta1")
        })
    })
}

/// Whether the client takes the documents one by one.
pub(super) fn takes_legacy(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else { return true };
    accept.split(',').any(|clause| !clause.contains("as=APIGroupDiscoveryList"))
}

/// The aggregated document with its own media type.
pub(super) fn aggregated_answer(document: &Value) -> Response<Body> {
    let mut response = json_answer(StatusCode::OK, document, Format::JSON);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(AGGREGATED));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}

/// `/api`.
pub(super) fn legacy() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

fn group_entry(group: &Group) -> Value {
    let version = |version: &str| json!({"groupVersion": format!("{}/{version}", group.name), "version": version});
    json!({
        "name": &*group.name,
        "versions": group.versions.iter().map(|name| version(name)).collect::<Vec<_>>(),
        "preferredVersion": group.versions.first().map(|name| version(name)),
    })
}

/// `/apis`.
pub(super) fn list(kinds: &Kinds) -> Value {
    let groups: Vec<Value> = kinds.groups.iter().filter(|group| !group.name.is_empty()).map(group_entry).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`.
pub(super) fn one(kinds: &Kinds, name: &str) -> Option<Value> {
    let group = kinds.groups.iter().find(|group| *group.name == *name && !name.is_empty())?;
    let mut entry = group_entry(group);
    entry["kind"] = "APIGroup".into();
    entry["apiVersion"] = "v1".into();
    Some(entry)
}

/// `/api/v1` and `/apis/GROUP/VERSION`.
pub(super) fn resources(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    let known = kinds.groups.iter().find(|known| *known.name == *group)?;
    if !known.versions.iter().any(|known| **known == *version) {
        return None;
    }
    let mut resources = Vec::new();
    for kind in kinds.rows.iter().filter(|kind| *kind.group == *group && *kind.version == *version) {
        resources.push(resource(kind));
        for sub in &kind.subresources {
            let mut entry = json!({"name": format!("{}/{}", kind.plural, sub.name), "singularName": "", "namespaced": kind.namespaced, "kind": sub.kind, "verbs": sub.verbs});
            if let (Some(group), Some(version)) = (&sub.group, &sub.version) {
                entry["group"] = group.as_str().into();
                entry["version"] = version.as_str().into();
            }
            resources.push(entry);
        }
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut list = json!({"kind": "APIResourceList", "groupVersion": group_version, "resources": resources});
    // The core group's list came before lists had versions.
    if !group.is_empty() {
        list["apiVersion"] = "v1".into();
    }
    Some(list)
}

fn resource(kind: &Kind) -> Value {
    let mut entry = json!({"name": &*kind.plural, "singularName": &*kind.singular, "namespaced": kind.namespaced, "kind": &*kind.kind, "verbs": kind.verbs});
    if !kind.short.is_empty() {
        entry["shortNames"] = kind.short.clone().into();
    }
    if !kind.categories.is_empty() {
        entry["categories"] = kind.categories.clone().into();
    }
    let stored = !(kind.group.is_empty() && &*kind.kind == "ComponentStatus");
    if kind.can("list") && stored {
        entry["storageVersionHash"] = hash(kind).into();
    }
    entry
}

/// Kinds that Kubernetes stores as another version of themselves.
const STORED: &[(&str, &str, &str, &str)] = &[
    ("autoscaling", "v1", "HorizontalPodAutoscaler", "autoscaling/v2/HorizontalPodAutoscaler"),
    ("events.k8s.io", "v1", "Event", "/v1/Event"),
    ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "apiextensions.k8s.io/v1beta1/CustomResourceDefinition"),
];

fn hash(kind: &Kind) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use sha2::{Digest, Sha256};
    let stored = STORED
        .iter()
        .find(|(group, version, name, _)| *group == &*kind.group && *version == &*kind.version && *name == &*kind.kind);
    let text = stored
        .map_or_else(|| format!("{}/{}/{}", kind.group, kind.version, kind.kind), |(.., stored)| (*stored).to_owned());
    let digest = Sha256::digest(text.as_bytes());
    STANDARD.encode(&digest[..8])
}

/// The aggregated document of the core group or of all others.
pub(super) fn aggregated(kinds: &Kinds, core: bool) -> Value {
    let items: Vec<Value> = kinds
        .groups
        .iter()
        .filter(|group| group.name.is_empty() == core)
        .map(|group| {
            let versions: Vec<Value> = group
                .versions
                .iter()
                .map(|version| {
                    let resources: Vec<Value> = kinds
                        .rows
                        .iter()
                        .filter(|kind| kind.group == group.name && kind.version == *version)
                        .map(|kind| entry(kind))
                        .collect();
                    json!({"version": &**version, "freshness": "Current", "resources": resources})
                })
                .collect();
            let metadata = if core { json!({}) } else { json!({"name": &*group.name}) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn entry(kind: &Kind) -> Value {
    let mut entry = json!({
        "resource": &*kind.plural,
        "responseKind": {"group": "", "version": "", "kind": &*kind.kind},
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": &*kind.singular,
        "verbs": kind.verbs,
    });
    if kind.origin == crate::kinds::Origin::Custom {
        entry["responseKind"] = json!({"group": &*kind.group, "version": &*kind.version, "kind": &*kind.kind});
    }
    if !kind.short.is_empty() {
        entry["shortNames"] = kind.short.clone().into();
    }
    if !kind.categories.is_empty() {
        entry["categories"] = kind.categories.clone().into();
    }
    if !kind.subresources.is_empty() {
        let subresources: Vec<Value> = kind
            .subresources
            .iter()
            .map(|sub| {
                let own = kind.origin == crate::kinds::Origin::Custom;
                let group = sub.group.clone().unwrap_or_else(|| if own { kind.group.to_string() } else { String::new() });
                let version = sub.version.clone().unwrap_or_else(|| if own { kind.version.to_string() } else { String::new() });
                json!({"subresource": sub.name, "responseKind": {"group": group, "version": version, "kind": sub.kind}, "verbs": sub.verbs})
            })
            .collect();
        entry["subresources"] = subresources.into();
    }
    entry
}
