//! Copies of requests: a mirror sees what the backend sees, as fast as the backend takes it or not to the end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, header::HOST};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::sync::{Semaphore, mpsc};

use super::backends::PodClients;
use super::body::{BodyError, Lender, Loan};
use super::rules::{Mirror, Speaks, Target};

/// Frames of a body that wait for a mirror; one that falls behind further gets no more.
const BEHIND: usize = 64;
/// How long a mirror may take for one copy.
const PATIENCE: Duration = Duration::from_secs(30);
/// Copies under way at once; above that requests are not copied.
const MOST: usize = 512;

/// The copies under way.
#[derive(Debug, Clone)]
pub(super) struct Mirrors {
    limit: Arc<Semaphore>,
}

/// Frames of a request's body, for a mirror.
#[derive(Debug, Clone)]
pub(super) struct Copied(mpsc::Sender<Bytes>);

impl Copied {
    /// Passes on a part of the body. Says whether the mirror kept up.
    pub(super) fn pass(&self, bytes: &Bytes) -> bool {
        self.0.try_send(bytes.clone()).is_ok()
    }
}

/// The body of a copy.
#[derive(Debug)]
pub(super) struct CopiedBody {
    parts: mpsc::Receiver<Bytes>,
    /// The length that was announced, and what is still to come of it.
    left: Option<u64>,
}

impl CopiedBody {
    pub(super) fn new(parts: mpsc::Receiver<Bytes>, length: Option<u64>) -> Self {
        Self { parts, left: length }
    }
}

impl HttpBody for CopiedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.left == Some(0) {
            return Poll::Ready(None);
        }
        match this.parts.poll_recv(cx) {
            Poll::Ready(Some(bytes)) => {
                this.left = this.left.map(|left| left.saturating_sub(bytes.len() as u64));
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Poll::Ready(None) if this.left.is_some() => {
                Poll::Ready(Some(Err("the request ended early, or the mirror fell behind".into())))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Mirrors {
    pub(super) fn new() -> Self {
        Self { limit: Arc::new(Semaphore::new(MOST)) }
    }

    /// Sends copies of a request whose body comes from `body`.
    pub(super) fn send(&self, clients: &Arc<PodClients>, mirrors: &[Mirror], parts: &Parts, body: &mut Lender) {
        for mirror in mirrors.iter().filter(|mirror| mirror.takes_next()) {
            let Target::Pods { service, pool, speaks, .. } = &mirror.target else { continue };
            let Ok(permit) = self.limit.clone().try_acquire_owned() else {
                tracing::debug!(%service, "a request was not copied: too many copies are under way");
                return;
            };
            let Some(pod) = pool.in_turn().next() else { continue };
            let loan = if body.is_empty() {
                Loan::empty()
            } else {
                let (sender, receiver) = mpsc::channel(BEHIND);
                body.copy_to(Copied(sender));
                Loan::copy(CopiedBody::new(receiver, body.length()))
            };
            let (clients, service, speaks) = (clients.clone(), service.clone(), *speaks);
            let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
            let mut request = Some(Request::from_parts(copy(parts), loan));
            tokio::spawn(async move {
                let answered = async {
                    let response = match speaks {
                        Speaks::Http1 => clients.http1(pod, &mut request, false).await?,
                        Speaks::Http2 => clients.http2(pod, &host, &mut request).await?,
                    };
                    // Nobody sees the answer; read to its end, the connection can be kept.
                    let mut body = response.into_body();
                    while let Some(Ok(_)) = body.frame().await {}
                    Ok::<_, super::backends::NoAnswer>(())
                };
                match tokio::time::timeout(PATIENCE, answered).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::debug!(%service, ?error, "a copy of a request was not taken"),
                    Err(_) => tracing::debug!(%service, "a copy of a request was not answered in time"),
                }
                drop(permit);
            });
        }
    }
}

/// The head of a request, without what makes it change the protocol of its connection.
fn copy(parts: &Parts) -> Parts {
    let (mut copy, ()) = Request::new(()).into_parts();
    copy.method = parts.method.clone();
    copy.uri = parts.uri.clone();
    copy.version = parts.version;
    copy.headers = parts.headers.clone();
    copy.headers.remove(http::header::UPGRADE);
    copy.headers.remove(http::header::CONNECTION);
    copy
}
