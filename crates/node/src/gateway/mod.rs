//! Routes of the Gateway API, served by an in-process reverse proxy.
//!
//! ```text
//!  objects ─▶ sources ─▶ router ─▶ table (swapped whole) ─▶ statuses
//!                                    │
//!  client ─▶ doors ─┬▶ forward ─ find rule ─ change ─▶ attempts ─ ready pod (tried in turn) ─▶ answer
//!          (hello of │                        └▶ mirror
//!           TLS)     └▶ streams ─ ready pod
//! ```

mod attach;
mod attempts;
mod backends;
mod body;
mod certificates;
mod compile;
mod conditions;
mod cors;
mod doors;
mod error;
mod forward;
mod headers;
mod hello;
mod hostname;
mod listen;
mod listeners;
mod local_authority;
mod mirror;
mod objects;
mod refusal;
mod rewrite;
mod router;
mod rules;
mod sources;
mod statuses;
mod streams;
mod table;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use doors::{Doorkeeper, Doors};
pub use error::GatewayError;
use forward::Forwarder;
pub use listen::Listen;
pub use local_authority::{AuthorityError, LocalAuthority};
use router::Router;
use sources::Sources;
use statuses::Said;

use crate::network::services::Services;

/// The port for HTTP where none is chosen.
pub const DEFAULT_HTTP_PORT: u16 = 19_080;
/// The controller name of GatewayClasses that are served where none is chosen.
pub const DEFAULT_CONTROLLER_NAME: &str = "openchoreo.dev/node-gateway";
/// How long connections wait for the first table before they are answered without one.
const FIRST_TABLE: Duration = Duration::from_secs(10);

/// What the gateway needs.
#[derive(Clone)]
pub struct GatewayOptions {
    /// The cluster.
    pub client: Client,
    /// The Services with their ready endpoints, where the network follows them already.
    pub services: Option<Arc<Services>>,
    /// The address to listen on.
    pub address: IpAddr,
    /// The port that is open from the start; 0 takes a free one. Ports of other listeners are opened as Gateways ask.
    pub http_port: u16,
    /// How ports are opened.
    pub listen: Listen,
    /// GatewayClasses with this `spec.controllerName` are served.
    pub controller_name: String,
    /// Makes the certificates of listeners with the option `node.local/certificate: local-authority`.
    pub authority: Option<Arc<LocalAuthority>>,
}

impl GatewayOptions {
    /// The usual gateway: the loopback address and port 19080.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            services: None,
            address: Ipv4Addr::LOCALHOST.into(),
            http_port: DEFAULT_HTTP_PORT,
            listen: Listen::default(),
            controller_name: DEFAULT_CONTROLLER_NAME.to_owned(),
            authority: None,
        }
    }
}

/// The running gateway. Dropping it cuts off; [`GatewayHandle::shutdown`] lets requests under way end.
#[derive(Debug)]
pub struct GatewayHandle {
    address: SocketAddr,
    keeper: Doorkeeper,
    ready: watch::Receiver<bool>,
    _tasks: [AbortOnDropHandle<()>; 3],
}

/// Serves the HTTPRoutes of a cluster.
#[derive(Debug)]
pub struct Gateway;

impl Gateway {
    /// Opens the port and follows the cluster. Connections are let in when the routes are known.
    ///
    /// # Errors
    /// [`GatewayError`] when the port cannot be opened.
    #[allow(clippy::unused_async, reason = "must be called within a runtime, and may come to wait")]
    pub async fn start(options: GatewayOptions) -> Result<GatewayHandle, GatewayError> {
        let asked = SocketAddr::new(options.address, options.http_port);
        let services = options.services.unwrap_or_else(|| Services::start(&options.client));
        let forwarder = Arc::new(Forwarder::new(services.under_way().clone()));
        let keeper = Doorkeeper::new(forwarder.clone()).with_ports_by(options.listen);
        let doors = Doors::new(keeper.clone(), options.address, options.http_port).map_err(|source| {
            if source.kind() == io::ErrorKind::AddrInUse {
                GatewayError::PortInUse(asked)
            } else {
                GatewayError::Listen { address: asked, source }
            }
        })?;
        let address = SocketAddr::new(options.address, doors.main());
        let shown = if options.address.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { options.address };
        let sources = Arc::new(Sources::start(&options.client));
        let said = Arc::new(Said::new(sources.changed.clone()));
        let name = options.controller_name;
        let ours = (name.clone(), options.authority);
        let router = Router::new(sources.clone(), services, ours, doors, forwarder, said.clone());
        let (ready_sender, ready) = watch::channel(false);
        let opening = keeper.clone();
        let run = tokio::spawn(router.run(move || {
            opening.open();
            ready_sender.send_replace(true);
        }));
        let opening = keeper.clone();
        let patience = tokio::spawn(async move {
            tokio::time::sleep(FIRST_TABLE).await;
            opening.open();
        });
        let write = tokio::spawn(statuses::write(options.client, sources, said, name, shown.to_string()));
        tracing::info!(%address, "the gateway listens");
        Ok(GatewayHandle { address, keeper, ready, _tasks: [run, patience, write].map(AbortOnDropHandle::new) })
    }
}

impl GatewayHandle {
    /// The address and port that are open from the start.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port that is open from the start, to be written into the Gateway's listener.
    pub fn http_port(&self) -> u16 {
        self.address.port()
    }

    /// Returns when the routes that existed at the start are served.
    pub async fn ready(&self) {
        let _ = self.ready.clone().wait_for(|ready| *ready).await;
    }

    /// Takes no more requests and returns when those under way are done, at the latest after `patience`.
    pub async fn shutdown(self, patience: Duration) {
        self.keeper.close(patience).await;
    }
}

impl Drop for GatewayHandle {
    fn drop(&mut self) {
        self.keeper.cut_off();
    }
}

#[cfg(test)]
mod cluster_tests;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod recorded_tests;
#[cfg(test)]
mod tests;
