//! Connections to pods: HTTP/1.1 from kept ones, HTTP/2 over one connection per pod.

use std::collections::HashMap;
use std::error::Error as _;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::body::Loan;
use crate::network::services::Errand;

/// How long a pod may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// A request that cannot be sent again takes no connection that was idle for longer: its pod may be closing it right now.
const FRESH: Duration = Duration::from_secs(3);
/// How long a kept connection may take to be free; above that another is made.
const READY: Duration = Duration::from_millis(20);
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_mins(1);
/// Idle connections kept per pod.
const MOST_IDLE: usize = 64;
/// How often an HTTP/2 connection is asked whether it is alive.
const ALIVE: Duration = Duration::from_secs(20);

const NOTHING: &str = "there was no request to send";

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
#[derive(Debug, Default)]
pub(super) struct PodClients {
    idle: Arc<Idle>,
    http2: Mutex<HashMap<SocketAddr, http2::SendRequest<Loan>>>,
}

/// HTTP/1.1 connections that wait for their next request.
#[derive(Debug, Default)]
struct Idle {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_pod: HashMap<SocketAddr, Vec<(http1::SendRequest<Loan>, Instant)>>,
    /// Whether somebody looks after those that are idle for long.
    swept: bool,
}

impl Idle {
    /// The connection that was used last, which is the most likely to be open still; none that was idle for longer than
    /// `fresh`.
    fn take(&self, pod: SocketAddr, fresh: Duration) -> Option<http1::SendRequest<Loan>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = kept.by_pod.get_mut(&pod)?;
        while let Some((sender, _)) = waiting.pop_if(|(_, since)| since.elapsed() < fresh) {
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        if waiting.is_empty() {
            kept.by_pod.remove(&pod);
        }
        None
    }

    fn put(self: &Arc<Self>, pod: SocketAddr, sender: http1::SendRequest<Loan>) {
        if sender.is_closed() {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = kept.by_pod.entry(pod).or_default();
        if waiting.len() < MOST_IDLE {
            waiting.push((sender, Instant::now()));
        }
        if !std::mem::replace(&mut kept.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }
}

/// Ends connections that are idle for long, as long as there are any.
async fn sweep(idle: Weak<Idle>) {
    loop {
        tokio::time::sleep(IDLE / 2).await;
        let Some(idle) = idle.upgrade() else { return };
        let mut kept = idle.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_pod.retain(|_, waiting| {
            waiting.retain(|(sender, since)| !sender.is_closed() && since.elapsed() < IDLE);
            !waiting.is_empty()
        });
        if kept.by_pod.is_empty() {
            kept.swept = false;
            return;
        }
    }
}

/// The body of a pod's answer. Read to its end, its connection is kept for the next request.
#[derive(Debug)]
pub(super) struct PodBody {
    body: Incoming,
    connection: Option<(http1::SendRequest<Loan>, SocketAddr, Arc<Idle>)>,
    /// The pod is waited for until this is dropped.
    errand: Option<Errand>,
}

impl PodBody {
    /// Counts as under way until the body has been read or given up.
    pub(super) fn on(mut self, errand: Errand) -> Self {
        self.errand = Some(errand);
        self
    }

    fn keep_if_done(&mut self) {
        if self.body.is_end_stream() {
            self.keep();
        }
    }

    fn keep(&mut self) {
        if let Some((sender, pod, idle)) = self.connection.take() {
            idle.put(pod, sender);
        }
        self.errand = None;
    }
}

impl HttpBody for PodBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        match &polled {
            Poll::Ready(None) => this.keep(),
            Poll::Ready(Some(Ok(_))) => this.keep_if_done(),
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl PodClients {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Sends over HTTP/1.1 to the path in the request's URI. The `Host` header stays as it is. `repeatable` says whether the
    /// request would be sent again if its connection ended under it. The request is taken as soon as a connection is there
    /// and put back where it was not sent.
    pub(super) async fn http1(
        &self,
        pod: SocketAddr,
        request: &mut Option<Request<Loan>>,
        repeatable: bool,
    ) -> Result<Response<PodBody>, NoAnswer> {
        loop {
            let kept = self.idle.take(pod, if repeatable { IDLE } else { FRESH });
            let fresh = kept.is_none();
            let mut sender = match kept {
                Some(sender) => sender,
                None => connect(pod).await?,
            };
            if !sender.is_ready() {
                // Its last answer has been read, and perhaps its last request not been sent to the end yet.
                let ready = tokio::time::timeout(READY, poll_fn(|cx| sender.poll_ready(cx))).await;
                match ready {
                    Ok(Ok(())) => {}
                    _ if fresh => return Err(NoAnswer::Refused("the connection ended at once".into())),
                    _ => continue,
                }
            }
            let Some(mut sending) = request.take() else { return Err(NoAnswer::Broken(NOTHING.into())) };
            *sending.version_mut() = Version::HTTP_11;
            match sender.try_send_request(sending).await {
                Ok(response) => {
                    let (parts, body) = response.into_parts();
                    let connection = Some((sender, pod, self.idle.clone()));
                    let mut body = PodBody { body, connection, errand: None };
                    body.keep_if_done();
                    return Ok(Response::from_parts(parts, body));
                }
                Err(mut unsent) => match unsent.take_message() {
                    Some(same) => {
                        *request = Some(same);
                        // A kept connection ended before the request was on its way: nobody saw it.
                        if fresh {
                            return Err(NoAnswer::Refused(words(unsent.error())));
                        }
                    }
                    None if closed(unsent.error()) => return Err(NoAnswer::Closed(words(unsent.error()))),
                    None => return Err(NoAnswer::Broken(words(unsent.error()))),
                },
            }
        }
    }

    /// Sends over HTTP/2 without TLS, with `host` as the authority.
    pub(super) async fn http2(
        &self,
        pod: SocketAddr,
        host: &str,
        request: &mut Option<Request<Loan>>,
    ) -> Result<Response<PodBody>, NoAnswer> {
        let mut sender = self.http2_sender(pod).await?;
        sender.ready().await.map_err(|error| NoAnswer::Refused(words(&error)))?;
        let Some(mut sending) = request.take() else { return Err(NoAnswer::Broken(NOTHING.into())) };
        *sending.uri_mut() = absolute(host, sending.uri())?;
        *sending.version_mut() = Version::HTTP_2;
        sending.headers_mut().remove(http::header::HOST);
        match sender.try_send_request(sending).await {
            Ok(response) => Ok(response.map(|body| PodBody { body, connection: None, errand: None })),
            Err(mut unsent) => Err(match unsent.take_message() {
                Some(same) => {
                    *request = Some(same);
                    NoAnswer::Refused(words(unsent.error()))
                }
                None if closed(unsent.error()) => NoAnswer::Closed(words(unsent.error())),
                None => NoAnswer::Broken(words(unsent.error())),
            }),
        }
    }

    async fn http2_sender(&self, pod: SocketAddr) -> Result<http2::SendRequest<Loan>, NoAnswer> {
        let kept = self.http2.lock().unwrap_or_else(PoisonError::into_inner).get(&pod).cloned();
        if let Some(sender) = kept.filter(|sender| !sender.is_closed()) {
            return Ok(sender);
        }
        let stream = dial(pod).await?;
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

async fn dial(pod: SocketAddr) -> Result<TcpStream, NoAnswer> {
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect(pod)).await;
    let stream = stream
        .map_err(|_| NoAnswer::Refused("no connection in time".into()))?
        .map_err(|error| NoAnswer::Refused(error.to_string()))?;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn connect(pod: SocketAddr) -> Result<http1::SendRequest<Loan>, NoAnswer> {
    let stream = dial(pod).await?;
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| NoAnswer::Refused(words(&error)))?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%pod, %error, "a connection to a pod ended");
        }
    });
    Ok(sender)
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

/// Whether the connection ended before an answer began.
fn closed(error: &hyper::Error) -> bool {
    if error.is_closed() || error.is_canceled() || error.is_incomplete_message() {
        return true;
    }
    let mut source = error.source();
    while let Some(inner) = source {
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
