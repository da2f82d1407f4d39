//! Accepts connections, finds out who is at the other end, hands requests on.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use http::{HeaderMap, Request, Response, header};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{
    Authority,
    limits::{self, Clients},
};
use crate::{
    admission::User,
    auth,
    core::Core,
    options::Limits,
    status::ApiError,
    store::OpenError,
    wire::{self, Body},
};

/// Connections at a time; more wait in the listener's queue.
const CONNECTIONS: usize = 4096;
/// Time for a TLS handshake.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time that a connection may be idle, and that the head of a request may take, as in kube-apiserver.
const IDLE: Duration = Duration::from_secs(90);
/// Time that connections get to finish when the server stops.
const GRACE: Duration = Duration::from_secs(5);
/// Most bytes of all headers of a request.
const HEADERS: usize = 64 * 1024;
/// Requests at a time over one HTTP/2 connection.
const STREAMS: u32 = 250;
/// Bytes of answers that wait for a client that does not read, for each request over HTTP/2.
const UNREAD: usize = 64 * 1024;

/// The running port.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Serving {
    /// The address that was bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the server has shut down and all connections have ended.
    pub async fn ended(self) {
        let _ = self.task.await;
    }
}

/// Serves until the server stops.
pub(crate) fn serve(
    core: Arc<Core>,
    listener: TcpListener,
    authority: &Authority,
    limits: Limits,
) -> Result<Serving, OpenError> {
    let address = listener
        .local_addr()
        .map_err(|source| OpenError::Io { what: "reading the address of the TLS port".into(), source })?;
    let acceptor = TlsAcceptor::from(Arc::new(authority.server_config()?));
    let task = tokio::spawn(accept(core, listener, acceptor, Arc::new(Clients::new(limits))));
    Ok(Serving { address, task })
}

async fn accept(core: Arc<Core>, listener: TcpListener, acceptor: TlsAcceptor, clients: Arc<Clients>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let tracker = tokio_util::task::TaskTracker::new();
    loop {
        let permit = tokio::select! {
            () = core.stopping.cancelled() => break,
            permit = room.clone().acquire_owned() => match permit {
                Ok(permit) => permit,
                Err(_) => break,
            },
        };
        let accepted = tokio::select! {
            () = core.stopping.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (core, acceptor, clients) = (core.clone(), acceptor.clone(), clients.clone());
                tracker.spawn(async move {
                    connection(core, acceptor, clients, stream).await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of file descriptors, usually: give others time to close theirs.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    tracker.close();
    if tokio::time::timeout(GRACE, tracker.wait()).await.is_err() {
        tracing::info!(connections = tracker.len(), "connections that did not end in time are cut");
    }
}

async fn connection(core: Arc<Core>, acceptor: TlsAcceptor, clients: Arc<Clients>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let stream = match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => return tracing::debug!("a TLS handshake took too long"),
    };
    let peer = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(|chain| chain.first())
        .and_then(|certificate| certified(certificate))
        .map(Arc::new);
    let stopping = core.stopping.clone();
    let (known, somebody) = tokio::sync::watch::channel(false);
    let known = Arc::new(known);
    let service_clients = clients.clone();
    let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
        let (core, clients, peer, known) = (core.clone(), service_clients.clone(), peer.clone(), known.clone());
        async move { Ok::<_, Infallible>(authenticated(core, &clients, peer, &known, request.map(Body::new)).await) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS as u32)
        .max_send_buf_size(UNREAD)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = clients.stranger(somebody) => return tracing::debug!("a connection over which nobody known asks is cut"),
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Name and groups of a client certificate that the authority signed.
fn certified(certificate: &[u8]) -> Option<User> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let subject = certificate.subject();
    let name = subject.iter_common_name().next()?.as_str().ok()?.to_owned();
    let mut groups: Vec<String> =
        subject.iter_organization().filter_map(|group| group.as_str().ok()).map(str::to_owned).collect();
    groups.push("system:authenticated".into());
    Some(User { name, groups, ..User::default() })
}

async fn authenticated(
    core: Arc<Core>,
    clients: &Clients,
    peer: Option<Arc<User>>,
    known: &tokio::sync::watch::Sender<bool>,
    mut request: Request<Body>,
) -> Response<Body> {
    let user = match who(&core, peer, request.headers()).and_then(|user| auth::acting(&core, user, request.headers())) {
        Ok(Some(user)) => user,
        Ok(None) => return wire::serve(core, request).await,
        Err(error) => return wire::failure(&error, wire::Format::JSON),
    };
    known.send_if_modified(|known| !std::mem::replace(known, true));
    let asked = limits::Asked::of(&request);
    let room = match clients.admit(&user.name, asked).await {
        Ok(room) => room,
        Err(error) => return wire::failure(&error, wire::Format::JSON),
    };
    request.extensions_mut().insert(user);
    request.extensions_mut().insert(clients.under_way());
    limits::hold(wire::serve(core, request).await, room)
}

/// Who asks: the bearer of a token, or the owner of the certificate. A wrong token is refused even with a certificate.
fn who(core: &Core, peer: Option<Arc<User>>, headers: &HeaderMap) -> Result<Option<Arc<User>>, ApiError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(peer) };
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let user = token.and_then(|token| auth::bearer(core, token)).ok_or_else(ApiError::unauthorized)?;
    Ok(Some(Arc::new(user)))
}
