//! Create, update and delete.

use super::body::JsonBody;
use super::draft::{Draft, wrong_type};
use super::store::{self, Written};
use super::warnings::Warnings;
use super::{Parts, Resource, fetch, name, namespace, rules, to_wire};
use crate::problem::Problem;
use crate::serving::App;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use kube::api::{DeleteParams, PostParams};
use kube::core::DynamicObject;
use serde_json::{Map, Value, json};

/// How often an update without a version is tried again when somebody else wrote in between.
const TRIES: usize = 5;

/// `POST` on a collection.
pub(super) async fn create(
    app: App,
    resource: &'static Resource,
    parts: Parts,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let mut draft = Draft::read(resource, body)?;
    let Some(name) = draft.name.clone() else { return Err(Problem::without_name()) };
    draft.belongs_to(resource, namespace(&parts), rules::refuses_other_namespaces(resource))?;
    rules::on_create(&app, resource, namespace(&parts), &mut draft).await?;
    let mut object = json!({
        "apiVersion": "openchoreo.dev/v1alpha1",
        "kind": resource.kind(),
        "metadata": {"name": name, "labels": draft.labels, "annotations": draft.annotations},
        // An absent spec is an empty one, and is checked like one.
        "spec": draft.spec.clone().unwrap_or_else(|| Value::Object(Map::new())),
    });
    if let Some(namespace) = namespace(&parts) {
        object["metadata"]["namespace"] = namespace.into();
    }
    let object: DynamicObject = serde_json::from_value(object)
        .map_err(|error| Problem::bad_request(format!("can't decode JSON body: {error}")))?;
    let params = PostParams { field_manager: Some(rules::MANAGER.into()), ..PostParams::default() };
    let created = store::create(&app.client, resource, namespace(&parts), &params, &object)
        .await
        .map_err(|error| Problem::from_kube(error, resource.missing, resource.taken))?;
    respond(StatusCode::CREATED, resource, &created, &draft)
}

/// `PUT` on an object: its spec, labels and annotations become what the body says. With `If-Match` or
/// `metadata.resourceVersion` the object must not have changed since; without, the last writer wins.
pub(super) async fn update(
    app: App,
    resource: &'static Resource,
    parts: Parts,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let mut draft = Draft::read(resource, body)?;
    draft.belongs_to(resource, namespace(&parts), false)?;
    draft.is_called(name(&parts));
    let if_match = headers
        .get(header::IF_MATCH)
        .and_then(|value| value.to_str().ok())
        .map(|value| value.trim_matches('"').to_owned());
    let version = if_match.or(draft.version.take());
    let params = PostParams { field_manager: Some(rules::MANAGER.into()), ..PostParams::default() };
    let mut tries = 0;
    loop {
        tries += 1;
        let live = fetch(&app, resource, namespace(&parts), name(&parts)).await?;
        draft.spec.clone_from(&draft.sent);
        rules::on_update(resource, &live, &mut draft)?;
        let mut next = live;
        next.metadata.labels = Some(strings("metadata.labels", &draft.labels)?);
        next.metadata.annotations = Some(strings("metadata.annotations", &draft.annotations)?);
        if let Some(version) = &version {
            next.metadata.resource_version = Some(version.clone());
        }
        if let Value::Object(data) = &mut next.data {
            data.insert("spec".into(), draft.spec.clone().unwrap_or_else(|| Value::Object(Map::new())));
        }
        match store::replace(&app.client, resource, namespace(&parts), name(&parts), &params, &next).await {
            Ok(updated) => return respond(StatusCode::OK, resource, &updated, &draft),
            Err(kube::Error::Api(status)) if status.code == 409 && version.is_none() && tries < TRIES => {}
            Err(error) => return Err(Problem::from_kube(error, resource.missing, resource.taken)),
        }
    }
}

/// The object as it is now, with what the store and the rules of its kind warn of, and a warning for each thing that the
/// client said and that is not taken from it.
fn respond(status: StatusCode, resource: &Resource, written: &Written, draft: &Draft) -> Result<Response, Problem> {
    let object = to_wire(resource, &written.object)?;
    let mut warnings = draft.warnings.clone();
    warnings.extend(written.warnings.iter().cloned());
    Ok((status, Warnings(warnings), Json(object)).into_response())
}

fn strings(field: &str, map: &Map<String, Value>) -> Result<std::collections::BTreeMap<String, String>, Problem> {
    map.iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name.clone(), text.clone())),
            other => Err(wrong_type(&format!("{field}.{name}"), "a string", other)),
        })
        .collect()
}

/// `DELETE` on an object: it goes as soon as everything that depends on it is gone.
pub(super) async fn delete(app: App, resource: &'static Resource, parts: Parts) -> Result<StatusCode, Problem> {
    resource
        .api(&app.client, namespace(&parts))
        .delete(name(&parts), &DeleteParams::default())
        .await
        .map_err(|error| Problem::from_kube(error, resource.missing, resource.taken))?;
    Ok(StatusCode::NO_CONTENT)
}
