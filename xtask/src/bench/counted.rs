//! A client that counts what goes through it.

use kube::Client;
use kube::client::Body;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Requests by what they are.
#[derive(Clone, Default)]
pub(super) struct Requests(Arc<Counts>);

#[derive(Default)]
struct Counts {
    reads: AtomicU64,
    writes: AtomicU64,
}

impl Requests {
    /// The client, counted here from now on.
    pub(super) fn through(&self, client: Client) -> Client {
        let counts = self.0.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let count = if request.method() == http::Method::GET { &counts.reads } else { &counts.writes };
            count.fetch_add(1, Ordering::Relaxed);
            let client = client.clone();
            async move { client.send(request).await }
        });
        Client::new(service, "default")
    }

    /// Lists, watches and gets.
    pub(super) fn reads(&self) -> u64 {
        self.0.reads.load(Ordering::Relaxed)
    }

    /// Everything else.
    pub(super) fn writes(&self) -> u64 {
        self.0.writes.load(Ordering::Relaxed)
    }

    pub(super) fn all(&self) -> u64 {
        self.reads() + self.writes()
    }
}
