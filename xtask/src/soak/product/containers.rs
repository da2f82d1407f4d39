//! Containers as the engine tells them.

use super::server::Server;
use anyhow::{Context, Result};
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptions, ListNetworksOptions};
use bollard::{API_DEFAULT_VERSION, Docker};
use std::collections::HashMap;

/// One container of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Container {
    pub(in super::super) id: String,
    pub(in super::super) namespace: String,
    pub(in super::super) pod: String,
    pub(in super::super) name: String,
    pub(in super::super) state: String,
    pub(in super::super) started_at: String,
    pub(in super::super) process: i64,
}

pub(in super::super) struct Engine {
    pub(in super::super) docker: Docker,
    label: String,
}

impl Engine {
    /// The engine that a server uses.
    pub(in super::super) async fn of(server: &Server, instance: &str) -> Result<Self> {
        let docker = Docker::connect_with_unix(&server.engine, 60, API_DEFAULT_VERSION)?.negotiate_version().await?;
        Ok(Self { docker, label: format!("{}={instance}", node::engine::INSTANCE_LABEL) })
    }

    fn ours(&self) -> HashMap<String, Vec<String>> {
        HashMap::from([("label".to_owned(), vec![self.label.clone()])])
    }

    /// All containers, those that do not run too, in the order of their names.
    pub(in super::super) async fn containers(&self) -> Result<Vec<Container>> {
        let options =
            ListContainersOptions { all: true, filters: Some(self.ours()), ..ListContainersOptions::default() };
        let mut found = Vec::new();
        for summary in self.docker.list_containers(Some(options)).await.context("cannot list containers")? {
            let id = summary.id.context("a container has an id")?;
            let seen = match self.docker.inspect_container(&id, None::<InspectContainerOptions>).await {
                Ok(seen) => seen,
                // It went meanwhile.
                Err(error) if node::engine::is_missing(&error) => continue,
                Err(error) => return Err(error).context("cannot look at a container"),
            };
            let labels = seen.config.and_then(|config| config.labels).unwrap_or_default();
            let label = |name: &str| labels.get(&format!("io.kubernetes.{name}")).cloned().unwrap_or_default();
            let state = seen.state.unwrap_or_default();
            found.push(Container {
                id,
                namespace: label("pod.namespace"),
                pod: label("pod.name"),
                name: label("container.name"),
                state: state.status.map(|status| status.to_string()).unwrap_or_default(),
                started_at: state.started_at.unwrap_or_default(),
                process: state.pid.unwrap_or_default(),
            });
        }
        found.sort_by(|one, other| (&one.namespace, &one.pod, &one.id).cmp(&(&other.namespace, &other.pod, &other.id)));
        Ok(found)
    }

    /// Names of the container networks.
    pub(in super::super) async fn networks(&self) -> Result<Vec<String>> {
        let options = ListNetworksOptions { filters: Some(self.ours()) };
        let found = self.docker.list_networks(Some(options)).await.context("cannot list networks")?;
        let mut names: Vec<String> = found.into_iter().filter_map(|network| network.name).collect();
        names.sort();
        Ok(names)
    }
}
