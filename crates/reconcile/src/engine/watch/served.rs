//! Noticing that a cluster begins to serve a kind, without asking again and again: by watching its definitions.

use std::time::Duration;

use kube::Client;
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;

use super::Backoff;
use crate::engine::server::{Line, Refusal, list_page, open_watch};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json";
/// A new definition is served a moment after it appears.
const MOMENT: Duration = Duration::from_secs(5);

/// Counts changes of a cluster's custom resource definitions, once somebody wants to know.
pub(crate) struct Served {
    changes: watch::Sender<u64>,
    started: OnceCell<()>,
    stop: CancellationToken,
}

impl Served {
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self { changes: watch::Sender::new(0), started: OnceCell::new(), stop }
    }

    /// The number of changes seen so far.
    pub(crate) fn now(&self) -> u64 {
        *self.changes.borrow()
    }

    /// Returns when it is worth to ask again: after a change of the definitions, a few times shortly after one, or, on
    /// a cluster whose definitions cannot be watched, after a while.
    pub(crate) async fn changed_since(&self, seen: u64, client: &Client, backoff: &mut Backoff) {
        let mut changes = self.changes.subscribe();
        self.started.get_or_init(|| async { self.start(client.clone()) }).await;
        let delay = backoff.next();
        if delay < MOMENT {
            tokio::time::sleep(delay).await;
            return;
        }
        // An error here means that the sender, which `self` holds, is gone.
        if changes.wait_for(|count| *count != seen).await.is_ok() {
            backoff.reset();
        }
    }

    fn start(&self, client: Client) {
        let (changes, stop) = (self.changes.clone(), self.stop.clone());
        tokio::spawn(async move {
            let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    refusal = watch_definitions(&client, &changes) => {
                        tracing::debug!(%refusal, "the watch of custom resource definitions ended");
                        // Something may have changed while nobody looked.
                        changes.send_modify(|count| *count += 1);
                    }
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(backoff.next()) => {}
                }
            }
        });
    }
}

async fn watch_definitions(client: &Client, changes: &watch::Sender<u64>) -> Refusal {
    let revision = match list_page(client, format!("{DEFINITIONS}?limit=1"), METADATA).await {
        Ok(page) => page.resource_version,
        Err(refusal) => return refusal,
    };
    changes.send_modify(|count| *count += 1);
    let uri = format!("{DEFINITIONS}?watch=true&resourceVersion={revision}");
    let mut watch = match open_watch(client, uri, METADATA).await {
        Ok(watch) => watch,
        Err(refusal) => return refusal,
    };
    loop {
        match watch.next().await {
            Ok(Some(Line::Failed(refusal))) | Err(refusal) => return refusal,
            Ok(Some(Line::Bookmark(_))) => {}
            Ok(Some(_)) => changes.send_modify(|count| *count += 1),
            Ok(None) => {
                return Refusal { code: 0, reason: "Closed".into(), message: "the server closed the watch".into() };
            }
        }
    }
}
