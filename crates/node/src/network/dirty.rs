//! Keys that wait for work: each at most once, so bounded by the objects that exist.

use std::collections::BTreeSet;
use std::future::Future;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use tokio::sync::Notify;

const FIRST_RETRY: Duration = Duration::from_millis(50);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// A set of keys that something happened to, and a bell.
#[derive(Debug)]
pub(crate) struct DirtyKeys<K> {
    keys: Mutex<BTreeSet<K>>,
    bell: Notify,
}

impl<K: Ord> Default for DirtyKeys<K> {
    fn default() -> Self {
        Self { keys: Mutex::default(), bell: Notify::new() }
    }
}

impl<K: Ord + Clone> DirtyKeys<K> {
    /// Adds a key and wakes whoever waits.
    pub(crate) fn add(&self, key: K) {
        self.add_all([key]);
    }

    /// Adds keys and wakes whoever waits.
    pub(crate) fn add_all(&self, keys: impl IntoIterator<Item = K>) {
        let mut held = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend(keys);
        let ring = !held.is_empty();
        drop(held);
        if ring {
            self.bell.notify_one();
        }
    }

    /// Takes all keys; waits while there are none. One caller at a time.
    pub(crate) async fn take(&self) -> BTreeSet<K> {
        loop {
            let taken = mem::take(&mut *self.keys.lock().unwrap_or_else(PoisonError::into_inner));
            if !taken.is_empty() {
                return taken;
            }
            self.bell.notified().await;
        }
    }

    /// Calls `work` for each key, up to `at_once` at a time and never twice at once for the same key. A key whose work
    /// failed comes again after a pause that grows while failures last. Never returns.
    pub(crate) async fn work<F, W>(&self, at_once: usize, work: F)
    where
        F: Fn(K) -> W,
        W: Future<Output = Result<(), ()>>,
    {
        let mut failed = BTreeSet::new();
        let mut pause = FIRST_RETRY;
        loop {
            let mut keys = if failed.is_empty() {
                self.take().await
            } else {
                tokio::time::timeout(pause, self.take()).await.unwrap_or_else(|_| mem::take(&mut failed))
            };
            let outcomes: Vec<_> = futures::stream::iter(mem::take(&mut keys))
                .map(|key| {
                    let running = work(key.clone());
                    async move { (key, running.await) }
                })
                .buffer_unordered(at_once)
                .collect()
                .await;
            let mut any_failed = false;
            for (key, outcome) in outcomes {
                if outcome.is_err() {
                    any_failed = true;
                    failed.insert(key);
                } else {
                    failed.remove(&key);
                }
            }
            pause = if any_failed { (pause * 2).min(LONGEST_RETRY) } else { FIRST_RETRY };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_key_waits_once_however_often_it_was_touched() {
        let dirty = DirtyKeys::default();
        dirty.add_all(["b", "a", "b"]);
        dirty.add("a");
        assert_eq!(dirty.take().await, BTreeSet::from(["a", "b"]));
    }

    #[tokio::test]
    async fn work_that_failed_is_done_again_without_another_touch() {
        let dirty = Arc::new(DirtyKeys::default());
        let runs = Arc::new(AtomicUsize::new(0));
        let done = Arc::new(Notify::new());
        dirty.add("a");
        let worker = {
            let (dirty, runs, done) = (dirty.clone(), runs.clone(), done.clone());
            tokio::spawn(async move {
                dirty
                    .work(2, |_| {
                        let (runs, done) = (runs.clone(), done.clone());
                        async move {
                            if runs.fetch_add(1, Ordering::Relaxed) < 2 {
                                return Err(());
                            }
                            done.notify_one();
                            Ok(())
                        }
                    })
                    .await;
            })
        };
        done.notified().await;
        assert_eq!(runs.load(Ordering::Relaxed), 3);
        worker.abort();
    }
}
