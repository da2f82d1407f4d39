//! The container engine of a data folder.

use crate::data_dir::DataDir;
use anyhow::Result;
use node::engine::{Engine, EngineError, EngineOptions};

/// Finds it, or starts Podman's service; `given` is the address of the option `--engine`.
pub(crate) async fn find(data: &DataDir, given: Option<&str>) -> Result<Engine> {
    let wanted = EngineOptions { data_dir: data.folder("node")?, host: given.map(str::to_owned) };
    Ok(Engine::find(wanted).await.map_err(|error| with_option(error, given.is_some()))?)
}

/// Finds the user's own Podman, unless an address is given: the networks of an engine that runs as root are not this user's to
/// change.
pub(crate) async fn find_own_podman(data: &DataDir, given: Option<&str>) -> Result<Engine> {
    if given.is_some() || std::env::var_os("DOCKER_HOST").is_some_and(|value| !value.is_empty()) {
        return find(data, given).await;
    }
    Ok(Engine::find_own_podman(EngineOptions { data_dir: data.folder("node")?, host: None }).await?)
}

/// Names the option that the address came from.
fn with_option(error: EngineError, given: bool) -> EngineError {
    let option = "--engine";
    match error {
        EngineError::NoAnswer { address, reason, .. } if given => {
            EngineError::NoAnswer { address, source_of_address: option, reason }
        }
        EngineError::Address { address, .. } if given => EngineError::Address { address, source_of_address: option },
        error => error,
    }
}
