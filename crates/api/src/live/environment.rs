//! From an environment to the plane that runs it.

use crate::objects::{Resource, fetch};
use crate::problem::Problem;
use crate::serving::App;
use http::StatusCode;
use kube::Client;
use kube::core::DynamicObject;
use serde_json::Value;

/// The row of a kind that this API always has.
pub(super) fn resource(kind: &'static str) -> Result<&'static Resource, Problem> {
    Resource::of(kind).ok_or_else(|| Problem::internal(&format!("{kind} has no row")))
}

/// An object, or nothing where it does not exist.
pub(super) async fn find(
    app: &App,
    kind: &'static str,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<DynamicObject>, Problem> {
    match fetch(app, resource(kind)?, namespace, name).await {
        Ok(object) => Ok(Some(object)),
        Err(problem) if problem.status == StatusCode::NOT_FOUND => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// The data plane of an environment: the one that it names, else the namespace's `default`, else the cluster's.
pub(super) async fn data_plane(app: &App, namespace: &str, environment: &str) -> Result<Client, Problem> {
    let Some(found) = find(app, "Environment", Some(namespace), environment).await? else {
        return Err(Problem::bad_request(format!("environment {environment:?} not found in namespace {namespace:?}")));
    };
    let reference = found.data.pointer("/spec/dataPlaneRef");
    let text = |field: &str| {
        reference.and_then(|reference| reference.get(field)).and_then(Value::as_str).filter(|text| !text.is_empty())
    };
    let plane = match (text("kind"), text("name")) {
        (Some("ClusterDataPlane"), name) => ("ClusterDataPlane", None, name.unwrap_or("default")),
        (_, Some(name)) => ("DataPlane", Some(namespace), name),
        _ if find(app, "DataPlane", Some(namespace), "default").await?.is_some() => {
            ("DataPlane", Some(namespace), "default")
        }
        _ => ("ClusterDataPlane", None, "default"),
    };
    app.planes.data_plane(plane.0, plane.1, plane.2).map_err(|error| Problem::unavailable(error.to_string()))
}
