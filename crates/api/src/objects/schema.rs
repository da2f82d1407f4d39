//! `…/schema`: what users may set, as JSON Schema. Of a type these are its parameters; of a component it is what a
//! release binding may override.

use super::references::resolve;
use super::{Parts, Resource, fetch, name, namespace};
use crate::problem::Problem;
use crate::serving::App;
use axum::Json;
use kube::core::DynamicObject;
use serde_json::{Map, Value, json};

/// Where a type says what may be set when a component uses it.
const PARAMETERS: &str = "/spec/parameters/openAPIV3Schema";
/// Where a type says what may be set for one environment.
const ENVIRONMENT: &str = "/spec/environmentConfigs/openAPIV3Schema";

/// `GET` on a kind's `…/{name}/schema`.
pub(super) async fn get(app: App, resource: &'static Resource, parts: Parts) -> Result<Json<Value>, Problem> {
    let object = fetch(&app, resource, namespace(&parts), name(&parts)).await?;
    if resource.kind() == "Component" {
        return of_component(&app, namespace(&parts), &object).await.map(Json);
    }
    Ok(Json(section(&object, PARAMETERS, resource.kind())?.unwrap_or_else(nothing)))
}

/// The schema of an object without properties.
fn nothing() -> Value {
    json!({"type": "object", "properties": {}})
}

/// One section of a type with its references followed; nothing where the type has none.
fn section(object: &DynamicObject, pointer: &str, kind: &str) -> Result<Option<Value>, Problem> {
    let Some(schema) = object.data.pointer(pointer).filter(|schema| !schema.is_null()) else { return Ok(None) };
    resolve(schema).map(Some).map_err(|error| {
        let name = object.metadata.name.as_deref().unwrap_or_default();
        let path = pointer.trim_start_matches('/').replace('/', ".");
        Problem::bad_request(format!("{kind} {name:?}: {path}: {error}"))
    })
}

/// What a release binding of this component may override: of its type, and of each trait that it adds itself.
async fn of_component(app: &App, namespace: Option<&str>, component: &DynamicObject) -> Result<Value, Problem> {
    let reference = component.data.pointer("/spec/componentType").cloned().unwrap_or_default();
    let (kind, said) = (text(&reference, "kind", "ComponentType"), text(&reference, "name", ""));
    let name = said.split_once('/').map_or(said, |(_, name)| name);
    let mut properties = Map::new();
    if let Some(schema) = environment_section(app, namespace, kind, name).await? {
        properties.insert("componentTypeEnvironmentConfigs".into(), schema);
    }
    let mut traits = Map::new();
    for used in component.data.pointer("/spec/traits").and_then(Value::as_array).into_iter().flatten() {
        let schema = environment_section(app, namespace, text(used, "kind", "Trait"), text(used, "name", "")).await?;
        if let Some(schema) = schema {
            traits.insert(text(used, "instanceName", "").to_owned(), schema);
        }
    }
    if !traits.is_empty() {
        properties.insert("traitEnvironmentConfigs".into(), json!({"type": "object", "properties": traits}));
    }
    Ok(json!({"type": "object", "properties": properties}))
}

async fn environment_section(
    app: &App,
    namespace: Option<&str>,
    kind: &str,
    name: &str,
) -> Result<Option<Value>, Problem> {
    let Some(resource) = Resource::of(kind) else { return Err(Problem::not_found(kind)) };
    let object = fetch(app, resource, namespace, name).await?;
    section(&object, ENVIRONMENT, kind)
}

fn text<'v>(value: &'v Value, member: &str, otherwise: &'static str) -> &'v str {
    value.get(member).and_then(Value::as_str).unwrap_or(otherwise)
}
