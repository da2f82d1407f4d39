//! What runs: the objects of a deployment on its plane, their events, logs and exec.

mod binding;
mod environment;
mod events;
mod exec;
mod frames;
mod logs;
mod release;
mod tree;
mod trigger;
mod why;

use crate::objects::resources;
use crate::serving::App;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use kube::Client;
use thiserror::Error;
pub use why::Reasons;

/// A plane that cannot be reached now.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind} {name} cannot be reached: {why}")]
pub struct PlaneUnavailable {
    /// `DataPlane` or `ClusterDataPlane`.
    pub kind: String,
    /// The plane's name.
    pub name: String,
    /// Why, and what to do.
    pub why: String,
}

/// How to reach data planes.
pub trait Planes: Send + Sync {
    /// A client for the plane that an environment refers to. `namespace` is set for a `DataPlane`.
    fn data_plane(&self, kind: &str, namespace: Option<&str>, name: &str) -> Result<Client, PlaneUnavailable>;
}

/// Routes of what runs.
pub(crate) fn routes() -> Router<App> {
    let binding = "/api/v1/namespaces/{namespace}/releasebindings/{name}/k8sresources";
    resources()
        .fold(Router::new(), |router, resource| {
            let told = get(move |State(app), Path(path)| why::why(app, resource, path));
            router.route(&format!("{}/{{name}}/why", resource.path()), told)
        })
        .route(&format!("{binding}/tree"), get(tree::tree))
        .route(&format!("{binding}/events"), get(events::events))
        .route(&format!("{binding}/logs"), get(logs::logs))
        .route("/api/v1alpha1/namespaces/{namespace}/releasebindings/{name}/trigger", post(trigger::trigger))
        .route("/api/v1/namespaces/{namespace}/components/{name}/generate-release", post(release::generate))
        .route("/exec/namespaces/{namespace}/components/{name}", get(exec::exec))
}
