//! The server: opens the store, keeps house, hands out clients.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use crate::{
    admission::User,
    auth::{Accounts, Roles, Tokens},
    connect::PodConnect,
    core::Core,
    crd::{self, Establisher},
    discovery::Documents,
    first, inprocess,
    kinds::Registry,
    lifecycle::{self, Ears, Lifecycle},
    metrics::Metrics,
    options::Options,
    store::{OpenError, Store},
    strategy::Addresses,
    tls::{self, Authority, Serving},
};

/// A running API server. Cheap to clone; it stops with [`Server::shutdown`].
#[derive(Clone)]
pub struct Server {
    core: Arc<Core>,
    keeper: Arc<std::sync::Mutex<Option<tokio::task::JoinHandle<()>>>>,
    authority: Arc<Authority>,
    limits: crate::Limits,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("revision", &self.core.store.revision()).finish_non_exhaustive()
    }
}

impl Server {
    /// Opens the store and starts keeping house. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The folder is in use, damaged, of a newer format, or cannot be read or written.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let identity = |problem: String| OpenError::Identity(problem);
        let (folder, history) = (options.data_dir.clone(), options.history.clone());
        let faults = options.faults.clone();
        let store = tokio::task::spawn_blocking(move || Store::open(folder.as_deref(), history, faults))
            .await
            .map_err(|error| identity(format!("opening the store was interrupted: {error}")))??;
        let lifecycle = Arc::new(Lifecycle::new(options.events_live, options.history.age));
        let folder = options.data_dir.as_ref().map(|folder| folder.join("pki"));
        let names = options.tls_names.clone();
        let authority = tokio::task::spawn_blocking(move || Authority::open(folder.as_deref(), &names))
            .await
            .map_err(|error| identity(format!("making keys was interrupted: {error}")))??;
        let core = Arc::new(Core {
            store,
            root: OnceLock::new(),
            registry: Registry::new().map_err(identity)?,
            admission: options.admission,
            faults: options.faults,
            pods: OnceLock::new(),
            metrics: OnceLock::new(),
            lifecycle: lifecycle.clone(),
            establisher: Arc::new(Establisher::default()),
            clock: options.clock,
            pages_live: i64::try_from(options.history.age.as_secs()).unwrap_or(i64::MAX),
            uids: options.uids,
            stopping: tokio_util::sync::CancellationToken::new(),
            addresses: Addresses::new(&options.service_range).map_err(identity)?,
            node_ports: crate::strategy::NodePorts::default(),
            tokens: Tokens::default(),
            roles: Roles::default(),
            accounts: OnceLock::new(),
            documents: Documents::default(),
        });
        let _ = core.accounts.set(Accounts::new(&authority)?);
        crd::recall(&core);
        let weak = Arc::downgrade(&core);
        let freed = move |object: &crate::store::Stored| {
            if let Some(core) = weak.upgrade() {
                let service = object.value();
                core.addresses.free(service["spec"]["clusterIP"].as_str().unwrap_or_default());
                core.node_ports.free(&service);
            }
        };
        let weak = Arc::downgrade(&core);
        let defined = move |object: &crate::store::Stored| {
            if let Some(core) = weak.upgrade() {
                crd::shown(&core, object);
            }
        };
        core.store.observe(Arc::new(Ears { lifecycle, freed: Box::new(freed), defined: Box::new(defined) }));
        lifecycle::recall(&core);
        first::objects(&core).await?;
        let keeper = tokio::spawn(lifecycle::run(core.clone()));
        Ok(Self {
            core,
            keeper: Arc::new(std::sync::Mutex::new(Some(keeper))),
            authority: Arc::new(authority),
            limits: options.limits,
        })
    }

    /// A client of the program itself, with no socket in between. It may do everything.
    pub fn client(&self) -> kube::Client {
        self.client_as(User::embedded())
    }

    /// A client that acts as that user.
    pub fn client_as(&self, user: User) -> kube::Client {
        inprocess::client(self.core.clone(), user)
    }

    /// Serves HTTPS on that listener until [`Server::shutdown`].
    ///
    /// # Errors
    /// The keys cannot be used.
    pub fn serve(&self, listener: tokio::net::TcpListener) -> Result<Serving, OpenError> {
        let serving = tls::serve(self.core.clone(), listener, &self.authority, self.limits.clone())?;
        let (core, port) = (self.core.clone(), serving.address().port());
        if core.root.set(self.authority.ca_pem().into()).is_ok() {
            lifecycle::furnish(&core);
        }
        tokio::spawn(async move {
            if let Err(error) = first::service(&core, port).await {
                tracing::warn!(%error, "the Service `kubernetes` could not be made");
            }
        });
        Ok(serving)
    }

    /// The certificate authority of the TLS port; writes kubeconfigs.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Names the one that logs, exec, attach and port-forward go to; the first call counts.
    pub fn set_pod_connect(&self, pods: Arc<dyn PodConnect>) {
        let _ = self.core.pods.set(pods);
    }

    /// Names the one that `metrics.k8s.io` is answered by; the first call counts. Without it the group is not served.
    pub fn set_metrics(&self, metrics: Arc<dyn Metrics>) {
        let _ = self.core.metrics.set(metrics);
    }

    /// Accepts this bearer token on the TLS port from now on.
    pub fn add_token(&self, token: &str, user: User) {
        self.core.tokens.add(token, user);
    }

    /// The newest revision.
    pub fn revision(&self) -> u64 {
        self.core.store.revision()
    }

    /// Copies the store into a new file while it is in use.
    ///
    /// # Errors
    /// The server is in memory, the file exists, or the disk refuses.
    pub async fn backup(&self, file: impl Into<PathBuf>) -> Result<(), String> {
        self.core.store.backup(file.into()).await.map_err(|error| error.to_string())
    }

    /// Drops history that is older than the options allow, now instead of with the next write.
    ///
    /// # Errors
    /// The disk refuses.
    pub async fn compact(&self) -> Result<(), String> {
        self.core.store.compact().await.map_err(|error| error.to_string())
    }

    /// Ends all watches, finishes the writes that were accepted and frees the folder.
    pub async fn shutdown(&self) {
        self.core.stopping.cancel();
        let keeper = self.keeper.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(keeper) = keeper {
            let _ = keeper.await;
        }
        self.core.store.close().await;
    }
}
