//! The ports that the gateway listens on.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::forward::{Entrance, Forwarder};
use super::hello::Hello;
use super::listen::Listen;
use super::streams;
use super::table::{Tls, Way};

/// Connections at once, over all ports; above that, new ones wait.
const MOST_CONNECTIONS: usize = 16_384;
/// How long a client may take to send its headers.
const HEADERS: Duration = Duration::from_secs(30);
/// How often an HTTP/2 client is asked whether it is alive.
const ALIVE: Duration = Duration::from_secs(30);
const STREAMS: u32 = 256;

/// What all ports share.
#[derive(Debug, Clone)]
pub(super) struct Doorkeeper {
    forwarder: Arc<Forwarder>,
    listen: Listen,
    limit: Arc<Semaphore>,
    connections: TaskTracker,
    /// Requests under way are finished, no more are taken.
    drain: CancellationToken,
    /// Everything ends.
    end: CancellationToken,
    /// Connections are accepted once the routes are known; until then they wait in the kernel.
    open: watch::Sender<bool>,
}

impl Doorkeeper {
    pub(super) fn new(forwarder: Arc<Forwarder>) -> Self {
        Self {
            forwarder,
            listen: Listen::default(),
            limit: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
            connections: TaskTracker::new(),
            drain: CancellationToken::new(),
            end: CancellationToken::new(),
            open: watch::Sender::new(false),
        }
    }

    /// The same, with ports opened by other means.
    pub(super) fn with_ports_by(self, listen: Listen) -> Self {
        Self { listen, ..self }
    }

    /// Lets connections in.
    pub(super) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Takes no more requests and returns when those under way are done, at the latest after `patience`.
    pub(super) async fn close(&self, patience: Duration) {
        self.drain.cancel();
        self.connections.close();
        if tokio::time::timeout(patience, self.connections.wait()).await.is_err() {
            tracing::debug!("requests that did not end in time are cut off");
        }
        self.end.cancel();
        self.connections.wait().await;
    }

    /// Ends everything at once.
    pub(super) fn cut_off(&self) {
        self.drain.cancel();
        self.end.cancel();
    }

    async fn serve(self, listener: TcpListener, port: u16, shut: CancellationToken) {
        let mut open = self.open.subscribe();
        tokio::select! {
            opened = open.wait_for(|open| *open) => drop(opened),
            () = shut.cancelled() => return,
            () = self.drain.cancelled() => return,
        }
        loop {
            let Ok(permit) = self.limit.clone().acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shut.cancelled() => return,
                () = self.drain.cancelled() => return,
            };
            match accepted {
                Ok((stream, client)) => {
                    let (keeper, shut) = (self.clone(), shut.clone());
                    self.connections.spawn(async move {
                        keeper.receive(stream, Entrance { client, port, secure: None }, shut).await;
                        drop(permit);
                    });
                }
                // The client gave up before it was accepted, or descriptors ran out: neither ends the listener.
                Err(error) => tracing::debug!(port, %error, "a connection was not accepted"),
            }
        }
    }

    /// Says hello where TLS is spoken, and carries the connection to where it belongs.
    async fn receive(self, stream: TcpStream, entrance: Entrance, shut: CancellationToken) {
        let _ = stream.set_nodelay(true);
        let (port, client) = (entrance.port, entrance.client);
        match self.forwarder.way(port) {
            Way::Plain => self.converse(stream, entrance, shut).await,
            Way::Stream => {
                let found = self.forwarder.table().and_then(|table| table.stream(port, ""));
                match found {
                    Some(to) => self.while_open(streams::carry(stream, &[], &to, client)).await,
                    None => {
                        tracing::debug!(port, %client, "a connection was closed: no TCPRoute is attached to its listener");
                    }
                }
            }
            Way::Secure => {
                let hello = tokio::select! {
                    hello = Hello::read(stream) => hello,
                    () = self.drain.cancelled() => return,
                };
                match hello {
                    Ok(hello) => self.secure(hello, entrance, shut).await,
                    Err(error) => tracing::debug!(port, %client, %error, "a connection said no hello of TLS"),
                }
            }
        }
    }

    async fn secure(self, hello: Hello, mut entrance: Entrance, shut: CancellationToken) {
        let (port, client, name) = (entrance.port, entrance.client, hello.name.clone());
        let to = || self.forwarder.table().and_then(|table| table.stream(port, &name));
        match self.forwarder.tls(port, &name) {
            None => {
                tracing::debug!(port, %client, name, "a connection was closed: no listener has the name it asks for");
                hello.refuse().await;
            }
            Some(Tls::Http(config)) => match hello.end_here(config).await {
                Ok(stream) => {
                    entrance.secure = Some(name.into());
                    self.converse(stream, entrance, shut).await;
                }
                Err(error) => tracing::debug!(port, %client, name, %error, "a handshake of TLS failed"),
            },
            Some(Tls::Stream(config)) => {
                let Some(to) = to() else { return hello.refuse().await };
                match hello.end_here(config).await {
                    Ok(stream) => self.while_open(streams::carry(stream, &[], &to, client)).await,
                    Err(error) => tracing::debug!(port, %client, name, %error, "a handshake of TLS failed"),
                }
            }
            Some(Tls::Passthrough) => {
                let Some(to) = to() else { return hello.refuse().await };
                let (stream, seen) = hello.carry_on();
                self.while_open(streams::carry(stream, &seen, &to, client)).await;
            }
        }
    }

    async fn while_open(&self, carried: impl Future<Output = ()>) {
        tokio::select! {
            () = carried => {}
            () = self.end.cancelled() => {}
        }
    }

    async fn converse<I>(self, stream: I, entrance: Entrance, shut: CancellationToken)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let forwarder = self.forwarder.clone();
        let client = entrance.client;
        let entrance = Arc::new(entrance);
        let service = service_fn(move |request| {
            let (forwarder, entrance) = (forwarder.clone(), entrance.clone());
            async move { Ok::<_, Infallible>(forwarder.answer(request, &entrance).await) }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
        builder.http2().timer(TokioTimer::new()).keep_alive_interval(ALIVE).max_concurrent_streams(STREAMS);
        let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let mut leaving = false;
        loop {
            tokio::select! {
                outcome = connection.as_mut() => {
                    if let Err(error) = outcome {
                        tracing::debug!(%client, %error, "a connection ended early");
                    }
                    return;
                }
                () = self.drain.cancelled(), if !leaving => {
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = shut.cancelled(), if !leaving => {
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = self.end.cancelled() => return,
            }
        }
    }
}

/// The open ports.
#[derive(Debug)]
pub(super) struct Doors {
    keeper: Doorkeeper,
    address: IpAddr,
    /// The port that stays open whatever the Gateways say.
    main: u16,
    others: BTreeMap<u16, CancellationToken>,
}

impl Doors {
    /// Opens the main port; 0 takes a free one.
    pub(super) fn new(keeper: Doorkeeper, address: IpAddr, port: u16) -> io::Result<Self> {
        let listener = keeper.listen.on(SocketAddr::new(address, port))?;
        let main = listener.local_addr()?.port();
        tokio::spawn(keeper.clone().serve(listener, main, CancellationToken::new()));
        Ok(Self { keeper, address, main, others: BTreeMap::new() })
    }

    pub(super) fn main(&self) -> u16 {
        self.main
    }

    /// Opens these ports and closes all others but the main one. Says which could not be opened, and why.
    pub(super) fn open(&mut self, wanted: &BTreeSet<u16>) -> BTreeMap<u16, String> {
        self.others.retain(|port, shut| {
            let stays = wanted.contains(port);
            if !stays {
                shut.cancel();
            }
            stays
        });
        let mut failed = BTreeMap::new();
        for port in wanted.iter().filter(|port| **port != self.main) {
            if self.others.contains_key(port) {
                continue;
            }
            match self.keeper.listen.on(SocketAddr::new(self.address, *port)) {
                Ok(listener) => {
                    let shut = CancellationToken::new();
                    tokio::spawn(self.keeper.clone().serve(listener, *port, shut.clone()));
                    self.others.insert(*port, shut);
                }
                Err(error) => drop(failed.insert(*port, error.to_string())),
            }
        }
        failed
    }
}
