//! A list as it is written: item by item, so that a large one is never whole in memory.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use futures::stream;

use super::{bare, in_version, metadata_version};
use crate::{
    kinds::{Kind, Origin},
    store::Stored,
    wire::{Body, Format, Metadata, Shape},
};

/// Bytes that are written at a time.
const PIECE: usize = 64 * 1024;

/// What is left to be written.
pub(super) struct Listing {
    kind: Arc<Kind>,
    format: Format,
    objects: std::vec::IntoIter<Arc<Stored>>,
    /// What comes next, if not an item.
    before: Option<String>,
    after: Option<String>,
    first: bool,
}

impl Listing {
    /// `head` is the list with no items in it.
    pub(super) fn new(kind: Arc<Kind>, format: Format, head: &str, objects: Vec<Arc<Stored>>) -> Self {
        let (before, after) = head.split_once("[]").unwrap_or((head, ""));
        Self {
            kind,
            format,
            objects: objects.into_iter(),
            before: Some(format!("{before}[")),
            after: Some(format!("]{after}")),
            first: true,
        }
    }

    /// All of it.
    pub(super) fn whole(mut self) -> Bytes {
        let size: usize = self.objects.as_slice().iter().map(|object| object.bytes.len() + 1).sum();
        let mut out = Vec::with_capacity(size + 256);
        while self.piece(&mut out, usize::MAX) {}
        out.into()
    }

    /// Written while it is sent.
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::iter(self.map(Ok::<_, Infallible>)))
    }

    /// Writes until there are that many bytes or nothing is left; answers whether anything was written.
    fn piece(&mut self, out: &mut Vec<u8>, enough: usize) -> bool {
        if let Some(before) = self.before.take() {
            out.extend_from_slice(before.as_bytes());
        }
        while out.len() < enough {
            let Some(object) = self.objects.next() else {
                let Some(after) = self.after.take() else { return false };
                out.extend_from_slice(after.as_bytes());
                return true;
            };
            if !std::mem::take(&mut self.first) {
                out.push(b',');
            }
            self.item(&object, out);
        }
        true
    }

    fn item(&self, object: &Stored, out: &mut Vec<u8>) {
        if self.format.shape == Shape::Metadata {
            let metadata = object.value()["metadata"].take();
            let mut item = super::partial(&self.kind, metadata);
            item["apiVersion"] = metadata_version(self.format).into();
            if let Some(item) = item.as_object_mut().filter(|_| self.format.metadata == Metadata::KindlessList) {
                item.remove("apiVersion");
                item.remove("kind");
            }
            out.extend_from_slice(item.to_string().as_bytes());
            return;
        }
        let builtin = self.kind.origin == Origin::Builtin;
        match (super::as_stored(&self.kind, object), builtin) {
            (true, true) => bare::append(&object.bytes, out),
            (true, false) => out.extend_from_slice(&object.bytes),
            (false, _) => {
                let mut value = in_version(&self.kind, object);
                if let Some(map) = value.as_object_mut().filter(|_| builtin) {
                    map.remove("apiVersion");
                    map.remove("kind");
                }
                out.extend_from_slice(value.to_string().as_bytes());
            }
        }
    }
}

impl Iterator for Listing {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut out = Vec::with_capacity(PIECE + PIECE / 4);
        self.piece(&mut out, PIECE).then(|| out.into())
    }
}
