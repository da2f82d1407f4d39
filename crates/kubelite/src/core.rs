//! What all requests share.

use std::sync::{Arc, OnceLock};

use crate::{
    admission::Admission,
    connect::PodConnect,
    crd::Establisher,
    kinds::Registry,
    lifecycle::Lifecycle,
    metrics::Metrics,
    object::meta,
    store::{Draft, Store, Write, WriteError},
};

/// The clock: replaced in tests.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// Gives a new object of a kind, in a namespace, with a name, its uid: replaced where recorded uids are played again.
pub type Uids = Arc<dyn Fn(&crate::kinds::Kind, &str, &str) -> String + Send + Sync>;

/// The server's insides.
pub(crate) struct Core {
    pub(crate) store: Store,
    /// The authority's certificate, as every namespace shows it; set once there is a port that it is for.
    pub(crate) root: OnceLock<Arc<str>>,
    pub(crate) registry: Registry,
    pub(crate) admission: Vec<Arc<dyn Admission>>,
    pub(crate) faults: Option<crate::Faults>,
    pub(crate) pods: OnceLock<Arc<dyn PodConnect>>,
    pub(crate) metrics: OnceLock<Arc<dyn Metrics>>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) establisher: Arc<Establisher>,
    pub(crate) clock: Clock,
    /// How long the pages of a list can be gone through, in seconds.
    pub(crate) pages_live: i64,
    pub(crate) uids: Uids,
    pub(crate) stopping: tokio_util::sync::CancellationToken,
    pub(crate) addresses: crate::strategy::Addresses,
    pub(crate) node_ports: crate::strategy::NodePorts,
    pub(crate) tokens: crate::auth::Tokens,
    pub(crate) roles: crate::auth::Roles,
    pub(crate) accounts: OnceLock<crate::auth::Accounts>,
    pub(crate) documents: crate::discovery::Documents,
}

impl Core {
    /// Now, by the server's clock.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        (self.clock)()
    }

    /// Writes an object as it is: for the server's own housekeeping, which needs no admission.
    pub(crate) async fn put(
        &self,
        shelf: &Arc<str>,
        path: &Arc<str>,
        expected: Option<u64>,
        object: serde_json::Value,
        remove: bool,
    ) -> Result<Arc<crate::store::Stored>, WriteError> {
        let draft = Draft::new(object).map_err(WriteError::Disk)?;
        self.store
            .write(Write { shelf: shelf.clone(), path: path.clone(), expected, draft, remove, under_way: None })
            .await
    }

    /// Makes an object of the server's own where there is none of that name.
    pub(crate) async fn make(
        &self,
        shelf: &str,
        path: Arc<str>,
        mut object: serde_json::Value,
    ) -> Result<(), WriteError> {
        if self.store.shelf(shelf).get(&path).is_some() {
            return Ok(());
        }
        meta::set(&mut object, "uid", uuid::Uuid::new_v4().to_string());
        meta::set(&mut object, "creationTimestamp", meta::time(self.now()));
        match self.put(&shelf.into(), &path, None, object, false).await {
            // Somebody made it meanwhile.
            Ok(_) | Err(WriteError::Changed(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
