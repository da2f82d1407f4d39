//! Events live for a while.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use tokio::time::Instant;

use crate::{core::Core, status::ApiError, verbs::DeleteOptions};

/// When which Event expires.
#[derive(Default)]
pub(super) struct Expiries {
    heap: BinaryHeap<Reverse<(Instant, Arc<str>, u64)>>,
}

impl Expiries {
    pub(super) fn add(&mut self, at: Instant, path: Arc<str>, revision: u64) {
        self.heap.push(Reverse((at, path, revision)));
    }

    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    pub(super) fn due(&mut self, now: Instant) -> Option<(Arc<str>, u64)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, path, revision))| (path, revision))
    }
}

/// Removes the Event unless it was renewed.
pub(super) async fn expire(core: &Arc<Core>, path: &str, revision: u64) -> Result<(), ApiError> {
    let Some(object) = core.store.shelf("events").get(path).filter(|object| object.revision == revision) else {
        return Ok(());
    };
    let kinds = core.registry.kinds();
    let Some(kind) = kinds.shelf("events") else { return Ok(()) };
    super::delete(core, kind, &object, &DeleteOptions::default(), "event-expiry").await
}
