//! The OpenAPI document, made from the same tables as the routes.

use crate::objects::{Resource, resources};
use axum::Json;
use serde_json::{Map, Value, json};

/// `GET /openapi.json`
pub(crate) async fn document() -> Json<Value> {
    Json(describe())
}

fn describe() -> Value {
    let mut paths = Map::new();
    for resource in resources() {
        paths.insert(resource.path(), collection(resource));
        paths.insert(format!("{}/{{name}}", resource.path()), single(resource));
        paths.insert(format!("{}/{{name}}/why", resource.path()), why(resource));
        if resource.has_schema() {
            paths.insert(format!("{}/{{name}}/schema", resource.path()), schema(resource));
        }
    }
    for (path, item) in special() {
        paths.insert(path, item);
    }
    json!({
        "openapi": "3.0.3",
        "info": {"title": "OpenChoreo API", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "security": [{"bearerAuth": []}],
        "components": {
            "securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": {"Object": object(), "ObjectList": list_of("Object"), "ErrorResponse": error(), "SchemaResponse": {"type": "object"}},
        },
    })
}

fn object() -> Value {
    json!({
        "type": "object",
        "required": ["metadata"],
        "properties": {
            "apiVersion": {"type": "string", "readOnly": true},
            "kind": {"type": "string", "readOnly": true},
            "metadata": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "namespace": {"type": "string"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
                    "uid": {"type": "string", "readOnly": true},
                    "generation": {"type": "integer", "format": "int64", "readOnly": true},
                    "resourceVersion": {"type": "string"},
                    "creationTimestamp": {"type": "string", "format": "date-time", "readOnly": true},
                    "deletionTimestamp": {"type": "string", "format": "date-time", "readOnly": true},
                },
            },
            "spec": {"type": "object", "additionalProperties": true},
            "status": {"type": "object", "additionalProperties": true, "readOnly": true},
        },
    })
}

fn list_of(name: &str) -> Value {
    json!({
        "type": "object",
        "required": ["items", "pagination"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": format!("#/components/schemas/{name}")}},
            "pagination": {"type": "object", "properties": {"nextCursor": {"type": "string"}}},
        },
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["error", "code"],
        "properties": {
            "error": {"type": "string"},
            "code": {"type": "string"},
            "details": {
                "type": "array",
                "items": {"type": "object", "properties": {"field": {"type": "string"}, "message": {"type": "string"}}},
            },
        },
    })
}

fn answers(success: &str, schema: Option<&str>) -> Value {
    let mut answers = json!({
        "default": {"description": "What went wrong", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}},
    });
    answers[success] = match schema {
        Some(name) => json!({
            "description": "Success",
            "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}},
        }),
        None => json!({"description": "Success"}),
    };
    answers
}

fn path_parameter(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
}

fn query(name: &str, kind: &str, description: &str) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": {"type": kind}})
}

fn parameters(resource: &Resource, single: bool) -> Vec<Value> {
    let mut parameters = Vec::new();
    if resource.row.is_namespaced() {
        parameters.push(path_parameter("namespace"));
    }
    if single {
        parameters.push(path_parameter("name"));
    }
    parameters
}

fn body() -> Value {
    json!({"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Object"}}}})
}

fn capital(plural: &str, kind: &str) -> String {
    // The plural with the kind's own capitals: deploymentpipelines of DeploymentPipeline is DeploymentPipelines.
    let stem: String = kind.chars().take(plural.len()).collect();
    if plural.starts_with(&stem.to_lowercase()) { format!("{stem}{}", &plural[stem.len()..]) } else { kind.to_owned() }
}

/// What operations are called after: one object, and many.
fn called(resource: &Resource) -> (String, String) {
    match resource.operations {
        Some((one, many)) => (one.to_owned(), many.to_owned()),
        None => (resource.kind().to_owned(), capital(resource.row.plural, resource.kind())),
    }
}

fn collection(resource: &Resource) -> Value {
    let mut lists = parameters(resource, false);
    lists.push(query("limit", "integer", "Objects on a page, 1 to 100; usually 20"));
    lists.push(query("cursor", "string", "nextCursor of the page before"));
    lists.push(query("labelSelector", "string", "Kubernetes label selector"));
    if let Some(filter) = resource.filter {
        lists.push(query(filter.query, "string", "Only what belongs to this owner"));
    }
    let (kind, plural) = called(resource);
    json!({
        "get": {"operationId": format!("list{plural}"), "parameters": lists, "responses": answers("200", Some("ObjectList"))},
        "post": {
            "operationId": format!("create{kind}"), "parameters": parameters(resource, false),
            "requestBody": body(), "responses": answers("201", Some("Object")),
        },
    })
}

fn single(resource: &Resource) -> Value {
    let (kind, _) = called(resource);
    let mut item = json!({
        "get": {"operationId": format!("get{kind}"), "parameters": parameters(resource, true), "responses": answers("200", Some("Object"))},
        "delete": {"operationId": format!("delete{kind}"), "parameters": parameters(resource, true), "responses": answers("204", None)},
    });
    if resource.is_changeable() {
        item["put"] = json!({
            "operationId": format!("update{kind}"), "parameters": parameters(resource, true),
            "requestBody": body(), "responses": answers("200", Some("Object")),
        });
    }
    item
}

fn schema(resource: &Resource) -> Value {
    json!({
        "get": {
            "operationId": format!("get{}Schema", resource.kind()), "parameters": parameters(resource, true),
            "responses": answers("200", Some("SchemaResponse")),
        },
    })
}

/// What an object waits for; ours.
fn why(resource: &Resource) -> Value {
    json!({
        "get": {
            "operationId": format!("why{}", called(resource).0), "parameters": parameters(resource, true),
            "responses": answers("200", None),
        },
    })
}

/// Operations that are not the same for every kind: path, method, operation id, query parameters, success.
const SPECIAL: &[(&str, &str, &str, &[&str], &str)] = &[
    ("/health", "get", "getHealth", &[], "200"),
    ("/ready", "get", "getReady", &[], "200"),
    ("/version", "get", "getVersion", &[], "200"),
    ("/openapi.json", "get", "getOpenAPISpec", &[], "200"),
    ("/.well-known/oauth-protected-resource", "get", "getOAuthProtectedResourceMetadata", &[], "200"),
    ("/api/v1/namespaces", "get", "listNamespaces", &["limit", "cursor", "labelSelector"], "200"),
    ("/api/v1/namespaces", "post", "createNamespace", &[], "201"),
    ("/api/v1/namespaces/{name}", "get", "getNamespace", &[], "200"),
    ("/api/v1/namespaces/{name}", "put", "updateNamespace", &[], "200"),
    ("/api/v1/namespaces/{name}", "delete", "deleteNamespace", &[], "204"),
    ("/api/v1/namespaces/{namespace}/components/{name}/generate-release", "post", "generateRelease", &[], "201"),
    (
        "/api/v1/namespaces/{namespace}/releasebindings/{name}/k8sresources/tree",
        "get",
        "getReleaseBindingK8sResourceTree",
        &[],
        "200",
    ),
    (
        "/api/v1/namespaces/{namespace}/releasebindings/{name}/k8sresources/events",
        "get",
        "getReleaseBindingK8sResourceEvents",
        &["group", "version", "kind", "name"],
        "200",
    ),
    (
        "/api/v1/namespaces/{namespace}/releasebindings/{name}/k8sresources/logs",
        "get",
        "getReleaseBindingK8sResourceLogs",
        &["podName", "container", "sinceSeconds", "tailLines", "follow"],
        "200",
    ),
    (
        "/api/v1alpha1/namespaces/{namespace}/releasebindings/{name}/trigger",
        "post",
        "triggerReleaseBindingCronJob",
        &[],
        "200",
    ),
    (
        "/exec/namespaces/{namespace}/components/{name}",
        "get",
        "execComponent",
        &["project", "env", "pod", "container", "command", "tty", "stdin"],
        "101",
    ),
];

fn special() -> Map<String, Value> {
    let mut paths: Map<String, Value> = Map::new();
    for (path, method, id, queries, success) in SPECIAL {
        let mut parameters: Vec<Value> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(path_parameter).collect();
        parameters.extend(queries.iter().map(|name| query(name, "string", "")));
        let item = paths.entry((*path).to_owned()).or_insert_with(|| json!({}));
        item[*method] = json!({"operationId": id, "parameters": parameters, "responses": answers(success, None)});
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    fn operations(document: &Value) -> BTreeSet<(String, String, String)> {
        let mut found = BTreeSet::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("an item") {
                let Some(id) = operation["operationId"].as_str() else { continue };
                // Names of path parameters differ and mean the same.
                let path: Vec<&str> =
                    path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
                found.insert((method.clone(), path.join("/"), id.to_owned()));
            }
        }
        found
    }

    #[test]
    fn every_operation_is_one_of_the_contract_or_named_as_ours() {
        let fixtures = std::env::var_os("OPENCHOREO_FIXTURES")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"), PathBuf::from);
        let Ok(text) = std::fs::read_to_string(fixtures.join("contract/openapi/openchoreo-api.yaml")) else {
            println!("skipped: no contract data (OPENCHOREO_FIXTURES)");
            return;
        };
        let contract = operations(&serde_saphyr::from_str(&text).expect("YAML"));
        let ours: BTreeSet<_> = operations(&describe()).difference(&contract).cloned().collect();
        let exec = ("/exec/namespaces/{}/components/{}".to_owned(), "execComponent".to_owned());
        let whys = resources().map(|resource| {
            let path = resource.path().replace("{namespace}", "{}");
            (format!("{path}/{{}}/why"), format!("why{}", called(resource).0))
        });
        let expected: BTreeSet<_> =
            whys.chain([exec]).map(|(path, operation)| ("get".to_owned(), path, operation)).collect();
        assert_eq!(ours, expected);
    }
}
