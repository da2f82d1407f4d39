//! An object on its way to the disk: everything but its revision.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::{Stored, stored::Envelope};

/// Stands where the revision will be; random per process, so that no object contains it by accident.
fn marker() -> &'static str {
    static MARKER: std::sync::LazyLock<String> =
        std::sync::LazyLock::new(|| format!("rv-{}", uuid::Uuid::new_v4().simple()));
    &MARKER
}

/// The encoded object in two halves, around its resource version.
#[derive(Debug)]
pub(crate) struct Draft {
    envelope: Envelope,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Draft {
    /// Encodes the object; its `metadata.resourceVersion` is replaced.
    pub(crate) fn new(mut object: Value) -> Result<Self, String> {
        let metadata = object.get_mut("metadata").and_then(Value::as_object_mut).ok_or("the object has no metadata")?;
        metadata.insert("resourceVersion".into(), marker().into());
        let envelope = Envelope::of(&object)?;
        let mut before = serde_json::to_vec(&object).map_err(|error| error.to_string())?;
        let at = find(&before, marker().as_bytes()).ok_or("the object's resource version was not encoded")?;
        let after = before[at + marker().len()..].to_vec();
        before.truncate(at);
        Ok(Self { envelope, before, after })
    }

    /// Size of the encoded object in bytes, without its revision.
    pub(crate) fn len(&self) -> usize {
        self.before.len() + self.after.len()
    }

    /// The object at that revision.
    pub(super) fn at(self, path: Arc<str>, revision: u64) -> Stored {
        let revision_text = revision.to_string();
        // As many bytes as there are: it is kept for as long as the object is.
        let mut bytes = Vec::with_capacity(self.len() + revision_text.len());
        bytes.extend_from_slice(&self.before);
        bytes.extend_from_slice(revision_text.as_bytes());
        bytes.extend_from_slice(&self.after);
        self.envelope.seal(path, revision, Bytes::from(bytes))
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(haystack).ok()?;
    let needle = std::str::from_utf8(needle).ok()?;
    text.find(needle)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_revision_is_spliced_in_where_the_resource_version_stands() {
        let draft = Draft::new(
            json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "a", "resourceVersion": "old"}, "rv-": 1}),
        )
        .unwrap();
        let stored = draft.at("a".into(), 42);
        assert_eq!(
            stored.value(),
            json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "a", "resourceVersion": "42"}, "rv-": 1})
        );
    }
}
