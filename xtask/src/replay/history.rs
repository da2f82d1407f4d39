//! Every change of our kinds, as watches show it.

use super::control_plane::list;
use super::kinds::{self, KindName};
use super::scenario::Id;
use anyhow::{Context, Result};
use futures::StreamExt as _;
use kube::Client;
use kube::api::{WatchEvent, WatchParams};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long watches may lag behind the server.
const LAG: Duration = Duration::from_secs(10);

/// One change.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) step: u32,
    pub(crate) event: &'static str,
    pub(crate) object: Value,
}

/// What was seen so far.
pub(crate) struct History {
    seen: Arc<Mutex<Seen>>,
    changed: watch::Receiver<u64>,
    watches: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    step: u32,
    entries: Vec<Entry>,
    /// The newest revision of each object that is there.
    present: BTreeMap<Id, String>,
    uids: BTreeMap<String, Id>,
}

impl History {
    /// Begins to watch all namespaced kinds of ours.
    pub(crate) async fn start(client: &Client) -> Result<History> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (tell, changed) = watch::channel(0);
        let tell = Arc::new(tell);
        let mut watches = Vec::new();
        for kind in kinds::ours().filter(|kind| kind.namespaced) {
            let api = kind.api(client, "");
            let stream = api.watch(&WatchParams::default().timeout(290), "0").await;
            let mut stream = stream.with_context(|| format!("cannot watch {}", kind.plural))?.boxed();
            let (seen, tell) = (Arc::clone(&seen), Arc::clone(&tell));
            watches.push(tokio::spawn(async move {
                while let Some(Ok(event)) = stream.next().await {
                    let (event, object) = match event {
                        WatchEvent::Added(object) => ("ADDED", object),
                        WatchEvent::Modified(object) => ("MODIFIED", object),
                        WatchEvent::Deleted(object) => ("DELETED", object),
                        WatchEvent::Bookmark(_) | WatchEvent::Error(_) => continue,
                    };
                    let Ok(mut object) = serde_json::to_value(object) else { continue };
                    object["kind"] = kind.kind.into();
                    seen.lock().unwrap_or_else(PoisonError::into_inner).take(event, object);
                    tell.send_modify(|count| *count += 1);
                }
            }));
        }
        Ok(History { seen, changed, watches })
    }

    /// What is seen from now on belongs to that step.
    pub(crate) fn begin(&self, step: u32) {
        self.lock().step = step;
    }

    /// All changes.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.lock().entries.clone()
    }

    /// Every uid that an object of ours had.
    pub(crate) fn uids(&self) -> BTreeMap<String, Id> {
        self.lock().uids.clone()
    }

    /// Waits until the watches have shown what the server has now.
    pub(crate) async fn catch_up(&self, client: &Client) -> Result<()> {
        let mut there = BTreeMap::new();
        let ours: Vec<KindName> = kinds::ours().filter(|kind| kind.namespaced).collect();
        for kind in &ours {
            for object in list(client, kind).await? {
                let revision = object["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
                there.insert(Id::of(&object), revision);
            }
        }
        let mut changed = self.changed.clone();
        let caught_up = async {
            while self.lock().present != there {
                changed.changed().await.context("all watches ended")?;
            }
            Ok(())
        };
        tokio::time::timeout(LAG, caught_up).await.context("watches do not show what the server has")?
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.watches.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

impl Seen {
    fn take(&mut self, event: &'static str, object: Value) {
        let id = Id::of(&object);
        if let Some(uid) = object["metadata"]["uid"].as_str() {
            self.uids.insert(uid.to_owned(), id.clone());
        }
        if event == "DELETED" {
            self.present.remove(&id);
        } else {
            let revision = object["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
            self.present.insert(id, revision);
        }
        self.entries.push(Entry { step: self.step, event, object });
    }
}
