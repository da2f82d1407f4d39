//! One TCP port of a virtual IP.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{CONNECT, Duty};

/// Bytes held per direction of a connection.
const BUFFER: usize = 16 * 1024;
const BACKLOG: u32 = 1024;

/// Carries connections while an endpoint is ready; returns when none is. Connections that run go on.
pub(super) async fn serve(duty: &Duty, limit: &Arc<Semaphore>) -> io::Result<()> {
    let mut any = duty.pool.any();
    let listener = listen(duty.address)?;
    loop {
        let Ok(permit) = limit.clone().acquire_owned().await else { return Ok(()) };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => {
                    tokio::spawn(carry(stream, client, duty.clone(), permit));
                }
                // The client gave up before it was accepted, or descriptors ran out: neither ends the listener.
                Err(error) => tracing::debug!(address = %duty.address, %error, "a connection was not accepted"),
            },
            none = any.wait_for(|any| !*any) => {
                drop(none);
                return Ok(());
            }
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn carry(mut client: TcpStream, peer: SocketAddr, duty: Duty, _permit: OwnedSemaphorePermit) {
    let Some(mut pod) = connect(&duty, peer.ip()).await else {
        tracing::debug!(service = %duty.service, address = %duty.address, "no ready endpoint accepted a connection");
        // The client sees a reset, as it would from a pod that is not there, instead of an orderly end without data.
        let _ = client.set_zero_linger();
        return;
    };
    let _ = client.set_nodelay(true);
    let _ = pod.set_nodelay(true);
    // An error here is one side's reset; both sockets close with this scope and the other side learns of it.
    let _ = tokio::io::copy_bidirectional_with_sizes(&mut client, &mut pod, BUFFER, BUFFER).await;
}

/// The first endpoint in turn that policies let the client to and that accepts.
async fn connect(duty: &Duty, client: IpAddr) -> Option<TcpStream> {
    let order = if duty.affinity.is_some() { duty.pool.for_client(client) } else { duty.pool.in_turn() };
    for endpoint in order {
        if let Some(policies) = &duty.policies
            && !policies.admits(client, endpoint, duty.protocol).await
        {
            tracing::debug!(service = %duty.service, %client, %endpoint, "no NetworkPolicy lets this connection through");
            continue;
        }
        if let Ok(Ok(stream)) = tokio::time::timeout(CONNECT, TcpStream::connect(endpoint)).await {
            return Some(stream);
        }
    }
    None
}
