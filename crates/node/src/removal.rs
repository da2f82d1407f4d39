//! Takes away what an installation made on this computer, found by its id: by a node that stops, or long after it was
//! killed.

use std::path::{Path, PathBuf};

use crate::engine::{Engine, engine_words};
use crate::network;
use crate::node::{NodeError, memory_folder};

/// What was removed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Containers, running or not.
    pub containers: usize,
    /// Container networks.
    pub networks: usize,
}

/// Removes containers, networks, the interface, routing rules and the files of pods of the installation whose node keeps
/// its data in `data_dir`. No node of it may run. Files of PersistentVolumeClaims stay.
///
/// # Errors
/// The first thing that could not be removed; the rest is removed all the same where it can be.
pub async fn remove_installation(engine: &Engine, data_dir: &Path) -> Result<Removed, NodeError> {
    let containers = containers_and_files(engine, data_dir).await;
    let networks = network::remove_installation(engine)
        .await
        .map_err(|error| NodeError::Engine { action: "remove networks", reason: error.to_string() });
    Ok(Removed { containers: containers?, networks: networks? })
}

/// Removes containers and the files of pods; answers how many containers there were.
pub(crate) async fn containers_and_files(engine: &Engine, data_dir: &Path) -> Result<usize, NodeError> {
    let failed =
        |error: &bollard::errors::Error| NodeError::Engine { action: "remove containers", reason: engine_words(error) };
    let mut first = None;
    let found = engine.containers(&[]).await.map_err(|error| failed(&error))?;
    let count = found.len();
    // Those that use another's network go first.
    let (holders, members): (Vec<_>, Vec<_>) = found.into_iter().partition(crate::pods::holds_network);
    for container in members.iter().chain(&holders) {
        if let Err(error) = engine.remove(&container.id).await {
            first.get_or_insert(failed(&error));
        }
    }
    engine.remove_infra_image().await;
    // Claims are data of their owners: they stay.
    for path in [PathBuf::from(data_dir).join("pods"), memory_folder(engine)] {
        match std::fs::remove_dir_all(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                first.get_or_insert(NodeError::DataDir { path, source });
            }
            _ => {}
        }
    }
    first.map_or(Ok(count), Err)
}
