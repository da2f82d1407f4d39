//! Podman without root keeps all container networks of a user in one network namespace, for as long as a container is on
//! one of them. A container that waits keeps it, so that a server can work in it before the first pod comes.

use std::path::PathBuf;

use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig};

use super::error::engine_words;
use super::find::program_in_path;
use super::{Engine, EngineError, Phase};

/// The label of the container that waits; its value is [`Engine::instance`].
const LABEL: &str = "io.kubernetes.node.holder";
/// The network that every Podman has.
const NETWORK: &str = "podman";

/// Where the program `podman` is.
pub fn podman_program() -> Option<PathBuf> {
    program_in_path("podman")
}

impl Engine {
    /// Starts the container that keeps the networks' namespace, unless it runs.
    ///
    /// # Errors
    /// [`EngineError::Refused`] with the engine's words.
    pub async fn hold_network(&self) -> Result<(), EngineError> {
        let refused = |error: bollard::errors::Error| EngineError::Refused {
            address: self.address().to_owned(),
            action: "start the container that keeps the networks",
            reason: engine_words(&error),
        };
        let image = self.infra_image().await.map_err(refused)?;
        let abilities = self.abilities();
        let body = ContainerCreateBody {
            image: Some(image),
            cmd: Some(vec!["/pause".to_owned()]),
            labels: Some([(LABEL.to_owned(), self.instance().to_owned())].into()),
            host_config: Some(HostConfig {
                network_mode: Some(NETWORK.to_owned()),
                ulimits: (!abilities.ulimits.is_empty()).then(|| abilities.ulimits.clone()),
                log_config: Some(HostConfigLogConfig { typ: Some(abilities.log_driver.to_owned()), config: None }),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let name = self.holder();
        match self.inspect(&name).await.map_err(refused)? {
            Some(there) if there.phase == Phase::Running => return Ok(()),
            Some(_) => {}
            None => drop(self.create(&name, body).await.map_err(refused)?),
        }
        if let Err(error) = self.start(&name).await {
            if let Err(error) = self.remove(&name).await {
                tracing::warn!(container = name, error = %engine_words(&error), "a container that did not start was not removed");
            }
            return Err(refused(error));
        }
        Ok(())
    }

    /// Removes that container; fine when it is gone.
    ///
    /// # Errors
    /// [`EngineError::Refused`] with the engine's words.
    pub async fn release_network(&self) -> Result<(), EngineError> {
        let removed = self.remove(&self.holder()).await;
        removed.map_err(|error| EngineError::Refused {
            address: self.address().to_owned(),
            action: "remove the container that keeps the networks",
            reason: engine_words(&error),
        })?;
        self.remove_infra_image().await;
        Ok(())
    }

    fn holder(&self) -> String {
        format!("{}-network", self.instance())
    }
}
