//! The engine from outside: building, starting, watching, stopping it.

mod builder;
mod metrics;
mod settle;
mod snapshot;
mod why;

use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use super::machine::{Message, Shared};
use super::{Cluster, ClusterId};

pub use builder::EngineBuilder;
pub(crate) use metrics::Counters;
pub use metrics::Metrics;
pub use settle::Settled;
pub use snapshot::{CacheSnapshot, KeySnapshot, Snapshot};
pub use why::{Explainer, Why};

/// The engine. There is nothing to it before it is started.
#[derive(Debug)]
pub struct Engine;

impl Engine {
    /// Says what it works on.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No cluster with the id of the control plane was given.
    #[error("the engine was given no control plane; add Cluster::new(ClusterId::control_plane(), client)")]
    NoControlPlane,
    /// Two controllers have one name.
    #[error("two controllers are called {0:?}; names tell them apart in logs and metrics")]
    SameName(&'static str),
    /// It was not started from within a tokio runtime.
    #[error("the engine must be started from within a tokio runtime")]
    NoRuntime(#[from] tokio::runtime::TryCurrentError),
    /// The system gives no thread.
    #[error("cannot start a thread of the engine")]
    Thread(#[source] std::io::Error),
}

/// A running engine. Dropping it stops it without waiting.
pub struct EngineHandle {
    pub(super) shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl EngineHandle {
    /// Adds a cluster, or replaces its client: its caches are then rebuilt, and only differences wake.
    pub async fn add_cluster(&self, cluster: Cluster) {
        self.tell(Message::Join(cluster)).await;
    }

    /// Forgets a cluster. What functions read of it is from then on unavailable.
    pub async fn remove_cluster(&self, cluster: ClusterId) {
        self.tell(Message::Leave(cluster)).await;
    }

    /// Stops: no function runs any more, requests on their way are waited for (at most five seconds), watches end.
    pub async fn shutdown(mut self) {
        self.tell(Message::Stop).await;
        self.stop();
        let threads = std::mem::take(&mut self.threads);
        let joined =
            tokio::task::spawn_blocking(move || threads.into_iter().filter_map(|thread| thread.join().err()).count())
                .await;
        if !matches!(joined, Ok(0)) {
            tracing::error!("a thread of the engine ended by a panic; this is a defect");
        }
    }

    async fn tell(&self, message: Message) {
        // An error here means that the engine has stopped, which is what the caller will see of it.
        let _ = self.shared.messages.send(message).await;
    }

    fn stop(&self) {
        self.shared.stop.cancel();
        // Whoever decided to sleep before the token was cancelled is asleep once the lock is free.
        drop(self.shared.board.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.announce();
    }
}

impl Drop for EngineHandle {
    fn drop(&mut self) {
        self.stop();
        // Full means that the machine is busy; it also looks at the token.
        let _ = self.shared.messages.try_send(Message::Stop);
    }
}

impl std::fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineHandle").field("identity", &self.shared.identity).finish_non_exhaustive()
    }
}
