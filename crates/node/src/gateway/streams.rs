//! Connections that are carried to a pod as they are: TCPRoutes, and TLSRoutes with or without their TLS.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::rules::{CompiledStream, Target};

/// How long a pod may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// Bytes held per direction of a connection.
const BUFFER: usize = 16 * 1024;

/// Carries a connection, of which `seen` was read already, until either side is done.
pub(super) async fn carry<I>(mut client: I, seen: &[u8], stream: &CompiledStream, from: SocketAddr)
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let Some(mut pod) = connect(stream, from).await else { return };
    if pod.write_all(seen).await.is_err() {
        return;
    }
    // An error here is one side's reset; both sockets close with this scope and the other side learns of it.
    let _ = tokio::io::copy_bidirectional_with_sizes(&mut client, &mut pod, BUFFER, BUFFER).await;
}

/// The first ready pod in turn that accepts.
async fn connect(stream: &CompiledStream, from: SocketAddr) -> Option<TcpStream> {
    let backend = stream.backends.next();
    let Some(backend) = backend else {
        tracing::debug!(route = %stream.route, client = %from, "a connection was closed: the route has no backend");
        return None;
    };
    let (service, pool) = match &backend.target {
        Target::Pods { service, pool, .. } => (service, pool),
        Target::Nowhere(why) => {
            tracing::debug!(route = %stream.route, client = %from, why, "a connection was closed: its backend cannot be used");
            return None;
        }
    };
    for pod in pool.in_turn() {
        if let Ok(Ok(connection)) = tokio::time::timeout(CONNECT, TcpStream::connect(pod)).await {
            let _ = connection.set_nodelay(true);
            return Some(connection);
        }
    }
    tracing::debug!(route = %stream.route, client = %from, %service, "a connection was closed: no ready pod took it");
    None
}
