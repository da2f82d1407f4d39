//! The node as one thing: started, stopped, and taken away.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, PersistentVolumeClaim, Pod, Secret};
use kube::{Api, Client};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::{Engine, engine_words};
use crate::metrics::NodeMetrics;
use crate::network_plan::{NetworkPlan, NetworkPlanError};
use crate::pods::{Backoff, Ground, ImagePulls, Manager, PodAccess, STARTS, machine_address, node_labels, register};
use crate::recorder::Recorder;
use crate::removal::containers_and_files;
use crate::secrets::{self, SecretStore, StoreError};
use crate::watch::Cache;
use crate::workloads::{self, Sampler};

/// What a node needs.
pub struct NodeOptions {
    /// The API that says what is to run.
    pub client: Client,
    /// The engine that runs it.
    pub engine: Engine,
    /// Gives namespaces their container networks.
    pub network: Arc<dyn NetworkPlan>,
    /// A folder of the node's own; made with mode 0700 where it is missing.
    pub data_dir: PathBuf,
    /// The name of the Node object.
    pub node_name: String,
    /// Folders of this computer that `hostPath` volumes may name, with all that is in them. None: no such volume.
    pub host_paths: Vec<PathBuf>,
    /// How long a registry may be silent before a pull is given up.
    pub pull_deadline: Duration,
    /// How long a container that failed waits.
    pub restart_backoff: Backoff,
    /// How long a Job waits with its next pod after one that failed.
    pub job_backoff: Backoff,
}

impl NodeOptions {
    /// Options with the usual node name, pull deadline and back-off.
    pub fn new(client: Client, engine: Engine, network: Arc<dyn NetworkPlan>, data_dir: PathBuf) -> Self {
        Self {
            client,
            engine,
            network,
            data_dir,
            node_name: "local".to_owned(),
            host_paths: Vec::new(),
            pull_deadline: Duration::from_secs(15),
            restart_backoff: Backoff::default(),
            job_backoff: Backoff { longest: Duration::from_mins(10), ..Backoff::default() },
        }
    }
}

impl std::fmt::Debug for NodeOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeOptions")
            .field("engine", &self.engine)
            .field("data_dir", &self.data_dir)
            .field("node_name", &self.node_name)
            .finish_non_exhaustive()
    }
}

/// Why a node did not start or was not taken away.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The data folder cannot be used.
    #[error("cannot use {path}: {source}")]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The API refused the Node object.
    #[error("the node was not registered with the API server: {0}")]
    Register(#[from] kube::Error),
    /// The engine refused.
    #[error("the container engine refused to {action}: {reason}")]
    Engine {
        /// What was asked.
        action: &'static str,
        /// The engine's words.
        reason: String,
    },
    /// The secret store cannot be used.
    #[error(transparent)]
    Secrets(#[from] StoreError),
    /// A network was not removed.
    #[error(transparent)]
    Network(#[from] NetworkPlanError),
}

/// A running node.
pub struct Node;

/// The handle of a running node. Dropping it stops the node's work; containers run on.
pub struct NodeHandle {
    engine: Engine,
    network: Arc<dyn NetworkPlan>,
    data_dir: PathBuf,
    secrets: SecretStore,
    manager: Arc<Manager>,
    metrics: NodeMetrics,
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl std::fmt::Debug for NodeHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeHandle")
            .field("engine", &self.engine)
            .field("data_dir", &self.data_dir)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// Registers the node, finds the containers of an earlier run again, and starts to work.
    ///
    /// # Errors
    /// [`NodeError`]; nothing runs then.
    pub async fn start(options: NodeOptions) -> Result<NodeHandle, NodeError> {
        let NodeOptions {
            client,
            engine,
            network,
            data_dir,
            node_name,
            host_paths,
            pull_deadline,
            restart_backoff,
            job_backoff,
        } = options;
        let (pods_folder, claims_folder) = (data_dir.join("pods"), data_dir.join("claims"));
        for folder in [&pods_folder, &claims_folder] {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|source| NodeError::DataDir { path: folder.clone(), source })?;
        }
        let secrets = SecretStore::open(&data_dir.join("secrets.json")).await?;
        let generated = SecretStore::open(&data_dir.join("generated.json")).await?;

        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let tracker = TaskTracker::new();
        let host_ip = machine_address();
        register(&client, &engine, &node_name, &host_ip).await?;
        let recorder = Recorder::start(client.clone(), "kubelet", node_name.clone(), stop.clone());

        let (pods, config_maps, secret_objects) =
            (Cache::<Pod>::new(), Cache::<ConfigMap>::new(), Cache::<Secret>::new());
        let namespaces = Cache::<Namespace>::new();
        let claims = Cache::<PersistentVolumeClaim>::new();
        tracker.spawn(claims.clone().follow(Api::all(client.clone()), stop.clone()));
        tracker.spawn(pods.clone().follow(Api::all(client.clone()), stop.clone()));
        tracker.spawn(config_maps.clone().follow(Api::all(client.clone()), stop.clone()));
        tracker.spawn(secret_objects.clone().follow(Api::all(client.clone()), stop.clone()));
        tracker.spawn(namespaces.clone().follow(Api::all(client.clone()), stop.clone()));
        tokio::join!(
            pods.synced(),
            config_maps.synced(),
            secret_objects.synced(),
            namespaces.synced(),
            claims.synced()
        );

        let ground = Arc::new(Ground {
            client: client.clone(),
            engine: engine.clone(),
            network: network.clone(),
            recorder: recorder.clone(),
            pods: pods.clone(),
            config_maps,
            secrets: secret_objects.clone(),
            claims: claims.clone(),
            node_labels: node_labels(&node_name, &engine),
            node_name: node_name.clone(),
            host_ip,
            pods_folder,
            claims_folder: claims_folder.clone(),
            memory_folder: memory_folder(&engine),
            host_paths,
            backoff: restart_backoff,
            pulls: ImagePulls::new(engine.clone(), pull_deadline),
            starts: Semaphore::new(STARTS),
        });
        let manager = Manager::new(ground, namespaces, stop.clone());
        let started = manager.start().await;
        started.map_err(|error| NodeError::Engine { action: "list containers", reason: engine_words(&error) })?;
        let sampler = Arc::new(Sampler::new(engine.clone()));
        let metrics = NodeMetrics::new(sampler.clone(), pods.clone(), node_name.clone());
        let shared = workloads::Shared {
            client: client.clone(),
            pods,
            claims,
            node_labels: node_labels(&node_name, &engine),
            node: node_name,
            claims_folder,
            job_backoff,
            sampler,
        };
        workloads::start(shared, &tracker, &stop).await?;
        secrets::start(&client, (secrets.clone(), generated), secret_objects, recorder, &tracker, &stop);
        guard.disarm();
        Ok(NodeHandle { engine, network, data_dir, secrets, manager, metrics, stop, tracker })
    }
}

impl NodeHandle {
    /// Logs of the node's pods, and commands in them.
    pub fn access(&self) -> PodAccess {
        PodAccess::new(self.engine.clone())
    }

    /// What the node's pods and this computer use.
    pub fn metrics(&self) -> NodeMetrics {
        self.metrics.clone()
    }

    /// The store that ExternalSecrets are filled from.
    pub fn secrets(&self) -> &SecretStore {
        &self.secrets
    }

    /// Stops working and leaves the containers running: the next start finds them again.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.manager.stopped().await;
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// Stops working and removes every container, network and file that this node made.
    ///
    /// # Errors
    /// The first thing that could not be removed; the rest is removed all the same where it can be.
    pub async fn remove_everything(&self) -> Result<(), NodeError> {
        self.shutdown().await;
        let containers = containers_and_files(&self.engine, &self.data_dir).await;
        let network = self.network.remove_everything().await;
        containers?;
        Ok(network?)
    }
}

/// Where volumes in memory lie: a file system in memory that every Linux has.
pub(crate) fn memory_folder(engine: &Engine) -> PathBuf {
    PathBuf::from(format!("/dev/shm/node-{}", engine.instance()))
}

impl Drop for NodeHandle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
