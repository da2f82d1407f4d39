//! Namespaces of the control plane: Kubernetes namespaces that carry the platform's label.

use super::body::JsonBody;
use super::page::Page;
use super::warnings::{Warnings, unknown_members};
use super::wire::public_metadata;
use super::{Parts, name};
use crate::problem::Problem;
use crate::serving::App;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

const LABEL: &str = "openchoreo.dev/control-plane";
const ANNOTATIONS: &[&str] = &["openchoreo.dev/display-name", "openchoreo.dev/description"];

/// Routes of namespaces.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/namespaces", get(list).post(create))
        .route("/api/v1/namespaces/{name}", get(read).put(update).delete(remove))
}

fn api(app: &App) -> Api<Namespace> {
    Api::all(app.client.clone())
}

fn problem(error: kube::Error) -> Problem {
    Problem::from_kube(error, "Namespace", "Namespace")
}

fn shown(namespace: &Namespace) -> Result<Value, Problem> {
    let metadata = serde_json::to_value(&namespace.metadata).map_err(|error| Problem::internal(&error))?;
    let phase = namespace.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_else(|| "Active".into());
    Ok(json!({"metadata": public_metadata(metadata), "status": {"phase": phase}}))
}

async fn fetch(app: &App, name: &str) -> Result<Namespace, Problem> {
    let found = api(app).get(name).await.map_err(problem)?;
    let ours =
        found.metadata.labels.as_ref().is_some_and(|labels| labels.get(LABEL).is_some_and(|value| value == "true"));
    if ours { Ok(found) } else { Err(Problem::not_found("Namespace")) }
}

async fn list(State(app): State<App>, Query(query): Query<HashMap<String, String>>) -> Result<Json<Value>, Problem> {
    let page = Page::parse(&query)?;
    let selector = match &page.selector {
        Some(selector) => format!("{LABEL}=true,{selector}"),
        None => format!("{LABEL}=true"),
    };
    let mut wanted = ListParams::default().limit(u32::try_from(page.limit).unwrap_or(u32::MAX)).labels(&selector);
    wanted.continue_token.clone_from(&page.from.token);
    let found = api(&app).list(&wanted).await.map_err(|error| page.refused(error, "Namespace"))?;
    let items = found.items.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    let mut pagination = json!({});
    if let Some(token) = found.metadata.continue_.filter(|token| !token.is_empty()) {
        pagination["nextCursor"] = super::page::Cursor { token: Some(token), skip: 0 }.encode()?.into();
    }
    Ok(Json(json!({"items": items, "pagination": pagination})))
}

async fn read(State(app): State<App>, Path(parts): Path<Parts>) -> Result<Json<Value>, Problem> {
    Ok(Json(shown(&fetch(&app, name(&parts)).await?)?))
}

/// The two annotations that a client may set.
fn annotations(body: &Map<String, Value>) -> Map<String, Value> {
    let given = body.get("metadata").and_then(|metadata| metadata.get("annotations")).and_then(Value::as_object);
    given
        .into_iter()
        .flatten()
        .filter(|(name, _)| ANNOTATIONS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

async fn create(State(app): State<App>, JsonBody(body): JsonBody) -> Result<Response, Problem> {
    let Some(name) = body
        .get("metadata")
        .and_then(|metadata| metadata.get("name"))
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty())
    else {
        return Err(Problem::without_name());
    };
    let namespace: Namespace = serde_json::from_value(json!({
        "metadata": {"name": name, "labels": {LABEL: "true"}, "annotations": annotations(&body)},
    }))
    .map_err(|error| Problem::bad_request(format!("can't decode JSON body: {error}")))?;
    let params = PostParams { field_manager: Some(super::rules::MANAGER.into()), ..PostParams::default() };
    let created = api(&app).create(&params, &namespace).await.map_err(problem)?;
    Ok((StatusCode::CREATED, unused(&body), Json(shown(&created)?)).into_response())
}

async fn update(
    State(app): State<App>,
    Path(parts): Path<Parts>,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    fetch(&app, name(&parts)).await?;
    let patch = Patch::Merge(json!({"metadata": {"annotations": annotations(&body)}}));
    let params = PatchParams { field_manager: Some(super::rules::MANAGER.into()), ..PatchParams::default() };
    let updated = api(&app).patch(name(&parts), &params, &patch).await.map_err(problem)?;
    Ok((unused(&body), Json(shown(&updated)?)).into_response())
}

/// What a client said of a namespace that is not taken from it.
fn unused(body: &Map<String, Value>) -> Warnings {
    let mut warnings = unknown_members("", body, &["apiVersion", "kind", "metadata", "status"]);
    let metadata = body.get("metadata").and_then(Value::as_object);
    for (member, value) in metadata.into_iter().flatten() {
        match (member.as_str(), value) {
            ("labels", Value::Object(labels)) => {
                warnings.extend(
                    labels.keys().filter(|label| !label.starts_with("kubernetes.io/") && *label != LABEL).map(
                        |label| {
                            format!(
                                "field \"metadata.labels\": label {label:?} was not used: namespaces take none here"
                            )
                        },
                    ),
                );
            }
            ("annotations", Value::Object(annotations)) => {
                warnings.extend(annotations.keys().filter(|name| !ANNOTATIONS.contains(&name.as_str())).map(|name| {
                    format!(
                        "field \"metadata.annotations\": annotation {name:?} was not used: namespaces take {} only",
                        ANNOTATIONS.join(" and ")
                    )
                }));
            }
            _ => {}
        }
    }
    Warnings(warnings)
}

async fn remove(State(app): State<App>, Path(parts): Path<Parts>) -> Result<StatusCode, Problem> {
    fetch(&app, name(&parts)).await?;
    api(&app).delete(name(&parts), &DeleteParams::default()).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}
