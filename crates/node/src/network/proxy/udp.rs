//! One UDP port of a virtual IP: a flow per client, forgotten when it has been quiet.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::Duty;

const LARGEST: usize = 65_535;
/// How long a flow may be quiet.
const QUIET: Duration = Duration::from_mins(1);
/// Flows at once of one port; above that, datagrams of new clients are dropped.
const MOST_FLOWS: usize = 1024;
/// Datagrams that wait in one flow; above that they are dropped.
const WAITING: usize = 64;

struct Flow {
    to_pod: mpsc::Sender<Vec<u8>>,
    _task: AbortOnDropHandle<()>,
}

/// Carries datagrams while an endpoint is ready; returns when none is.
pub(super) async fn serve(duty: &Duty) -> io::Result<()> {
    let socket = Arc::new(UdpSocket::bind(duty.address).await?);
    let mut any = duty.pool.any();
    let mut flows: HashMap<SocketAddr, Flow> = HashMap::new();
    let mut buffer = vec![0; LARGEST];
    loop {
        let (length, client) = tokio::select! {
            received = socket.recv_from(&mut buffer) => match received {
                Ok(received) => received,
                Err(error) => {
                    tracing::debug!(address = %duty.address, %error, "a datagram was not received");
                    continue;
                }
            },
            none = any.wait_for(|any| !*any) => {
                drop(none);
                return Ok(());
            }
        };
        let Some(datagram) = buffer.get(..length).map(<[u8]>::to_vec) else { continue };
        let open = flows.get(&client).filter(|flow| !flow.to_pod.is_closed());
        let datagram = match open {
            Some(flow) => match flow.to_pod.try_send(datagram) {
                Err(mpsc::error::TrySendError::Closed(datagram)) => datagram,
                _ => continue,
            },
            None => datagram,
        };
        flows.remove(&client);
        if flows.len() >= MOST_FLOWS {
            flows.retain(|_, flow| !flow.to_pod.is_closed());
        }
        if flows.len() >= MOST_FLOWS {
            continue;
        }
        if let Some(flow) = open_flow(duty, &socket, client, datagram) {
            flows.insert(client, flow);
        }
    }
}

fn open_flow(duty: &Duty, socket: &Arc<UdpSocket>, client: SocketAddr, first: Vec<u8>) -> Option<Flow> {
    let order = if duty.affinity.is_some() { duty.pool.for_client(client.ip()) } else { duty.pool.in_turn() };
    let may = |endpoint: &SocketAddr| {
        duty.policies.as_ref().is_none_or(|policies| policies.admits_now(client.ip(), *endpoint, duty.protocol))
    };
    let endpoint = order.into_iter().find(may)?;
    let (to_pod, from_client) = mpsc::channel(WAITING);
    to_pod.try_send(first).ok()?;
    let socket = socket.clone();
    let pool = duty.pool.clone();
    let task = tokio::spawn(async move {
        if let Err(error) = carry(&socket, client, endpoint, from_client, || pool.ready().contains(&endpoint)).await {
            tracing::debug!(%client, %endpoint, %error, "a flow of datagrams ended");
        }
    });
    Some(Flow { to_pod, _task: AbortOnDropHandle::new(task) })
}

/// Carries one client's datagrams to one endpoint and back, until quiet or the endpoint is not ready any more.
async fn carry(
    socket: &UdpSocket,
    client: SocketAddr,
    endpoint: SocketAddr,
    mut from_client: mpsc::Receiver<Vec<u8>>,
    still_ready: impl Fn() -> bool,
) -> io::Result<()> {
    let pod = UdpSocket::bind(SocketAddr::from(([0, 0, 0, 0], 0))).await?;
    pod.connect(endpoint).await?;
    let mut buffer = vec![0; LARGEST];
    loop {
        let step = tokio::time::timeout(QUIET, async {
            tokio::select! {
                datagram = from_client.recv() => match datagram {
                    Some(datagram) if still_ready() => pod.send(&datagram).await.map(|_| true),
                    _ => Ok(false),
                },
                received = pod.recv(&mut buffer) => {
                    let length = received?;
                    socket.send_to(buffer.get(..length).unwrap_or_default(), client).await.map(|_| true)
                }
            }
        });
        match step.await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) | Err(_) => return Ok(()),
            Ok(Err(error)) => return Err(error),
        }
    }
}
