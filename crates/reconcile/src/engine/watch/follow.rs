//! The life of one watch.

use std::time::{Duration, Instant};

use super::{Backoff, Sighting, WatchTask};
use crate::engine::Gvk;
use crate::engine::machine::Message;
use crate::engine::server::{Line, Mapping, Refusal, collection, discover, list_page, open_watch};

/// Objects per page of a list.
const PAGE: usize = 500;

/// A watch that ended earlier than this did not do its work.
const SHORT: Duration = Duration::from_secs(1);

/// Nobody listens any more.
struct Closed;

enum Broken {
    Closed,
    Refused(Refusal),
}

impl From<Closed> for Broken {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

impl From<Refusal> for Broken {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Follows a kind until the engine stops.
pub(crate) async fn follow(task: WatchTask) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
    let mut mapping = None;
    let mut revision = None;
    loop {
        let seen = task.served.now();
        let started = Instant::now();
        let broken = match step(&task, &mut mapping, &mut revision).await {
            Ok(()) => {
                // A server that ends every watch at once must not be asked again at once.
                if started.elapsed() > SHORT {
                    backoff.reset();
                } else {
                    tokio::time::sleep(backoff.next()).await;
                }
                continue;
            }
            Err(Broken::Closed) => return,
            Err(Broken::Refused(refusal)) => refusal,
        };
        let told = match broken.code {
            // Too old to follow: everything is listed again, at once.
            410 => {
                revision = None;
                tokio::time::sleep(backoff.next()).await;
                continue;
            }
            404 => {
                mapping = None;
                revision = None;
                if task.tell(Sighting::NotServed).await.is_err() {
                    return;
                }
                task.served.changed_since(seen, &task.client, &mut backoff).await;
                continue;
            }
            401 | 403 => Sighting::Forbidden(broken),
            _ => Sighting::Lost(broken),
        };
        if let Sighting::Lost(refusal) | Sighting::Forbidden(refusal) = &told {
            tracing::debug!(cluster = %task.cluster, gvk = %task.gvk, %refusal, "the watch ended");
        }
        if task.tell(told).await.is_err() {
            return;
        }
        tokio::time::sleep(backoff.next()).await;
    }
}

/// One stretch: whatever is missing of mapping and list, then one watch until it ends in good order.
async fn step(task: &WatchTask, mapping: &mut Option<Mapping>, revision: &mut Option<String>) -> Result<(), Broken> {
    let known = match mapping {
        Some(known) => known,
        None => {
            let not_served =
                || Refusal { code: 404, reason: "NotFound".into(), message: format!("{} is not served", task.gvk) };
            let found = discover(&task.client, &task.gvk).await?.ok_or_else(not_served)?;
            task.tell(Sighting::Mapped(found.clone())).await?;
            mapping.insert(found)
        }
    };
    let path = collection(&task.gvk, known, None);
    let from = match revision.take() {
        Some(from) => from,
        None => list(task, &path).await?,
    };
    let mut uri = format!("{path}?watch=true&allowWatchBookmarks=true&resourceVersion={from}");
    if let Some(selector) = task.selector {
        uri.push_str("&labelSelector=");
        uri.push_str(selector);
    }
    *revision = Some(from);
    let mut watch = open_watch(&task.client, uri, accept(&task.gvk)).await?;
    task.tell(Sighting::Connected).await?;
    while let Some(line) = watch.next().await? {
        let sighting = match line {
            Line::Put(object) => {
                *revision = Some(revision_of(&object)?);
                Sighting::Put(object)
            }
            Line::Gone(object) => {
                *revision = Some(revision_of(&object)?);
                Sighting::Gone(object)
            }
            Line::Bookmark(at) => {
                *revision = Some(at.clone());
                Sighting::Bookmark(at)
            }
            Line::Failed(refusal) => return Err(refusal.into()),
        };
        task.tell(sighting).await?;
    }
    Ok(())
}

async fn list(task: &WatchTask, path: &str) -> Result<String, Broken> {
    let mut items = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let mut uri = format!("{path}?limit={PAGE}");
        if let Some(selector) = task.selector {
            uri.push_str("&labelSelector=");
            uri.push_str(selector);
        }
        if let Some(next) = &next {
            uri.push_str("&continue=");
            push_query(&mut uri, next);
        }
        let mut page = list_page(&task.client, uri, accept(&task.gvk)).await?;
        items.append(&mut page.items);
        next = page.next;
        if next.is_none() {
            let resource_version = page.resource_version;
            task.tell(Sighting::Listed { items, resource_version: resource_version.clone() }).await?;
            return Ok(resource_version);
        }
    }
}

/// Of Secrets only the metadata is asked for; a server that cannot do that sends all, and the rest is dropped on intake.
fn accept(gvk: &Gvk) -> &'static str {
    if gvk.is_secret() {
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json"
    } else {
        "application/json"
    }
}

fn revision_of(object: &[u8]) -> Result<String, Refusal> {
    #[derive(serde::Deserialize)]
    struct Object {
        metadata: Meta,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Meta {
        resource_version: String,
    }
    let object: Object = serde_json::from_slice(object).map_err(|error| Refusal {
        code: 0,
        reason: "Broken".into(),
        message: format!("a watch event has no resource version: {error}"),
    })?;
    Ok(object.metadata.resource_version)
}

fn push_query(uri: &mut String, value: &str) {
    use std::fmt::Write as _;
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            uri.push(byte as char);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
}

impl WatchTask {
    async fn tell(&self, sighting: Sighting) -> Result<(), Closed> {
        self.out.send(Message::Saw { watch: self.id, sighting }).await.map_err(|_| Closed)
    }
}
