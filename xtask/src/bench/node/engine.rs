//! The same containers by the engine alone, on a network of their own.

use super::super::answer::{IMAGE, program};
use anyhow::{Context, Result, bail, ensure};
use bollard::models::{ContainerCreateBody, HostConfig, NetworkCreateRequest, ResourcesUlimits};
use bollard::query_parameters::{CreateContainerOptions, RemoveContainerOptions, StartContainerOptions};
use bollard::{ClientVersion, Docker};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Seconds that one request may take.
const PATIENCE: u64 = 60;
/// Limits of each container: Podman's own default may be more than this process may give.
const LIMITS: [(&str, i64); 2] = [("nofile", 1024), ("nproc", 4096)];
/// A version of the API that every engine serves.
const API: ClientVersion = ClientVersion { major_version: 1, minor_version: 40 };
/// As many as the node makes at a time.
const AT_ONCE: usize = 4;

/// Makes containers, and removes its network when dropped.
pub(super) struct Containers {
    docker: Docker,
    network: String,
    program: &'static str,
}

impl Containers {
    pub(super) async fn new(address: &str) -> Result<Self> {
        let socket = address.strip_prefix("unix://").with_context(|| format!("{address} is no socket"))?;
        let docker = Docker::connect_with_unix(socket, PATIENCE, &API)?;
        let network = format!("xtask-bench-{}", std::process::id());
        let request = NetworkCreateRequest {
            name: network.clone(),
            driver: Some("bridge".to_owned()),
            ..NetworkCreateRequest::default()
        };
        docker.create_network(request).await.context("cannot make a network")?;
        Ok(Self { docker, network, program: program().context("no engine's command")? })
    }

    /// How long it takes to create and start one. It is gone afterwards.
    pub(super) async fn one(&self) -> Result<Duration> {
        let begun = Instant::now();
        let id = self.start("one").await?;
        let took = begun.elapsed();
        self.remove(&id).await?;
        Ok(took)
    }

    /// How long it takes to create and start many. They are gone afterwards.
    pub(super) async fn many(&self, count: u32) -> Result<Duration> {
        let begun = Instant::now();
        let started = stream::iter(0..count).map(|number| async move { self.start(&number.to_string()).await });
        let ids: Vec<String> = started.buffer_unordered(AT_ONCE).try_collect().await?;
        let took = begun.elapsed();
        stream::iter(&ids).map(|id| self.remove(id)).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        Ok(took)
    }

    /// How long its command takes for the same. The container is gone afterwards.
    pub(super) async fn command(&self) -> Result<Duration> {
        let begun = Instant::now();
        let output = tokio::process::Command::new(self.program)
            .args(["run", "--detach", "--pull=never", "--network", &self.network])
            .args(LIMITS.iter().flat_map(|(name, count)| ["--ulimit".to_owned(), format!("{name}={count}:{count}")]))
            .arg(IMAGE)
            .output()
            .await?;
        let took = begun.elapsed();
        ensure!(output.status.success(), "{} run: {}", self.program, String::from_utf8_lossy(&output.stderr).trim());
        self.remove(String::from_utf8(output.stdout)?.trim()).await?;
        Ok(took)
    }

    async fn start(&self, name: &str) -> Result<String> {
        let name = format!("{}-{name}", self.network);
        let host = HostConfig {
            network_mode: Some(self.network.clone()),
            ulimits: Some(LIMITS.iter().map(|(name, count)| limit(name, *count)).collect()),
            ..HostConfig::default()
        };
        let body = ContainerCreateBody {
            image: Some(IMAGE.to_owned()),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptions { name: Some(name), ..CreateContainerOptions::default() };
        let made = self.docker.create_container(Some(options), body).await.context("cannot create a container")?;
        let started = self.docker.start_container(&made.id, None::<StartContainerOptions>).await;
        if let Err(error) = started {
            self.remove(&made.id).await?;
            bail!("cannot start a container: {error}");
        }
        Ok(made.id)
    }

    async fn remove(&self, id: &str) -> Result<()> {
        let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
        self.docker.remove_container(id, Some(options)).await.context("cannot remove a container")
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        // The service may be gone by now; the command needs none.
        let removed = std::process::Command::new(self.program)
            .args(["network", "rm", "--force", &self.network])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !removed.is_ok_and(|status| status.success()) {
            eprintln!("network {} was left behind", self.network);
        }
    }
}

fn limit(name: &str, count: i64) -> ResourcesUlimits {
    ResourcesUlimits { name: Some(name.to_owned()), soft: Some(count), hard: Some(count) }
}
