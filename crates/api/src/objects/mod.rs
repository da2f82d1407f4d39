//! The objects of the platform: create, read, update, delete and list, the same way for every kind.
//!
//! ```text
//! request ─▶ body (JSON, size) ─▶ shape (path wins, server's fields dropped) ─▶ rules of the kind ─▶ Kubernetes API ─▶ wire shape
//! ```

mod body;
mod change;
mod draft;
mod list;
mod namespaces;
mod page;
mod read;
mod references;
mod resource;
mod rules;
mod schema;
mod store;
mod warnings;
mod wire;

pub(crate) use body::JsonBody;
pub(crate) use draft::wrong_type;
pub(crate) use namespaces::routes as namespace_routes;
pub(crate) use resource::{Resource, resources};
pub(crate) use warnings::{Warnings, unknown_members};
pub(crate) use wire::to_wire;

use crate::problem::Problem;
use crate::serving::App;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use kube::core::DynamicObject;
use serde_json::Value;
use std::collections::HashMap;

/// Routes of all kinds.
pub(crate) fn routes() -> Router<App> {
    resources().fold(Router::new(), |router, resource| {
        let collection = resource.path();
        let one = format!("{collection}/{{name}}");
        let lists = get(move |State(app), Path(path), query| list::list(app, resource, path, query));
        let creates = post(move |State(app), Path(path), body| change::create(app, resource, path, body));
        let mut single = get(move |State(app), Path(path)| read::get(app, resource, path))
            .delete(move |State(app), Path(path)| change::delete(app, resource, path));
        if resource.is_changeable() {
            single = single
                .put(move |State(app), Path(path), headers, body| change::update(app, resource, path, headers, body));
        }
        let router = router.route(&collection, lists.merge(creates)).route(&one, single);
        if !resource.has_schema() {
            return router;
        }
        router.route(&format!("{one}/schema"), get(move |State(app), Path(path)| schema::get(app, resource, path)))
    })
}

/// The parts of a path by their names.
pub(crate) type Parts = HashMap<String, String>;

/// The namespace of a path; cluster-wide kinds have none.
pub(crate) fn namespace(parts: &Parts) -> Option<&str> {
    parts.get("namespace").map(String::as_str)
}

/// The object's name in a path.
pub(crate) fn name(parts: &Parts) -> &str {
    parts.get("name").map_or("", String::as_str)
}

/// Paths name objects, and what they name becomes part of a path again: a name that says more than a name is refused
/// before anything is looked up.
pub(crate) async fn plain_names(request: Request, next: Next) -> Response {
    let odd = request.uri().path().split('/').find(|segment| {
        matches!(*segment, "." | "..")
            || !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':'))
    });
    match odd {
        Some(segment) => Problem::no_such_name(segment).into_response(),
        None => next.run(request).await,
    }
}

/// One object as the Kubernetes API has it.
pub(crate) async fn fetch(
    app: &App,
    resource: &Resource,
    namespace: Option<&str>,
    name: &str,
) -> Result<DynamicObject, Problem> {
    resource
        .api(&app.client, namespace)
        .get(name)
        .await
        .map_err(|error| Problem::from_kube(error, resource.missing, resource.taken))
}

fn answer(resource: &Resource, object: &DynamicObject) -> Result<Json<Value>, Problem> {
    Ok(Json(to_wire(resource, object)?))
}
