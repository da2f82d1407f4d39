//! One address for a server that comes and goes, over which connections break.

use anyhow::Result;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(super) struct Proxy {
    address: SocketAddr,
    port: Arc<AtomicU16>,
    cut: watch::Sender<u64>,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (port, cut, connections) =
            (Arc::new(AtomicU16::new(0)), watch::channel(0).0, Arc::<AtomicUsize>::default());
        let (to, cuts, count) = (port.clone(), cut.clone(), connections.clone());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let (port, mut cut) = (to.load(Ordering::Relaxed), cuts.subscribe());
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    let (mut near, mut far) = (near, far);
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Ok(Self { address, port, cut, connections })
    }

    pub(super) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Connections made so far.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// New connections go to this port.
    pub(super) fn to(&self, port: u16) {
        self.port.store(port, Ordering::Relaxed);
    }

    /// Ends all connections.
    pub(super) fn cut(&self) {
        self.cut.send_modify(|times| *times += 1);
    }
}
