//! Why the gateway cannot be started.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

/// Why the gateway cannot be started.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// Another program listens on the port.
    #[error(
        "the gateway's port {} on {} is in use by another program. Stop that program (`ss -ltnp 'sport = :{}'` names it), or choose another port for the gateway", .0.port(), .0.ip(), .0.port()
    )]
    PortInUse(SocketAddr),
    /// The port cannot be listened on for another reason.
    #[error(
        "the gateway cannot listen on {address}: {source}. Ports below 1024 need root or CAP_NET_BIND_SERVICE, and the address must be one of this computer's"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The kernel's words.
        source: io::Error,
    },
}
