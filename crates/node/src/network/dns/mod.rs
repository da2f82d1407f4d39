//! The name server of the cluster: names of Services from the cache, everything else from outside.
//!
//! ```text
//!  container ─▶ 10.x.255.255:53 ─▶ name of the cluster? ─ yes ─▶ zone (Services in memory)
//!                                                    └ no ──▶ name servers of /etc/resolv.conf
//! ```

mod message;
mod upstream;
mod zone;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::dirty::DirtyKeys;
use super::key::ObjectKey;
use super::services::{Reach, ServiceEntry, Services};
use message::{Outcome, Transport, failure, respond};
use upstream::{Upstream, read_framed, write_framed};
pub(crate) use zone::CLUSTER_DOMAIN;
use zone::Directory;

/// Questions and connections at once; above that, datagrams are dropped and connections wait.
const AT_ONCE: usize = 512;
/// How long a TCP connection may be quiet.
const QUIET: Duration = Duration::from_secs(10);
const LARGEST_QUESTION: usize = 4096;

/// Where the name server passes on what is not of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// The name servers that this file names, usually `/etc/resolv.conf`.
    ResolvConf(PathBuf),
    /// These name servers.
    Servers(Vec<SocketAddr>),
}

/// The name server, until dropped.
#[derive(Debug)]
pub(crate) struct Dns {
    address: SocketAddr,
    _tasks: [AbortOnDropHandle<()>; 3],
}

/// Services by name, and by virtual IP.
#[derive(Debug)]
struct Names {
    services: Arc<Services>,
    at: Arc<RwLock<HashMap<Ipv4Addr, ObjectKey>>>,
}

impl Directory for Names {
    fn service(&self, key: &ObjectKey) -> Option<Arc<ServiceEntry>> {
        self.services.get(key)
    }

    fn service_at(&self, address: Ipv4Addr) -> Option<ObjectKey> {
        self.at.read().unwrap_or_else(PoisonError::into_inner).get(&address).cloned()
    }
}

struct Shared {
    names: Names,
    upstream: Upstream,
    limit: Arc<Semaphore>,
}

impl Dns {
    /// Listens on UDP and TCP of `address`; port 0 takes a free one for both.
    pub(crate) async fn start(services: Arc<Services>, address: SocketAddr, outside: Outside) -> io::Result<Self> {
        let udp = Arc::new(UdpSocket::bind(address).await?);
        let address = udp.local_addr()?;
        let tcp = TcpListener::bind(address).await?;
        let upstream = match outside {
            Outside::ResolvConf(path) => Upstream::file(path, address.ip()),
            Outside::Servers(servers) => Upstream::Fixed(servers),
        };
        let names = Names { services: services.clone(), at: Arc::default() };
        let index = tokio::spawn(index(services, names.at.clone()));
        let shared = Arc::new(Shared { names, upstream, limit: Arc::new(Semaphore::new(AT_ONCE)) });
        let tasks = [tokio::spawn(serve_udp(udp, shared.clone())), tokio::spawn(serve_tcp(tcp, shared)), index];
        Ok(Self { address, _tasks: tasks.map(AbortOnDropHandle::new) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Keeps the names of virtual IPs.
async fn index(services: Arc<Services>, at: Arc<RwLock<HashMap<Ipv4Addr, ObjectKey>>>) {
    let dirty = Arc::new(DirtyKeys::default());
    services.tell(&dirty);
    loop {
        let touched = dirty.take().await;
        let mut at = at.write().unwrap_or_else(PoisonError::into_inner);
        at.retain(|_, key| !touched.contains(key));
        for key in touched {
            if let Some(Reach::VirtualIp(address)) = services.get(&key).map(|entry| entry.facts.reach.clone()) {
                at.insert(address, key);
            }
        }
    }
}

async fn serve_udp(socket: Arc<UdpSocket>, shared: Arc<Shared>) {
    let mut buffer = vec![0; LARGEST_QUESTION];
    loop {
        let (length, client) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                tracing::debug!(%error, "a question was not received");
                continue;
            }
        };
        let question = buffer.get(..length).unwrap_or_default();
        match respond(question, Transport::Udp, &shared.names) {
            Outcome::Ignore => {}
            Outcome::Reply(reply) => {
                let _ = socket.send_to(&reply, client).await;
            }
            Outcome::PassOn { id } => {
                let Ok(permit) = shared.limit.clone().try_acquire_owned() else { continue };
                let (socket, shared, question) = (socket.clone(), shared.clone(), question.to_vec());
                tokio::spawn(async move {
                    let answer = shared.upstream.ask(&question, id, Transport::Udp).await;
                    if let Some(reply) = answer.or_else(|| failure(&question)) {
                        let _ = socket.send_to(&reply, client).await;
                    }
                    drop(permit);
                });
            }
        }
    }
}

async fn serve_tcp(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok(permit) = shared.limit.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = shared.clone();
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, &shared).await {
                        tracing::debug!(%error, "a DNS connection broke off");
                    }
                    drop(permit);
                });
            }
            Err(error) => tracing::debug!(%error, "a DNS connection was not accepted"),
        }
    }
}

async fn converse(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    while let Ok(read) = tokio::time::timeout(QUIET, read_framed(&mut stream)).await {
        let Some(question) = read? else { break };
        let reply = match respond(&question, Transport::Tcp, &shared.names) {
            Outcome::Ignore => break,
            Outcome::Reply(reply) => Some(reply),
            Outcome::PassOn { id } => {
                shared.upstream.ask(&question, id, Transport::Tcp).await.or_else(|| failure(&question))
            }
        };
        if let Some(reply) = reply {
            write_framed(&mut stream, &reply).await?;
        }
    }
    Ok(())
}
