//! The paths of a kind, as OpenAPI describes them.

use serde_json::{Map, Value, json};

use super::openapi::name;
use crate::kinds::Kind;

struct Place<'a> {
    kind: &'a Kind,
    third: bool,
    namespaced: bool,
    named: bool,
}

/// Adds all paths of the kind.
pub(super) fn add(kind: &Kind, paths: &mut Map<String, Value>, third: bool) {
    let root = if kind.group.is_empty() {
        format!("/api/{}", kind.version)
    } else {
        format!("/apis/{}/{}", kind.group, kind.version)
    };
    let place = |namespaced, named| Place { kind, third, namespaced, named };
    let base = if kind.namespaced {
        format!("{root}/namespaces/{{namespace}}/{}", kind.plural)
    } else {
        format!("{root}/{}", kind.plural)
    };
    if kind.namespaced && kind.can("list") {
        paths.insert(format!("{root}/{}", kind.plural), operations(&place(false, false), &[("get", "list", "list")]));
    }
    paths.insert(
        base.clone(),
        operations(
            &place(kind.namespaced, false),
            &[("get", "list", "list"), ("post", "create", "post"), ("delete", "deletecollection", "deletecollection")],
        ),
    );
    if kind.can("get") {
        let verbs = [
            ("get", "get", "get"),
            ("put", "update", "put"),
            ("patch", "patch", "patch"),
            ("delete", "delete", "delete"),
        ];
        paths.insert(format!("{base}/{{name}}"), operations(&place(kind.namespaced, true), &verbs));
    }
    for sub in &kind.subresources {
        if matches!(sub.name.as_str(), "status" | "scale") {
            let verbs = [("get", "get", "get"), ("put", "update", "put"), ("patch", "patch", "patch")];
            paths.insert(format!("{base}/{{name}}/{}", sub.name), operations(&place(kind.namespaced, true), &verbs));
        }
    }
}

fn parameter(third: bool, name: &str, at: &str, kind: &str) -> Value {
    let mut parameter = json!({"name": name, "in": at});
    if third {
        parameter["schema"] = json!({"type": kind, "uniqueItems": true});
    } else {
        parameter["type"] = kind.into();
        parameter["uniqueItems"] = true.into();
    }
    if at == "path" {
        parameter["required"] = true.into();
    }
    parameter
}

fn operations(place: &Place<'_>, verbs: &[(&str, &str, &str)]) -> Value {
    let kind = place.kind;
    let mut item = Map::new();
    let mut shared = Vec::new();
    if place.named {
        shared.push(parameter(place.third, "name", "path", "string"));
    }
    if place.namespaced {
        shared.push(parameter(place.third, "namespace", "path", "string"));
    }
    // A list of nothing is not written: readers that write the document again would leave it out.
    if !shared.is_empty() {
        item.insert("parameters".into(), shared.into());
    }
    for (method, verb, action) in verbs.iter().filter(|(_, verb, _)| kind.can(verb)) {
        let query: &[(&str, &str)] = match *verb {
            "create" | "update" => &[("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string")],
            "patch" => {
                &[("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string"), ("force", "boolean")]
            }
            "list" | "deletecollection" => &[
                ("continue", "string"),
                ("fieldSelector", "string"),
                ("labelSelector", "string"),
                ("limit", "integer"),
                ("resourceVersion", "string"),
                ("resourceVersionMatch", "string"),
                ("timeoutSeconds", "integer"),
                ("watch", "boolean"),
            ],
            "delete" => &[
                ("dryRun", "string"),
                ("gracePeriodSeconds", "integer"),
                ("orphanDependents", "boolean"),
                ("propagationPolicy", "string"),
            ],
            _ => &[],
        };
        let parameters: Vec<Value> =
            query.iter().map(|(name, kind)| parameter(place.third, name, "query", kind)).collect();
        let answer = if *verb == "list" { format!("{}List", name(kind)) } else { name(kind) };
        let mut operation = json!({
            "operationId": format!("{verb}{}{}{}", capital(&kind.group), capital(&kind.version), if place.namespaced { format!("Namespaced{}", kind.kind) } else { kind.kind.to_string() }),
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": {"group": &*kind.group, "version": &*kind.version, "kind": &*kind.kind},
        });
        if !parameters.is_empty() {
            operation["parameters"] = parameters.into();
        }
        operation["responses"] = if place.third {
            json!({"200": {"description": "OK", "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{answer}")}}}}})
        } else {
            json!({"200": {"description": "OK", "schema": {"$ref": format!("#/definitions/{answer}")}}})
        };
        if matches!(*verb, "create" | "update") && place.third {
            operation["requestBody"] = json!({"required": true, "content": {"*/*": {"schema": {"$ref": format!("#/components/schemas/{}", name(kind))}}}});
        }
        item.insert((*method).into(), operation);
    }
    Value::Object(item)
}

fn capital(text: &str) -> String {
    text.split(['.', '-'])
        .take(1)
        .map(|word| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect::<String>())
        .collect()
}
