//! Own writes that the cache has not shown yet.

use crate::engine::cache::{Sight, Store};
use crate::engine::{ClusterId, Gvk, ObjectKey};

/// A write of ours, and how to recognise that the cache includes it.
#[derive(Clone, Debug)]
pub(crate) struct OwnWrite {
    pub cluster: ClusterId,
    pub gvk: Gvk,
    pub proof: Proof,
}

/// How a write shows.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    /// The cache of the kind has reached this revision. Revisions of one kind on one cluster ascend.
    Revision(u64),
    /// The object of this UID is gone or going.
    Gone { key: ObjectKey, uid: String },
}

impl OwnWrite {
    pub(crate) fn is_seen(&self, store: &Store) -> bool {
        // A kind that cannot be watched will never show anything.
        let Some(cache) = store.kind(&self.cluster, &self.gvk).filter(|cache| cache.sight == Sight::Clear) else {
            return true;
        };
        match &self.proof {
            Proof::Revision(revision) => cache.revision >= *revision,
            Proof::Gone { key, uid } => cache.get(key).is_none_or(|entry| entry.deleting || *entry.uid != **uid),
        }
    }
}
