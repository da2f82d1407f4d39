//! One task that makes and removes container networks, so that two requests never choose the same range.

use std::collections::BTreeMap;

use bollard::Docker;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

use super::cidr::Cidr;
use super::engine_networks::{EngineNetworks, NamespaceNetwork};
use super::error::NetworkError;
use super::kernel::Kernel;
use crate::engine::Engine;

const WAITING: usize = 64;

/// The ranges of pods' addresses, by namespace.
pub(crate) type Ranges = BTreeMap<String, Cidr>;

type Answer<T> = oneshot::Sender<Result<T, NetworkError>>;

enum Request {
    Ensure(String, Answer<NamespaceNetwork>),
    Remove(String, Answer<()>),
    RemoveAll(Answer<()>),
}

/// The container networks of one installation.
#[derive(Debug)]
pub(crate) struct Namespaces {
    requests: mpsc::Sender<Request>,
    ranges: watch::Receiver<Ranges>,
    _task: AbortOnDropHandle<()>,
}

/// What container networks are made of.
#[derive(Debug, Clone)]
pub(crate) struct NetworkRecipe {
    pub(crate) docker: Docker,
    pub(crate) instance: String,
    pub(crate) pods: Vec<Cidr>,
    pub(crate) prefix: u8,
    pub(crate) reserved: Vec<Cidr>,
}

impl Namespaces {
    pub(crate) fn start(recipe: NetworkRecipe) -> Result<Self, NetworkError> {
        let kernel = Kernel::open()?;
        let NetworkRecipe { docker, instance, pods, prefix, reserved } = recipe;
        let networks = EngineNetworks { docker, instance, pods, prefix, reserved };
        let (requests, mut waiting) = mpsc::channel(WAITING);
        let (known, ranges) = watch::channel(Ranges::new());
        let task = tokio::spawn(async move {
            while let Some(request) = waiting.recv().await {
                // Whoever asked may have stopped waiting; what was done stands and is found next time.
                match request {
                    Request::Ensure(namespace, answer) => {
                        let ensured = networks.ensure(&kernel, &namespace).await;
                        if let Ok(NamespaceNetwork { range: Some(range), .. }) = &ensured {
                            known.send_if_modified(|known| known.insert(namespace, *range) != Some(*range));
                        }
                        drop(answer.send(ensured));
                    }
                    Request::Remove(namespace, answer) => {
                        known.send_if_modified(|known| known.remove(&namespace).is_some());
                        drop(answer.send(networks.remove(&networks.name(&namespace)).await));
                    }
                    Request::RemoveAll(answer) => drop(answer.send(remove_all(&networks).await.map(drop))),
                }
            }
        });
        Ok(Self { requests, ranges, _task: AbortOnDropHandle::new(task) })
    }

    /// The ranges of the networks that were asked for so far.
    pub(crate) fn ranges(&self) -> watch::Receiver<Ranges> {
        self.ranges.clone()
    }

    pub(crate) async fn ensure(&self, namespace: &str) -> Result<NamespaceNetwork, NetworkError> {
        self.ask(|answer| Request::Ensure(namespace.to_owned(), answer)).await
    }

    pub(crate) async fn remove(&self, namespace: &str) -> Result<(), NetworkError> {
        self.ask(|answer| Request::Remove(namespace.to_owned(), answer)).await
    }

    pub(crate) async fn remove_all(&self) -> Result<(), NetworkError> {
        self.ask(Request::RemoveAll).await
    }

    async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, NetworkError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(request(answer)).await.map_err(|_| NetworkError::ShutDown)?;
        answered.await.map_err(|_| NetworkError::ShutDown)?
    }
}

/// Removes all container networks of an installation; answers how many there were.
pub(super) async fn remove_installation(engine: &Engine) -> Result<usize, NetworkError> {
    let networks = EngineNetworks {
        docker: engine.docker().clone(),
        instance: engine.instance().to_owned(),
        pods: Vec::new(),
        prefix: 0,
        reserved: Vec::new(),
    };
    remove_all(&networks).await
}

async fn remove_all(networks: &EngineNetworks) -> Result<usize, NetworkError> {
    let listed = networks.list().await?;
    let mut outcome = Ok(listed.len());
    for (name, _) in listed {
        if let Err(error) = networks.remove(&name).await {
            outcome = Err(error);
        }
    }
    outcome
}
