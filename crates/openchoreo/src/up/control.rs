//! The controllers, over one server that is the control plane and its own data plane.

use anyhow::{Context, Result};
use api::{PlaneUnavailable, Planes, Reasons};
use futures::future::BoxFuture;
use kube::Client;
use reconcile::controllers;
use reconcile::engine::{Cluster, ClusterId, Engine, EngineHandle, Explainer, ObjectKey};
use serde_json::Value;

/// Starts all controllers.
pub(crate) fn start(client: &Client) -> Result<EngineHandle> {
    controllers::all(Engine::builder())
        .cluster(Cluster::new(ClusterId::control_plane(), client.clone()))
        .cluster(Cluster::new(ClusterId::cluster_plane("ClusterDataPlane", "default"), client.clone()))
        .identity("openchoreo-up")
        .start()
        .context("cannot start the controllers")
}

/// What the controllers tell of objects.
pub(crate) struct Told(pub(crate) Explainer);

impl Reasons for Told {
    fn why<'a>(&'a self, kind: &'a str, namespace: Option<&'a str>, name: &'a str) -> BoxFuture<'a, Option<Value>> {
        Box::pin(async move { Some(self.0.why_of(kind, ObjectKey::new(namespace, name)).await?.as_json()) })
    }
}

/// The one plane of this process.
pub(crate) struct OnePlane(pub(crate) Client);

impl Planes for OnePlane {
    fn data_plane(&self, kind: &str, namespace: Option<&str>, name: &str) -> Result<Client, PlaneUnavailable> {
        if (kind, namespace, name) == ("ClusterDataPlane", None, "default") {
            return Ok(self.0.clone());
        }
        Err(PlaneUnavailable {
            kind: kind.to_owned(),
            name: name.to_owned(),
            why: "this process runs components on this computer only, as ClusterDataPlane default".to_owned(),
        })
    }
}
