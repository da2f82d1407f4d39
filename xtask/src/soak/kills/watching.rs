//! A watch that is taken up again after each restart.

use super::history::{Kind, List, Seen};
use super::load;
use anyhow::{Context, Result, bail};
use futures::TryStreamExt;
use kube::Client;
use kube::api::WatchEvent;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest time to catch up.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Put,
    Deleted,
}

/// One event.
pub(super) struct Event {
    pub(super) change: Change,
    pub(super) name: String,
    pub(super) seen: Seen,
}

/// What was watched of a kind.
pub(super) struct Watching {
    pub(super) kind: &'static Kind,
    replica: BTreeMap<String, Seen>,
    /// Since the last restart, and those that came with it.
    events: Vec<Event>,
    cursor: u64,
}

impl Watching {
    pub(super) fn new(kind: &'static Kind) -> Self {
        Self { kind, replica: BTreeMap::new(), events: Vec::new(), cursor: 0 }
    }

    pub(super) fn is_new(&self) -> bool {
        self.cursor == 0
    }

    /// From this list on.
    pub(super) fn begin(&mut self, list: &List) {
        self.replica = list.objects.clone();
        self.cursor = list.revision;
        self.events.clear();
    }

    /// The newest revision that was told.
    pub(super) fn newest(&self) -> u64 {
        self.cursor
    }

    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    pub(super) fn replica(&self) -> &BTreeMap<String, Seen> {
        &self.replica
    }

    /// Forgets the events; answers how many there were.
    pub(super) fn forget(&mut self) -> usize {
        std::mem::take(&mut self.events).len()
    }

    /// Goes on until the event of that revision has come. Answers whether history did not reach back far enough.
    pub(super) async fn catch_up(&mut self, client: &Client, fence: u64) -> Result<bool> {
        let read = async {
            let mut stream = std::pin::pin!(self.stream(client).await?);
            while self.cursor < fence {
                match stream.try_next().await?.context("the watch ended while it caught up")? {
                    WatchEvent::Error(status) if status.code == 410 => return Ok(true),
                    event => self.take(event)?,
                }
            }
            anyhow::Ok(false)
        };
        tokio::time::timeout(PATIENCE, read).await.context("the watch does not catch up")?
    }

    /// Goes on until the connection breaks.
    pub(super) async fn follow(&mut self, client: &Client) {
        // Its end is the server's end, which is what is waited for.
        let Ok(stream) = self.stream(client).await else { return };
        let mut stream = std::pin::pin!(stream);
        while let Ok(Some(event)) = stream.try_next().await {
            if self.take(event).is_err() {
                return;
            }
        }
    }

    async fn stream(
        &self,
        client: &Client,
    ) -> Result<impl futures::Stream<Item = Result<WatchEvent<Value>, kube::Error>> + use<>> {
        let path = format!("{}?watch=true&resourceVersion={}", self.kind.path, self.cursor);
        Ok(client.request_events::<Value>(http::Request::get(path).body(Vec::new())?).await?)
    }

    fn take(&mut self, event: WatchEvent<Value>) -> Result<()> {
        let (change, object) = match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => (Change::Put, object),
            WatchEvent::Deleted(object) => (Change::Deleted, object),
            WatchEvent::Bookmark(_) => return Ok(()),
            WatchEvent::Error(status) => bail!("the watch told {status:?}"),
        };
        let (name, seen) = load::seen(&object).context("an event without metadata")?;
        self.cursor = seen.revision;
        match change {
            Change::Put => self.replica.insert(name.clone(), seen.clone()),
            Change::Deleted => self.replica.remove(&name),
        };
        self.events.push(Event { change, name, seen });
        Ok(())
    }
}
