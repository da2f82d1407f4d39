//! Bodies on their way through the gateway: streamed, never gathered.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

/// Why a body ended before its end.
pub(super) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer.
pub(super) enum Answer {
    /// Words of our own.
    Words(Option<Bytes>),
    /// The backend's, until the deadline of the whole request.
    Backend(Incoming, Option<Pin<Box<Sleep>>>),
}

impl Answer {
    pub(super) fn words(text: impl Into<Bytes>) -> Self {
        Self::Words(Some(text.into()).filter(|bytes| !bytes.is_empty()))
    }

    pub(super) fn backend(body: Incoming, deadline: Option<Instant>) -> Self {
        Self::Backend(body, deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline))))
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Words(words) => Poll::Ready(words.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Backend(body, deadline) => {
                if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
                    return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
                }
                match deadline {
                    Some(deadline) => deadline
                        .as_mut()
                        .poll(cx)
                        .map(|()| Some(Err("the request's deadline passed while the answer was sent".into()))),
                    None => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Words(words) => words.is_none(),
            Self::Backend(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Words(words) => SizeHint::with_exact(words.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Backend(body, _) => body.size_hint(),
        }
    }
}

/// The body of a request, kept for another try as long as nothing of it was read.
#[derive(Debug, Clone)]
pub(super) struct Lender {
    home: Arc<Mutex<Option<Incoming>>>,
    empty: bool,
}

impl Lender {
    pub(super) fn new(body: Incoming) -> Self {
        let empty = body.is_end_stream();
        Self { home: Arc::new(Mutex::new((!empty).then_some(body))), empty }
    }

    /// Whether there is no body at all.
    pub(super) fn is_empty(&self) -> bool {
        self.empty
    }

    /// The body for one try; none if an earlier try read of it.
    pub(super) fn lend(&self) -> Option<Loan> {
        if self.empty {
            return Some(Loan { body: None, home: None });
        }
        let body = self.home.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Loan { body: Some(body), home: Some(self.home.clone()) })
    }
}

/// A body on loan: goes home when it is dropped unread.
#[derive(Debug)]
pub(super) struct Loan {
    body: Option<Incoming>,
    home: Option<Arc<Mutex<Option<Incoming>>>>,
}

impl HttpBody for Loan {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        this.home = None;
        match &mut this.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let (Some(home), Some(body)) = (self.home.take(), self.body.take()) {
            *home.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}
