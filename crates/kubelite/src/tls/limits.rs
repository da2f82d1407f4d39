//! How much one client may ask for at a time. Who has too much under way waits a moment and is then told to
//! come back; others do not notice.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, Weak},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    options::Limits,
    status::ApiError,
    store::{Entered, UnderWay},
    wire::Body,
};

/// Body bytes are counted in units of this.
const UNIT: usize = 1024;
/// Requests that may wait for room, for each that may have it. They are only heads: their bodies are not read meanwhile.
const WAITING: usize = 4;
/// What a body of unknown length is counted as: the largest that is read.
const UNKNOWN: usize = 3 * 1024 * 1024;

/// All clients that have something under way.
pub(super) struct Clients {
    limits: Limits,
    under_way: UnderWay,
    known: Mutex<HashMap<String, Weak<Client>>>,
}

struct Client {
    requests: Arc<Semaphore>,
    /// Those that may wait for room.
    waiting: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

/// Room that a request takes until its answer is sent.
pub(super) struct Room {
    _client: Arc<Client>,
    _request: OwnedSemaphorePermit,
    _bytes: Option<OwnedSemaphorePermit>,
    _entered: Option<Entered>,
}

impl Clients {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, under_way: UnderWay::default(), known: Mutex::default() }
    }

    /// The requests under way that have an end.
    pub(super) fn under_way(&self) -> UnderWay {
        self.under_way.clone()
    }

    /// Ends when nobody known has asked in time.
    pub(super) async fn stranger(&self, mut somebody: tokio::sync::watch::Receiver<bool>) {
        if tokio::time::timeout(self.limits.strangers, somebody.wait_for(|known| *known)).await.is_ok() {
            std::future::pending::<()>().await;
        }
    }

    /// Room for the request, after a moment if need be, or the refusal.
    pub(super) async fn admit(&self, user: &str, asked: Asked) -> Result<Room, ApiError> {
        let client = self.client(user);
        let request_room = if asked.long {
            let most = self.limits.streams;
            let refused = |_| refusal(&format!("{user:?} has {most} watches and streams under way"));
            client.streams.clone().try_acquire_owned().map_err(refused)?
        } else {
            let most = self.limits.requests;
            let refused = || refusal(&format!("{user:?} has {most} requests under way"));
            self.request(&client).await.ok_or_else(refused)?
        };
        let units = asked.units;
        let bytes = (units > 0)
            .then(|| client.bytes.clone().try_acquire_many_owned(units))
            .transpose()
            .map_err(|_| refusal(&format!("{user:?} has bodies of {} bytes under way", self.limits.bytes)))?;
        let entered = (!asked.long).then(|| self.under_way.enter());
        Ok(Room { _client: client, _request: request_room, _bytes: bytes, _entered: entered })
    }

    /// A disk that is slow for a moment makes nobody come back a second later who could have waited for that moment.
    async fn request(&self, client: &Client) -> Option<OwnedSemaphorePermit> {
        if let Ok(room) = client.requests.clone().try_acquire_owned() {
            return Some(room);
        }
        let _waiting = client.waiting.try_acquire().ok()?;
        tokio::time::timeout(self.limits.wait, client.requests.clone().acquire_owned()).await.ok()?.ok()
    }

    fn client(&self, user: &str) -> Arc<Client> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = known.get(user).and_then(Weak::upgrade) {
            return client;
        }
        // Those who have nothing under way are forgotten.
        known.retain(|_, client| client.strong_count() > 0);
        let semaphore = |most: usize| Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        let client = Arc::new(Client {
            requests: semaphore(self.limits.requests),
            waiting: semaphore(self.limits.requests.saturating_mul(WAITING)),
            streams: semaphore(self.limits.streams),
            bytes: semaphore(self.limits.bytes.div_ceil(UNIT)),
        });
        known.insert(user.to_owned(), Arc::downgrade(&client));
        client
    }
}

/// What a request takes room for.
pub(super) struct Asked {
    long: bool,
    /// Of its body.
    units: u32,
}

impl Asked {
    pub(super) fn of(request: &Request<Body>) -> Self {
        let expected = match request.body().size_hint().exact() {
            Some(size) => usize::try_from(size).unwrap_or(UNKNOWN).min(UNKNOWN),
            None => UNKNOWN,
        };
        Self { long: is_long(request), units: u32::try_from(expected.div_ceil(UNIT)).unwrap_or(u32::MAX) }
    }
}

/// As kube-apiserver refuses, with who and what added.
fn refusal(why: &str) -> ApiError {
    let message = format!("Too many requests, please try again later. ({why})");
    let mut error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message);
    error.details.get_or_insert_default().retry_after = 1;
    error
}

/// Whether the answer goes on for as long as the client likes.
fn is_long(request: &Request<Body>) -> bool {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let last = path.rsplit('/').next().unwrap_or_default();
    matches!(last, "exec" | "attach" | "portforward" | "log" | "proxy")
        || (request.method() == Method::GET
            && (path.contains("/watch/")
                || query.split('&').any(|word| matches!(word, "watch=true" | "watch=1" | "watch"))))
}

/// The answer holds the room until it is sent.
pub(super) fn hold(response: Response<Body>, room: Room) -> Response<Body> {
    response.map(|body| Body::new(Held { body, _room: room }))
}

struct Held {
    body: Body,
    _room: Room,
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn request(method: &str, uri: &str, body: &'static str) -> Request<Body> {
        Request::builder().method(method).uri(uri).body(Body::from(body)).unwrap()
    }

    #[tokio::test]
    async fn one_clients_requests_watches_and_bodies_are_limited_each_for_itself() {
        let limits = Limits { requests: 2, streams: 1, bytes: 4096, wait: Duration::ZERO, ..Limits::default() };
        let clients = Clients::new(limits);
        let get = || Asked::of(&request("GET", "/api/v1/pods", ""));
        let watch = || Asked::of(&request("GET", "/api/v1/pods?watch=true", ""));
        let first = clients.admit("ann", get()).await.unwrap();
        let _second = clients.admit("ann", get()).await.unwrap();
        let refused = clients.admit("ann", get()).await.err().unwrap();
        assert_eq!((refused.code.as_u16(), refused.details.unwrap().retry_after), (429, 1));
        assert!(refused.message.contains("\"ann\" has 2 requests under way"), "{}", refused.message);
        assert!(clients.admit("bob", get()).await.is_ok(), "others do not notice");
        let _watch = clients.admit("ann", watch()).await.unwrap();
        assert!(clients.admit("ann", watch()).await.is_err());
        drop(first);
        let body = |bytes| Asked::of(&request("POST", "/api/v1/pods", "x".repeat(bytes).leak()));
        let third = clients.admit("ann", body(3000)).await.unwrap();
        drop(third);
        assert!(clients.admit("ann", body(5000)).await.is_err());
        assert!(clients.admit("ann", body(3000)).await.is_ok());
    }

    #[tokio::test]
    async fn who_has_too_many_requests_waits_a_moment_and_so_do_only_some() {
        let clients = Clients::new(Limits { requests: 1, wait: Duration::from_hours(1), ..Limits::default() });
        let get = || Asked::of(&request("GET", "/api/v1/pods", ""));
        let first = clients.admit("ann", get()).await.unwrap();
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(clients.admit("ann", get()))).collect();
        for one in &mut waiting {
            assert!(futures::poll!(one).is_pending(), "it waits");
        }
        assert!(clients.admit("ann", get()).await.is_err(), "enough are waiting");
        drop(first);
        for one in waiting {
            assert!(one.await.is_ok(), "in their order");
        }
    }

    #[test]
    fn a_change_cannot_pass_for_a_watch() {
        assert!(!is_long(&request("POST", "/api/v1/pods?watch=true", "")));
        assert!(is_long(&request("GET", "/api/v1/namespaces/a/pods/b/log?follow=true", "")));
        assert!(is_long(&request("GET", "/api/v1/watch/pods", "")));
    }
}
