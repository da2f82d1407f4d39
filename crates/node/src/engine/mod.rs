//! The container engine: found, started where only its program is there, asked what it can do, and spoken to through
//! Docker's HTTP API.

mod containers;
mod error;
mod events;
mod exec;
mod find;
mod holder;
mod images;
mod infra_image;
mod instance;
mod last_lines;
mod networks;
mod podman_service;
mod probe;
mod process_end;
mod usage;

use std::sync::Arc;

use bollard::Docker;

pub(crate) use error::is_silence;
pub use error::{EngineError, engine_words, is_missing};
pub use exec::{ExecControl, ExecOptions, ExecSession, Output};
pub use find::EngineOptions;
pub use holder::podman_program;
pub use probe::Abilities;

pub(crate) use containers::{Observed, Phase};
pub(crate) use events::EngineEvent;
pub(crate) use images::PullError;
use podman_service::PodmanService;
pub(crate) use usage::Usage;

/// The label on every container and network of one installation; its value is [`Engine::instance`].
pub const INSTANCE_LABEL: &str = "io.kubernetes.node.instance";

/// A connection to a container engine. Cheap to clone. Where this process started the engine's API service itself, the
/// service ends with the last clone; containers run on.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    docker: Docker,
    address: String,
    instance: String,
    abilities: Abilities,
    /// Kept for its end: dropping it ends the child.
    _service: Option<PodmanService>,
}

impl Engine {
    /// Finds the engine and asks what it can do.
    ///
    /// Order: [`EngineOptions::host`], `DOCKER_HOST`, Docker's sockets, Podman's sockets (each rootful, then rootless),
    /// then Podman's program, whose API service is started as a child.
    ///
    /// # Errors
    /// [`EngineError`], whose text says what was tried and the way out.
    pub async fn find(options: EngineOptions) -> Result<Self, EngineError> {
        let instance = instance::instance_id(&options.data_dir)?;
        Self::of(find::find(&options).await?, instance).await
    }

    /// Finds the Podman of this user, or starts its API service: engines that run as somebody else are passed over.
    ///
    /// # Errors
    /// [`EngineError`], whose text says what was tried and the way out.
    pub async fn find_own_podman(options: EngineOptions) -> Result<Self, EngineError> {
        let instance = instance::instance_id(&options.data_dir)?;
        Self::of(find::find_own_podman(&options).await?, instance).await
    }

    async fn of(found: find::Found, instance: String) -> Result<Self, EngineError> {
        let abilities = probe::probe(&found.docker, &found.address).await?;
        tracing::info!(address = %found.address, engine = %abilities.name, version = %abilities.version, "container engine found");
        Ok(Self {
            inner: Arc::new(Inner {
                docker: found.docker,
                address: found.address,
                instance,
                abilities,
                _service: found.service,
            }),
        })
    }

    /// The client of Docker's HTTP API.
    pub fn docker(&self) -> &Docker {
        &self.inner.docker
    }

    /// The address that answered, as `unix:///path` or `tcp://host:port`.
    pub fn address(&self) -> &str {
        &self.inner.address
    }

    /// A short id of this installation (its data folder): tells its containers and networks from those of others on the
    /// same engine. Lower-case letters and digits; stays the same over restarts.
    pub fn instance(&self) -> &str {
        &self.inner.instance
    }

    /// What the engine can do on this machine.
    pub fn abilities(&self) -> &Abilities {
        &self.inner.abilities
    }
}
