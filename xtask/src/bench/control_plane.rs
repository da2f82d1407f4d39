//! Control plane and plane in this process: a server on disk, the engine, all controllers. No pods.

use super::counted::Requests;
use anyhow::{Context, Result};
use kube::Client;
use reconcile::controllers;
use reconcile::engine::{Cluster, ClusterId, Engine, EngineHandle, Metrics};
use std::path::Path;
use std::time::Duration;

/// How long nothing may happen until it counts as rest.
const QUIET: Duration = Duration::from_millis(500);

/// What runs.
pub(super) struct ControlPlane {
    server: kubelite::Server,
    pub(super) engine: EngineHandle,
    /// Not counted.
    pub(super) client: Client,
    /// What the controllers ask of the control plane and of the plane.
    pub(super) requests: Requests,
}

impl ControlPlane {
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        let server =
            kubelite::Server::open(kubelite::Options::folder(folder)).await.context("cannot open the store")?;
        let client = server.client();
        super::platform::install(&client).await?;
        let requests = Requests::default();
        let counted = requests.through(client.clone());
        let engine = controllers::all(Engine::builder())
            .cluster(Cluster::new(ClusterId::control_plane(), counted.clone()))
            .cluster(Cluster::new(ClusterId::cluster_plane("ClusterDataPlane", "default"), counted))
            .start()
            .context("cannot start the controllers")?;
        Ok(Self { server, engine, client, requests })
    }

    /// Waits until nothing has happened for a while; asks no server, so that what is measured next is not disturbed.
    pub(super) async fn quiet(&self) -> Metrics {
        let mut before = self.engine.metrics();
        loop {
            tokio::time::sleep(QUIET).await;
            let now = self.engine.metrics();
            if now == before {
                return now;
            }
            before = now;
        }
    }

    /// How many objects of a kind the plane's cache shows.
    pub(super) fn on_plane(&self, kinds: &[&str]) -> usize {
        let snapshot = self.engine.snapshot();
        let counts = kinds.iter().map(|kind| {
            let caches = snapshot.caches.iter().filter(|cache| !cache.cluster.is_control_plane());
            caches.filter(|cache| cache.gvk.kind == *kind).map(|cache| cache.objects).sum()
        });
        counts.min().unwrap_or(0)
    }

    pub(super) async fn stop(self) {
        self.engine.shutdown().await;
        self.server.shutdown().await;
    }
}
