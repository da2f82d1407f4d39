//! OpenAPI documents: version 3 for each group version, version 2 for everything.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{documents::digest, operations, prose};
use crate::kinds::{Kind, Kinds, Origin, openapi_definition, reachable};

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
const REF: &str = "#/components/schemas/";

/// Name of a kind's definition.
pub(super) fn name(kind: &Kind) -> String {
    kind.definition.clone().unwrap_or_else(|| {
        let reversed: Vec<&str> = kind.group.rsplit('.').collect();
        format!("{}.{}.{}", reversed.join("."), kind.version, kind.kind)
    })
}

/// `/openapi/v3`.
pub(super) fn index(kinds: &Kinds) -> Value {
    let mut paths = Map::new();
    for group in &kinds.groups {
        for version in &group.versions {
            let path =
                if group.name.is_empty() { format!("api/{version}") } else { format!("apis/{}/{version}", group.name) };
            // Changes exactly when what the document is made of changes.
            let mut seed = format!("{path} {}", env!("CARGO_PKG_VERSION"));
            for kind in kinds.rows.iter().filter(|kind| kind.group == group.name && kind.version == *version) {
                seed.push_str(&kind.kind);
                if let Some(source) = kind.source() {
                    seed.push_str(source);
                }
            }
            let url = format!("/openapi/v3/{path}?hash={}", digest(seed.as_bytes()));
            paths.insert(path, json!({"serverRelativeURL": url}));
        }
    }
    json!({"paths": paths})
}

/// `/openapi/v3/…` of one group version.
pub(super) fn v3(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    let rows: Vec<&Kind> = kinds
        .rows
        .iter()
        .filter(|kind| *kind.group == *group && *kind.version == *version)
        .map(AsRef::as_ref)
        .collect();
    if rows.is_empty() {
        return None;
    }
    let mut paths = Map::new();
    for kind in &rows {
        operations::add(kind, &mut paths, true);
    }
    Some(json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.3"},
        "paths": paths,
        "components": {"schemas": definitions(&rows, false)},
    }))
}

/// `/openapi/v2`.
pub(super) fn v2(kinds: &Kinds) -> Value {
    let rows: Vec<&Kind> = kinds.rows.iter().map(AsRef::as_ref).collect();
    let mut paths = Map::new();
    for kind in &rows {
        operations::add(kind, &mut paths, false);
    }
    let mut definitions = Value::Object(definitions(&rows, true));
    second(&mut definitions);
    json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.36.3"}, "paths": paths, "definitions": definitions})
}

/// Rewrites version 3 schemas to what version 2 can say.
fn second(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for word in ["oneOf", "anyOf", "not", "nullable"] {
                if map.get(word).is_none_or(|inner| inner.get("type").is_none()) {
                    map.remove(word);
                }
            }
            if let Some(Value::Array(parts)) =
                map.get("allOf").filter(|parts| parts.as_array().is_some_and(|parts| parts.len() == 1))
                && let Some(reference) = parts[0].get("$ref").cloned()
            {
                map.remove("allOf");
                map.insert("$ref".into(), reference);
            }
            if let Some(Value::String(reference)) = map.get_mut("$ref") {
                *reference = reference.replace(REF, "#/definitions/");
            }
            map.values_mut().for_each(second);
        }
        Value::Array(items) => items.iter_mut().for_each(second),
        _ => {}
    }
}

fn definitions(rows: &[&Kind], second: bool) -> Map<String, Value> {
    let mut names = BTreeSet::new();
    for extra in [
        OBJECT_META,
        LIST_META,
        "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
        "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
        "io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
    ] {
        reachable(extra, &mut names);
    }
    let mut out = Map::new();
    for kind in rows {
        match &kind.definition {
            Some(definition) => reachable(definition, &mut names),
            None => {
                out.insert(name(kind), custom(kind, second));
            }
        }
        for sub in &kind.subresources {
            if sub.name == "scale" {
                reachable("io.k8s.api.autoscaling.v1.Scale", &mut names);
            }
        }
        if kind.can("list") {
            out.insert(format!("{}List", name(kind)), list(kind));
        }
    }
    for name in names {
        if let Some(mut definition) = openapi_definition(&name) {
            if name == OBJECT_META {
                prose::describe(&mut definition);
            }
            out.insert(name, definition);
        }
    }
    out
}

fn versioned(kind: &Kind, name: &str) -> Value {
    json!([{"group": &*kind.group, "version": &*kind.version, "kind": name}])
}

fn custom(kind: &Kind, second: bool) -> Value {
    let source = kind.source().and_then(|source| serde_json::from_str(source).ok());
    let mut schema: Value = source.unwrap_or_else(|| json!({"type": "object"}));
    if second && schema["x-kubernetes-preserve-unknown-fields"] == true {
        // Readers of version 2 take properties for all that there may be.
        return json!({"type": "object", "x-kubernetes-group-version-kind": versioned(kind, &kind.kind)});
    }
    either(&mut schema);
    let text = |text: &str| json!({"type": "string", "description": text});
    schema["properties"]["apiVersion"] = text(prose::API_VERSION);
    schema["properties"]["kind"] = text(prose::KIND);
    schema["properties"]["metadata"] =
        json!({"allOf": [{"$ref": format!("{REF}{OBJECT_META}")}], "description": "Standard object's metadata."});
    schema["x-kubernetes-group-version-kind"] = versioned(kind, &kind.kind);
    schema
}

/// What may be a number or a word says so in plain OpenAPI too.
fn either(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("x-kubernetes-int-or-string").is_some_and(|either| *either == true) && !map.contains_key("anyOf")
            {
                map.insert("anyOf".into(), json!([{"type": "integer"}, {"type": "string"}]));
            }
            map.values_mut().for_each(either);
        }
        Value::Array(items) => items.iter_mut().for_each(either),
        _ => {}
    }
}

fn list(kind: &Kind) -> Value {
    let mut schema = json!({
        "type": "object", "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"}, "kind": {"type": "string"},
            "items": {"type": "array", "items": {"allOf": [{"$ref": format!("{REF}{}", name(kind))}]}},
            "metadata": {"allOf": [{"$ref": format!("{REF}{LIST_META}")}]},
        },
        "x-kubernetes-group-version-kind": versioned(kind, &kind.list_kind),
    });
    if kind.origin == Origin::Builtin {
        schema["properties"]["items"]["items"]["default"] = json!({});
    }
    schema
}
