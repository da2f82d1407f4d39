//! How the gateway opens a port: here, or where whoever started it opens ports for it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait in the kernel until they are accepted.
const BACKLOG: u32 = 4096;

type Open = dyn Fn(SocketAddr) -> io::Result<std::net::TcpListener> + Send + Sync;

/// Opens ports. The default opens them in this process.
#[derive(Clone, Default)]
pub struct Listen(Option<Arc<Open>>);

impl Listen {
    /// Ports are opened by `open`, which must answer at once.
    pub fn by(open: impl Fn(SocketAddr) -> io::Result<std::net::TcpListener> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(open)))
    }

    pub(super) fn on(&self, address: SocketAddr) -> io::Result<TcpListener> {
        if let Some(open) = &self.0 {
            let listener = open(address)?;
            listener.set_nonblocking(true)?;
            // Whoever opened it may have asked for fewer.
            rustix::net::listen(&listener, BACKLOG as i32)?;
            return TcpListener::from_std(listener);
        }
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    }
}

impl std::fmt::Debug for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Listen(elsewhere)" } else { "Listen(here)" })
    }
}
