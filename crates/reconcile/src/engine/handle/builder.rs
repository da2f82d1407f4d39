//! What an engine works on.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{Counters, EngineHandle, StartError};
use crate::engine::board::Board;
use crate::engine::cache::Store;
use crate::engine::machine::{Machine, Shared};
use crate::engine::run::{AnyController, Erased, work};
use crate::engine::{Cluster, ClusterId, Controller};

/// Messages that wait for the machine; beyond that, watches and requests wait.
const MESSAGES: usize = 1024;
/// Room for decoded objects, in bytes of an estimate.
const DECODED: usize = 16 << 20;

/// Collects clusters and controllers, then starts.
pub struct EngineBuilder {
    clusters: Vec<Cluster>,
    controllers: Vec<Box<dyn AnyController>>,
    threads: usize,
    identity: String,
    lease: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Default for EngineBuilder {
    fn default() -> Self {
        Self {
            clusters: Vec::new(),
            controllers: Vec::new(),
            threads: thread::available_parallelism().map_or(2, |count| count.get().clamp(1, 8)),
            identity: "openchoreo".to_owned(),
            lease: Box::new(|| true),
        }
    }
}

impl EngineBuilder {
    /// A cluster that is there from the start. One of them is the control plane.
    #[must_use]
    pub fn cluster(mut self, cluster: Cluster) -> Self {
        self.clusters.push(cluster);
        self
    }

    /// A controller.
    #[must_use]
    pub fn controller<C: Controller>(mut self, controller: C) -> Self {
        self.controllers.push(Box::new(Erased(controller)));
        self
    }

    /// How many functions run at once; as many as there are processors (at most 8) when not set.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Who this process is, in the events that it writes.
    #[must_use]
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = identity.into();
        self
    }

    /// Asked before each write whether this process may write; always when not set.
    #[must_use]
    pub fn lease(mut self, held: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.lease = Box::new(held);
        self
    }

    /// Starts the threads and the watches of the controllers' kinds. Must be called within a tokio runtime.
    pub fn start(self) -> Result<EngineHandle, StartError> {
        let control_plane = ClusterId::control_plane();
        if !self.clusters.iter().any(|cluster| cluster.id == control_plane) {
            return Err(StartError::NoControlPlane);
        }
        let mut names = HashSet::new();
        if let Some(twice) = self.controllers.iter().find(|controller| !names.insert(controller.name())) {
            return Err(StartError::SameName(twice.name()));
        }
        let (messages, inbox) = mpsc::channel(MESSAGES);
        let shared = Arc::new(Shared {
            store: RwLock::new(Store::new(DECODED)),
            board: Mutex::new(Board::default()),
            ready: Condvar::new(),
            controllers: self.controllers,
            control_plane,
            identity: self.identity,
            lease: self.lease,
            messages,
            runtime: Handle::try_current()?,
            stop: CancellationToken::new(),
            metrics: Counters::default(),
            changes: watch::Sender::new(0),
            unprovided: AtomicUsize::new(1),
            clusters: RwLock::new(HashMap::new()),
        });
        let mut handle = EngineHandle { shared: Arc::clone(&shared), threads: Vec::new() };
        let machine = Machine::new(Arc::clone(&shared), self.clusters);
        let machine = thread::Builder::new()
            .name("engine".into())
            .spawn(move || machine.run(inbox))
            .map_err(StartError::Thread)?;
        handle.threads.push(machine);
        for number in 0..self.threads {
            let shared = Arc::clone(&shared);
            let worker = thread::Builder::new()
                .name(format!("engine-{number}"))
                .spawn(move || work(&shared))
                .map_err(StartError::Thread)?;
            handle.threads.push(worker);
        }
        Ok(handle)
    }
}

impl std::fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.controllers.iter().map(|controller| controller.name()).collect();
        f.debug_struct("EngineBuilder")
            .field("clusters", &self.clusters)
            .field("controllers", &names)
            .finish_non_exhaustive()
    }
}
