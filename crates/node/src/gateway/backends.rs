//! Connections to pods: HTTP/1.1 from a pool of kept ones, HTTP/2 over one connection per pod.

use std::collections::HashMap;
use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;

use super::body::Loan;

/// How long a pod may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_mins(1);
/// Idle connections kept per pod.
const MOST_IDLE: usize = 64;
/// How often an HTTP/2 connection is asked whether it is alive.
const ALIVE: Duration = Duration::from_secs(20);

/// Why a pod gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// It did not accept a connection: nothing was sent.
    Refused(String),
    /// The connection ended before an answer began: the request may have been seen.
    Closed(String),
    /// What came is no HTTP answer.
    Broken(String),
}

/// The connections to all pods.
#[derive(Debug)]
pub(super) struct PodClients {
    http1: Client<HttpConnector, Loan>,
    http2: Mutex<HashMap<SocketAddr, http2::SendRequest<Loan>>>,
}

impl PodClients {
    pub(super) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).pool_max_idle_per_host(MOST_IDLE);
        Self { http1: builder.build(connector), http2: Mutex::default() }
    }

    /// Sends over HTTP/1.1. The `Host` header stays as it is.
    pub(super) async fn http1(
        &self,
        pod: SocketAddr,
        mut request: Request<Loan>,
    ) -> Result<Response<Incoming>, NoAnswer> {
        *request.uri_mut() = absolute(&pod.to_string(), request.uri())?;
        *request.version_mut() = Version::HTTP_11;
        self.http1.request(request).await.map_err(|error| {
            let words = words(&error);
            if error.is_connect() {
                NoAnswer::Refused(words)
            } else if closed(&error) {
                NoAnswer::Closed(words)
            } else {
                NoAnswer::Broken(words)
            }
        })
    }

    /// Sends over HTTP/2 without TLS, with `host` as the authority.
    pub(super) async fn http2(
        &self,
        pod: SocketAddr,
        host: &str,
        mut request: Request<Loan>,
    ) -> Result<Response<Incoming>, NoAnswer> {
        *request.uri_mut() = absolute(host, request.uri())?;
        *request.version_mut() = Version::HTTP_2;
        request.headers_mut().remove(http::header::HOST);
        let mut sender = self.http2_sender(pod).await?;
        sender.ready().await.map_err(|error| NoAnswer::Refused(words(&error)))?;
        sender.send_request(request).await.map_err(|error| {
            if error.is_closed() || error.is_canceled() || error.is_incomplete_message() {
                NoAnswer::Closed(words(&error))
            } else {
                NoAnswer::Broken(words(&error))
            }
        })
    }

    async fn http2_sender(&self, pod: SocketAddr) -> Result<http2::SendRequest<Loan>, NoAnswer> {
        let kept = self.http2.lock().unwrap_or_else(PoisonError::into_inner).get(&pod).cloned();
        if let Some(sender) = kept.filter(|sender| !sender.is_closed()) {
            return Ok(sender);
        }
        let stream = tokio::time::timeout(CONNECT, TcpStream::connect(pod)).await;
        let stream = stream
            .map_err(|_| NoAnswer::Refused("no connection in time".into()))?
            .map_err(|error| NoAnswer::Refused(error.to_string()))?;
        let _ = stream.set_nodelay(true);
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).keep_alive_interval(ALIVE).keep_alive_while_idle(true);
        let (sender, connection) =
            builder.handshake(TokioIo::new(stream)).await.map_err(|error| NoAnswer::Refused(words(&error)))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%pod, %error, "an HTTP/2 connection to a pod ended");
            }
        });
        let mut kept = self.http2.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, sender| !sender.is_closed());
        kept.insert(pod, sender.clone());
        Ok(sender)
    }
}

fn absolute(authority: &str, uri: &Uri) -> Result<Uri, NoAnswer> {
    let wrong = |error: http::Error| NoAnswer::Broken(error.to_string());
    let authority = Authority::try_from(authority).map_err(|error| wrong(error.into()))?;
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    parts.path_and_query = uri.path_and_query().cloned();
    Uri::from_parts(parts).map_err(|error| wrong(error.into()))
}

fn closed(error: &hyper_util::client::legacy::Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(error) = inner.downcast_ref::<hyper::Error>()
            && (error.is_closed() || error.is_canceled() || error.is_incomplete_message())
        {
            return true;
        }
        if let Some(error) = inner.downcast_ref::<io::Error>() {
            return matches!(
                error.kind(),
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted
            );
        }
        source = inner.source();
    }
    false
}

/// The innermost cause, which is the one that says something.
fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
