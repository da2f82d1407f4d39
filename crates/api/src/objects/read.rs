//! One object.

use super::{Parts, Resource, answer, fetch, name, namespace};
use crate::problem::Problem;
use crate::serving::App;
use axum::Json;
use serde_json::Value;

/// `GET` on an object.
pub(super) async fn get(app: App, resource: &'static Resource, parts: Parts) -> Result<Json<Value>, Problem> {
    let object = fetch(&app, resource, namespace(&parts), name(&parts)).await?;
    answer(resource, &object)
}
