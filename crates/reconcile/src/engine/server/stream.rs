//! Lists and watches, object by object as text.

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::call::send;
use super::{Call, Refusal, call};

/// No single object is larger (API servers stop at 3 MiB); a longer line is a broken stream.
const LONGEST_LINE: usize = 16 << 20;

/// One page of a list.
pub(crate) struct Page {
    pub items: Vec<Box<RawValue>>,
    pub resource_version: String,
    pub next: Option<String>,
}

/// Fetches one page.
pub(crate) async fn list_page(client: &Client, uri: String, accept: &'static str) -> Result<Page, Refusal> {
    #[derive(Deserialize)]
    struct List {
        #[serde(default)]
        metadata: Meta,
        #[serde(default)]
        items: Option<Vec<Box<RawValue>>>,
    }
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase")]
    struct Meta {
        #[serde(default)]
        resource_version: String,
        #[serde(default, rename = "continue")]
        next: String,
    }
    let body = call(client, Call { accept, ..Call::get(uri) }).await?;
    let list: List = serde_json::from_slice(&body).map_err(|error| unreadable("the list", &error))?;
    let next = Some(list.metadata.next).filter(|next| !next.is_empty());
    Ok(Page { items: list.items.unwrap_or_default(), resource_version: list.metadata.resource_version, next })
}

/// One line of a watch.
pub(crate) enum Line {
    /// Added or modified.
    Put(Bytes),
    /// Deleted.
    Gone(Bytes),
    /// Everything up to this revision has been told.
    Bookmark(String),
    /// The server ends the watch: its words.
    Failed(Refusal),
}

/// An open watch.
pub(crate) struct Watch {
    body: Body,
    buffer: BytesMut,
    searched: usize,
}

/// Opens a watch.
pub(crate) async fn open_watch(client: &Client, uri: String, accept: &'static str) -> Result<Watch, Refusal> {
    let response = send(client, Call { accept, ..Call::get(uri) }).await?;
    let code = response.status().as_u16();
    let body = response.into_body();
    if (200..300).contains(&code) {
        return Ok(Watch { body, buffer: BytesMut::new(), searched: 0 });
    }
    let body = body.collect_bytes().await.map_err(|error| Refusal::unreachable(&error))?;
    Err(Refusal::from_body(code, &body))
}

impl Watch {
    /// The next line; `None` when the server closed the stream in good order.
    pub(crate) async fn next(&mut self) -> Result<Option<Line>, Refusal> {
        loop {
            if let Some(at) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let mut line = self.buffer.split_to(self.searched + at + 1);
                self.searched = 0;
                line.truncate(line.len() - 1);
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return parse(&line.freeze()).map(Some);
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > LONGEST_LINE {
                return Err(Refusal {
                    code: 0,
                    reason: "Broken".into(),
                    message: format!("a watch event is longer than {LONGEST_LINE} bytes"),
                });
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(mut data) = frame.into_data() {
                        self.buffer.extend_from_slice(data.chunk());
                        data.advance(data.remaining());
                    }
                }
                Some(Err(error)) => return Err(Refusal::unreachable(&error)),
                None if self.buffer.iter().all(u8::is_ascii_whitespace) => return Ok(None),
                None => {
                    let line = self.buffer.split().freeze();
                    self.searched = 0;
                    return parse(&line).map(Some);
                }
            }
        }
    }
}

fn parse(line: &Bytes) -> Result<Line, Refusal> {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        #[serde(borrow)]
        object: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Marked {
        metadata: Mark,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Mark {
        resource_version: String,
    }
    let event: Event<'_> = serde_json::from_slice(line).map_err(|error| unreadable("a watch event", &error))?;
    let text = event.object.get().as_bytes();
    match event.kind {
        "ADDED" | "MODIFIED" => Ok(Line::Put(line.slice_ref(text))),
        "DELETED" => Ok(Line::Gone(line.slice_ref(text))),
        "BOOKMARK" => {
            let marked: Marked = serde_json::from_slice(text).map_err(|error| unreadable("a bookmark", &error))?;
            Ok(Line::Bookmark(marked.metadata.resource_version))
        }
        "ERROR" => Ok(Line::Failed(Refusal::from_body(500, text))),
        other => {
            Err(Refusal { code: 0, reason: "Broken".into(), message: format!("watch event of unknown type {other:?}") })
        }
    }
}

fn unreadable(what: &str, error: &serde_json::Error) -> Refusal {
    Refusal { code: 0, reason: "Broken".into(), message: format!("{what} cannot be read: {error}") }
}
