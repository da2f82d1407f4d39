//! What all parts of a running engine share.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};

use kube::Client;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Message;
use crate::engine::board::Board;
use crate::engine::cache::Store;
use crate::engine::handle::Counters;
use crate::engine::run::AnyController;
use crate::engine::watch::Served;
use crate::engine::{Cluster, ClusterId};

/// Requests on their way to one cluster at once.
const PER_CLUSTER: usize = 64;

/// Locks are taken in this order: store, board; `clusters` alone. None is held across an await.
pub(crate) struct Shared {
    pub store: RwLock<Store>,
    pub board: Mutex<Board>,
    /// Wakes the pool.
    pub ready: Condvar,
    pub controllers: Vec<Box<dyn AnyController>>,
    pub control_plane: ClusterId,
    /// Who this process is, in events.
    pub identity: String,
    pub lease: Box<dyn Fn() -> bool + Send + Sync>,
    pub messages: mpsc::Sender<Message>,
    pub runtime: Handle,
    pub stop: CancellationToken,
    pub metrics: Counters,
    /// Counts whatever happens, for those who wait for something.
    pub changes: watch::Sender<u64>,
    /// Runs whose needs the machine has not seen to yet, and the start itself.
    pub unprovided: AtomicUsize,
    pub clusters: RwLock<HashMap<ClusterId, Connection>>,
}

/// How a cluster is reached.
pub(crate) struct Connection {
    pub cluster: Cluster,
    permits: Arc<Semaphore>,
    served: Arc<Served>,
    /// Ends what watches its definitions.
    stop: CancellationToken,
}

impl Connection {
    pub(crate) fn new(cluster: Cluster, stop: &CancellationToken) -> Self {
        let stop = stop.child_token();
        let served = Arc::new(Served::new(stop.clone()));
        Self { cluster, permits: Arc::new(Semaphore::new(PER_CLUSTER)), served, stop }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Shared {
    /// Something happened: the pool and those who wait look again.
    pub(crate) fn announce(&self) {
        self.ready.notify_all();
        self.changes.send_modify(|count| *count += 1);
    }

    pub(crate) fn client(&self, cluster: &ClusterId) -> Option<(Client, Arc<Semaphore>)> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        clusters.get(cluster).map(|connection| (connection.cluster.client.clone(), Arc::clone(&connection.permits)))
    }

    pub(crate) fn watcher(&self, cluster: &ClusterId) -> Option<(Client, Arc<Served>)> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        clusters.get(cluster).map(|connection| (connection.cluster.client.clone(), Arc::clone(&connection.served)))
    }

    pub(crate) fn connect(&self, connection: Connection) {
        let id = connection.cluster.id.clone();
        self.clusters.write().unwrap_or_else(PoisonError::into_inner).insert(id, connection);
    }

    pub(crate) fn disconnect(&self, cluster: &ClusterId) {
        self.clusters.write().unwrap_or_else(PoisonError::into_inner).remove(cluster);
    }
}
