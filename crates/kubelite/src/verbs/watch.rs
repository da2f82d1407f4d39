//! Watch: a cursor into the shelf's history, one line per event.
//!
//! There is no queue per watcher: the stream reads from the shelf's history when the connection has room. A watcher that is so
//! slow that history has moved past its cursor gets `410 Expired` and costs nobody anything.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::stream;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;
use tokio::time::Instant;

use super::{
    Call,
    list::{self, Selection},
};
use crate::{
    faults::{self, FaultPoint},
    kinds::Origin,
    object::meta,
    shape,
    status::ApiError,
    store::{Event, EventKind, LineKey, Shelf, Since, Stored},
    wire::{Body, Shape},
};

/// Events that are turned into lines at a time.
const CHUNK: usize = 100;
/// So many watches of a resource share the lines of its events.
const MANY: usize = 4;
/// How often a watcher that wants it learns how far history got.
const BOOKMARK: Duration = Duration::from_mins(1);

enum Phase {
    /// Objects that are there already.
    Initial(VecDeque<Arc<Stored>>),
    Live,
    Ended,
}

struct Watcher {
    call: Call,
    selection: Selection,
    shelf: Arc<Shelf>,
    changed: tokio::sync::watch::Receiver<u64>,
    cursor: u64,
    /// The newest revision that the client knows of.
    told: u64,
    phase: Phase,
    mark_initial: bool,
    deadline: Option<Instant>,
    bookmark: Instant,
    columns_sent: bool,
}

/// Answers with a stream of events.
pub(crate) fn watch(call: Call) -> Result<Response<Body>, ApiError> {
    if call.core.stopping.is_cancelled() {
        // It would end at once, and whoever watches would come again at once.
        return Err(ApiError::unavailable("the server is shutting down"));
    }
    let selection = Selection::of(&call)?;
    let params = &call.params;
    let shelf = call.core.store.shelf(&call.kind.shelf);
    let changed = shelf.changes();
    super::list_options::check(params)?;
    let asked = list::revision(&params.resource_version)?;
    let committed = call.core.store.revision();
    if asked.is_some_and(|asked| asked > committed) {
        return Err(list::too_new(asked.unwrap_or(0), committed));
    }
    let from_now = asked.is_none_or(|asked| asked == 0);
    let initial = params.initial_events.unwrap_or(from_now);
    let (phase, cursor) = if initial {
        let (objects, at) = shelf.list(&selection.prefix, None, || call.core.store.revision());
        (Phase::Initial(objects.into_iter().filter(|object| selection.matches(object)).collect()), at)
    } else if from_now {
        (Phase::Live, committed)
    } else {
        (Phase::Live, asked.unwrap_or(0))
    };
    let now = Instant::now();
    let deadline =
        params.timeout_seconds.filter(|&seconds| seconds > 0).map(|seconds| now + Duration::from_secs(seconds));
    let mark_initial = params.initial_events == Some(true) && params.bookmarks;
    let yaml = call.format.yaml;
    if yaml {
        return Err(ApiError::not_acceptable("application/json"));
    }
    let watcher = Watcher {
        selection,
        shelf,
        changed,
        cursor,
        told: cursor,
        phase,
        mark_initial,
        deadline,
        bookmark: now + BOOKMARK,
        columns_sent: false,
        call,
    };
    let mut response = Response::new(Body::from_stream(stream::unfold(watcher, |mut watcher| async move {
        let chunk = watcher.next().await?;
        if faults::at(watcher.call.core.faults.as_ref(), FaultPoint::WatchSend) {
            watcher.phase = Phase::Ended;
            let end = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "a fault was put here");
            return Some((Err(end), watcher));
        }
        Some((Ok(chunk), watcher))
    })));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    Ok(response)
}

impl Watcher {
    /// The next lines; `None`: the watch ended.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match &mut self.phase {
                Phase::Ended => return None,
                Phase::Initial(objects) => {
                    let part: Vec<_> = objects.drain(..objects.len().min(CHUNK)).collect();
                    if part.is_empty() {
                        self.phase = Phase::Live;
                        if std::mem::take(&mut self.mark_initial) {
                            return Some(self.bookmark_line(true));
                        }
                        continue;
                    }
                    let mut lines = Vec::new();
                    for object in part {
                        self.line("ADDED", &object, object.revision, &mut lines);
                    }
                    return Some(lines.into());
                }
                Phase::Live => {
                    // Marked as seen before reading, so that a change in between wakes the wait below.
                    self.changed.borrow_and_update();
                    match self.shelf.since(self.cursor, CHUNK) {
                        Since::Expired => return Some(self.expired()),
                        Since::Events(events) if events.is_empty() => {}
                        Since::Events(events) => {
                            let lines = self.lines(&events);
                            if lines.is_empty() {
                                continue;
                            }
                            return Some(lines);
                        }
                    }
                }
            }
            if let Some(lines) = self.wait().await {
                return (!lines.is_empty()).then_some(lines);
            }
        }
    }

    /// Waits for changes; answers lines that are due without one, empty for the end.
    async fn wait(&mut self) -> Option<Bytes> {
        let wants_bookmarks = self.call.params.bookmarks;
        let deadline = self.deadline;
        tokio::select! {
            biased;
            () = self.call.core.stopping.cancelled() => {
                self.phase = Phase::Ended;
                Some(Bytes::new())
            }
            changed = self.changed.changed() => {
                if changed.is_err() {
                    self.phase = Phase::Ended;
                    return Some(Bytes::new());
                }
                None
            }
            () = async { match deadline { Some(at) => tokio::time::sleep_until(at).await, None => std::future::pending().await } } => {
                self.phase = Phase::Ended;
                Some(if wants_bookmarks { self.bookmark_line(false) } else { Bytes::new() })
            }
            () = tokio::time::sleep_until(self.bookmark), if wants_bookmarks => {
                self.bookmark = Instant::now() + BOOKMARK;
                let (_, at) = self.shelf.list("\u{10ffff}", None, || self.call.core.store.revision());
                // Nothing of this shelf lies between the cursor and now, or `since` would have said so.
                match self.shelf.since(self.cursor, 1) {
                    Since::Events(events) if events.is_empty() && at > self.told => {
                        self.cursor = at;
                        Some(self.bookmark_line(false))
                    }
                    _ => None,
                }
            }
        }
    }

    /// The lines of these events; empty when none of them is for this watch.
    fn lines(&mut self, events: &[Arc<Event>]) -> Bytes {
        let shared = self.shelf.watchers() >= MANY;
        let mut lines = Vec::new();
        let mut only = Bytes::new();
        for event in events {
            self.cursor = event.object.revision;
            let Some((change, shown)) = self.shown(event) else { continue };
            let revision = event.object.revision;
            // The cells of a table tell how old the object is at that moment.
            if !shared || self.call.format.shape == Shape::Table {
                self.line(change, &shown, revision, &mut lines);
                continue;
            }
            self.told = revision;
            let line = event.lines.get(self.key(change), || {
                let mut line = Vec::new();
                self.encode(change, &shown, revision, false, &mut line);
                line.into()
            });
            if events.len() == 1 {
                only = line;
            } else {
                lines.extend_from_slice(&line);
            }
        }
        if lines.is_empty() { only } else { lines.into() }
    }

    /// What an event is for this watch, and the object to show.
    fn shown(&self, event: &Event) -> Option<(&'static str, Arc<Stored>)> {
        let before = event.before.as_ref().filter(|before| self.selection.matches(before));
        let now = event.kind == EventKind::Put && self.selection.matches(&event.object);
        match (before, now) {
            (None, true) => Some(("ADDED", event.object.clone())),
            (Some(_), true) => Some(("MODIFIED", event.object.clone())),
            (Some(_), false) if event.kind == EventKind::Removed => Some(("DELETED", event.object.clone())),
            // What left the selection is shown as it was when it still belonged, at the revision of now.
            (Some(before), false) => Some(("DELETED", before.clone())),
            (None, false) => None,
        }
    }

    fn key(&self, change: &'static str) -> LineKey {
        let kind = &self.call.kind;
        let metadata = self.call.format.shape == Shape::Metadata;
        LineKey { change, version: kind.version.clone(), since: kind.since, metadata }
    }

    fn line(&mut self, change: &str, object: &Stored, revision: u64, into: &mut Vec<u8>) {
        self.told = self.told.max(revision);
        self.encode(change, object, revision, !self.columns_sent, into);
        self.columns_sent = true;
    }

    fn encode(&self, change: &str, object: &Stored, revision: u64, columns: bool, into: &mut Vec<u8>) {
        into.extend_from_slice(b"{\"type\":\"");
        into.extend_from_slice(change.as_bytes());
        into.extend_from_slice(b"\",\"object\":");
        let whole = self.call.format.shape == Shape::Whole;
        if whole && revision == object.revision && shape::as_stored(&self.call.kind, object) {
            into.extend_from_slice(&object.bytes);
        } else {
            let mut value = shape::in_version(&self.call.kind, object);
            if revision != object.revision {
                meta::set(&mut value, "resourceVersion", revision.to_string());
            }
            let shaped = shape::shaped(&self.call, &value, columns);
            into.extend_from_slice(shaped.to_string().as_bytes());
        }
        into.extend_from_slice(b"}\n");
    }

    fn bookmark_line(&mut self, initial: bool) -> Bytes {
        self.told = self.cursor;
        let mut metadata = json!({"resourceVersion": self.cursor.to_string()});
        if initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let mut object =
            json!({"kind": &*self.call.kind.kind, "apiVersion": self.call.kind.api_version(), "metadata": metadata});
        if self.call.kind.origin == Origin::Builtin && self.call.kind.has_status() {
            object["spec"] = json!({});
            object["status"] = json!({});
        }
        let object = shape::shaped(&self.call, &object, false);
        Bytes::from(format!("{}\n", json!({"type": "BOOKMARK", "object": object})))
    }

    fn expired(&mut self) -> Bytes {
        self.phase = Phase::Ended;
        let mut error = ApiError::expired(format!("too old resource version: {} ({})", self.cursor, self.shelf.name()));
        error.code = StatusCode::GONE;
        Bytes::from(format!("{}\n", json!({"type": "ERROR", "object": error.to_value()})))
    }
}
