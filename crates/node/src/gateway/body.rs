//! Bodies on their way through the gateway: streamed, never gathered.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::backends::PodBody;
use super::mirror::{Copied, CopiedBody};

/// Why a body ended before its end.
pub(super) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer.
pub(super) enum Answer {
    /// Words of our own.
    Words(Option<Bytes>),
    /// The backend's, until the deadline of the whole request.
    Backend(PodBody, Option<Pin<Box<Sleep>>>),
}

impl Answer {
    pub(super) fn words(text: impl Into<Bytes>) -> Self {
        Self::Words(Some(text.into()).filter(|bytes| !bytes.is_empty()))
    }

    pub(super) fn backend(body: PodBody, deadline: Option<Instant>) -> Self {
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

/// The body of a request, kept for another try as long as that is possible: nothing of it was read, or it is held whole.
#[derive(Debug, Clone)]
pub(super) struct Lender {
    kind: Kept,
    copies: Vec<Copied>,
}

#[derive(Debug, Clone)]
enum Kept {
    Nothing,
    Whole(Bytes),
    Unread { home: Arc<Mutex<Option<Incoming>>>, length: Option<u64> },
}

impl Lender {
    pub(super) fn new(body: Incoming) -> Self {
        let kind = if body.is_end_stream() {
            Kept::Nothing
        } else {
            let length = body.size_hint().exact();
            Kept::Unread { home: Arc::new(Mutex::new(Some(body))), length }
        };
        Self { kind, copies: Vec::new() }
    }

    /// Reads the body whole, if it says that it has at most `most` bytes, so that it can be sent as often as needed.
    ///
    /// # Errors
    /// The client broke off.
    pub(super) async fn hold(&mut self, most: u64) -> Result<(), hyper::Error> {
        let Kept::Unread { home, length: Some(length) } = &self.kind else { return Ok(()) };
        if *length > most {
            return Ok(());
        }
        let body = home.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(body) = body {
            self.kind = Kept::Whole(body.collect().await?.to_bytes());
        }
        Ok(())
    }

    /// Whether there is no body at all.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.kind, Kept::Nothing)
    }

    /// Whether the body can be sent again though an earlier try read of it.
    pub(super) fn is_repeatable(&self) -> bool {
        matches!(self.kind, Kept::Nothing | Kept::Whole(_))
    }

    /// The length that the client announced.
    pub(super) fn length(&self) -> Option<u64> {
        match &self.kind {
            Kept::Nothing => Some(0),
            Kept::Whole(bytes) => Some(bytes.len() as u64),
            Kept::Unread { length, .. } => *length,
        }
    }

    /// Lets `copy` see the body as the first try sends it.
    pub(super) fn copy_to(&mut self, copy: Copied) {
        self.copies.push(copy);
    }

    /// The body for one try; none if an earlier try read of it.
    pub(super) fn lend(&mut self) -> Option<Loan> {
        let source = match &self.kind {
            Kept::Nothing => return Some(Loan::empty()),
            Kept::Whole(bytes) => Source::Held(Some(bytes.clone())),
            Kept::Unread { home, .. } => {
                let body = home.lock().unwrap_or_else(PoisonError::into_inner).take()?;
                Source::Client(body, Some(home.clone()))
            }
        };
        // A body that goes home unread was not seen by the copies; they see it with the next try.
        let copies = match &self.kind {
            Kept::Whole(_) => std::mem::take(&mut self.copies),
            _ => self.copies.clone(),
        };
        Some(Loan { source, copies })
    }
}

/// A body on loan: goes home when it is dropped unread.
#[derive(Debug)]
pub(super) struct Loan {
    source: Source,
    copies: Vec<Copied>,
}

#[derive(Debug)]
enum Source {
    Nothing,
    Held(Option<Bytes>),
    Client(Incoming, Option<Arc<Mutex<Option<Incoming>>>>),
    Copy(CopiedBody),
    Gone,
}

impl Loan {
    /// No body.
    pub(super) fn empty() -> Self {
        Self { source: Source::Nothing, copies: Vec::new() }
    }

    /// The body of a copy.
    pub(super) fn copy(body: CopiedBody) -> Self {
        Self { source: Source::Copy(body), copies: Vec::new() }
    }
}

impl HttpBody for Loan {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let polled = match &mut this.source {
            Source::Nothing | Source::Gone => return Poll::Ready(None),
            Source::Held(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Source::Client(body, home) => {
                *home = None;
                Pin::new(body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(Into::into)))
            }
            Source::Copy(body) => Pin::new(body).poll_frame(cx),
        };
        if !this.copies.is_empty() {
            match &polled {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Some(bytes) = frame.data_ref() {
                        this.copies.retain(|copy| copy.pass(bytes));
                    }
                }
                Poll::Ready(_) => this.copies.clear(),
                Poll::Pending => {}
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Nothing | Source::Gone => true,
            Source::Held(bytes) => bytes.is_none(),
            Source::Client(body, _) => body.is_end_stream(),
            Source::Copy(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Nothing | Source::Gone => SizeHint::with_exact(0),
            Source::Held(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Source::Client(body, _) => body.size_hint(),
            Source::Copy(body) => body.size_hint(),
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Source::Client(body, Some(home)) = std::mem::replace(&mut self.source, Source::Gone) {
            *home.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}
