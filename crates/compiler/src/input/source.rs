//! Types and traits by reference, with a key of their content.

use std::fmt;
use std::hash::RandomState;
use std::sync::LazyLock;

use serde::Serialize;
use serde_json::Value;

mod content;

/// A key of some content: equal content gives an equal key within one process. Keyed at random, so that no one can make
/// two contents share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentKey {
    hash: [u64; 2],
    bytes: usize,
}

static SECRET: LazyLock<content::Secret<RandomState>> = LazyLock::new(|| content::Secret::new(RandomState::new()));

impl ContentKey {
    /// The key of any value that can be serialized.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        let mut feed = content::Feed::new(&*SECRET);
        // The serializer itself never fails; a value that refuses to be serialized gets the key of what it wrote so far
        // and fails again, visibly, when its JSON is asked for.
        if value.serialize(&mut feed).is_err() {
            feed.mark_broken();
        }
        let (hash, bytes) = feed.finish();
        Self { hash, bytes }
    }

    /// About how large the content is, in bytes.
    pub fn bytes(self) -> usize {
        self.bytes
    }
}

/// The spec of a type, trait or workflow: a model type, or the same as JSON.
pub trait Source: Sync {
    /// The key of the content, under which its compiled form is kept.
    fn content_key(&self) -> ContentKey;
    /// The content as JSON; asked for only when there is no compiled form yet.
    fn to_json(&self) -> Result<Value, serde_json::Error>;
}

impl<T: Serialize + Sync + ?Sized> Source for T {
    fn content_key(&self) -> ContentKey {
        ContentKey::of(self)
    }

    fn to_json(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }
}

impl fmt::Debug for dyn Source + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?})", self.content_key())
    }
}
