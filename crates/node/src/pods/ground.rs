//! What all pods of the node share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Secret};
use kube::Client;
use tokio::sync::Semaphore;

use super::backoff::Backoff;
use super::downward::Machine;
use super::environment::{ConfigProblem, Sources};
use super::image_pulls::ImagePulls;
use crate::engine::Engine;
use crate::network_plan::NetworkPlan;
use crate::recorder::Recorder;
use crate::watch::{Cache, Key};

/// Containers that are made at the same time: more only wait for each other inside the engine.
pub(crate) const STARTS: usize = 4;

pub(crate) struct Ground {
    pub(crate) client: Client,
    pub(crate) engine: Engine,
    pub(crate) network: Arc<dyn NetworkPlan>,
    pub(crate) recorder: Recorder,
    pub(crate) pods: Arc<Cache<Pod>>,
    pub(crate) config_maps: Arc<Cache<ConfigMap>>,
    pub(crate) secrets: Arc<Cache<Secret>>,
    pub(crate) claims: Arc<Cache<PersistentVolumeClaim>>,
    pub(crate) node_name: String,
    pub(crate) node_labels: BTreeMap<String, String>,
    pub(crate) host_ip: String,
    pub(crate) pods_folder: PathBuf,
    /// Where the folders of PersistentVolumeClaims lie, by UID.
    pub(crate) claims_folder: PathBuf,
    /// Where volumes in memory lie, by the pod's UID.
    pub(crate) memory_folder: PathBuf,
    /// The folders of this computer that pods may be given.
    pub(crate) host_paths: Vec<PathBuf>,
    pub(crate) backoff: Backoff,
    pub(crate) pulls: ImagePulls,
    pub(crate) starts: Semaphore,
}

impl Ground {
    /// The ConfigMaps and Secrets of a namespace.
    pub(crate) fn sources<'a>(&'a self, namespace: &'a str) -> impl Sources + 'a {
        InNamespace { ground: self, namespace }
    }

    /// The prefix of container ids in statuses.
    pub(crate) fn engine_scheme(&self) -> &'static str {
        if self.engine.abilities().podman { "podman://" } else { "docker://" }
    }
}

struct InNamespace<'a> {
    ground: &'a Ground,
    namespace: &'a str,
}

impl Sources for InNamespace<'_> {
    fn config_map(&self, name: &str) -> Option<Arc<ConfigMap>> {
        self.ground.config_maps.get(&Key::new(self.namespace, name))
    }

    fn secret(&self, name: &str) -> Option<Arc<Secret>> {
        self.ground.secrets.get(&Key::new(self.namespace, name))
    }

    fn claim(&self, name: &str) -> Result<PathBuf, ConfigProblem> {
        let found = self.ground.claims.get(&Key::new(self.namespace, name));
        let missing = || ConfigProblem::Missing { kind: "persistentvolumeclaim", name: name.to_owned() };
        let found = found.filter(|claim| claim.metadata.deletion_timestamp.is_none()).ok_or_else(missing)?;
        let bound = found.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Bound"));
        match found.metadata.uid.as_deref() {
            Some(uid) if bound => Ok(self.ground.claims_folder.join(uid)),
            _ => Err(ConfigProblem::Unbound { name: name.to_owned() }),
        }
    }

    fn host_paths(&self) -> &[PathBuf] {
        &self.ground.host_paths
    }

    fn machine(&self) -> Machine {
        let abilities = self.ground.engine.abilities();
        Machine { cpus: abilities.cpus, memory: abilities.memory }
    }
}
