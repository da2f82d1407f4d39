//! The one thread that changes what the engine knows: it takes in what the watches see and what was answered to
//! requests, a batch at a time, and wakes whom it concerns.

mod clusters;
mod intake;
mod shared;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::board::{Cause, Memo, RunId, Sent};
use super::cache::{Intake, Sight, Store};
use super::execute::Results;
use super::failure::FailureReason;
use super::watch::{Sighting, WatchId};
use super::world::Need;
use super::{Cluster, ClusterId, Gvk};

pub(super) use clusters::ours;
pub(crate) use shared::{Connection, Shared};

/// Messages taken in under one lock.
const BATCH: usize = 256;
/// How long requests that are on their way are waited for at the end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What reaches the machine.
pub(crate) enum Message {
    /// A watch saw something.
    Saw { watch: WatchId, sighting: Sighting },
    /// A first look was to be finished by now.
    Overdue { watch: WatchId },
    /// A run could not be completed without these.
    Needs { run: RunId, needs: Vec<Need> },
    /// The requests of a run are answered.
    Sent(Results),
    /// A cluster is there, or has another client now.
    Join(Cluster),
    /// A cluster is no longer ours.
    Leave(ClusterId),
    /// The end.
    Stop,
}

/// The state that only this thread has.
pub(crate) struct Machine {
    /// Those to begin with.
    clusters: Vec<Cluster>,
    shared: Arc<Shared>,
    intake: Intake,
    watches: HashMap<WatchId, WatchState>,
    by_kind: HashMap<ClusterId, HashMap<Gvk, WatchId>>,
    next_watch: WatchId,
}

struct WatchState {
    cluster: ClusterId,
    gvk: Gvk,
    task: AbortHandle,
    link: Link,
}

/// What a watch last told about the connection.
#[derive(Clone, PartialEq, Eq)]
enum Link {
    /// Nothing that says anything about the cluster.
    Silent,
    Up,
    Down(Arc<str>),
    /// It answers, and refuses.
    Denied(Arc<str>),
}

impl Machine {
    pub(crate) fn new(shared: Arc<Shared>, clusters: Vec<Cluster>) -> Self {
        let managers = shared.controllers.iter().map(|controller| controller.field_manager()).collect();
        Self {
            clusters,
            shared,
            intake: Intake::new(managers),
            watches: HashMap::new(),
            by_kind: HashMap::new(),
            next_watch: 1,
        }
    }

    /// Runs until told to stop.
    pub(crate) fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let shared = Arc::clone(&self.shared);
        let mut batch = Vec::with_capacity(BATCH);
        let mut end: Option<Instant> = None;
        {
            let mut store = shared.store.write().unwrap_or_else(PoisonError::into_inner);
            for cluster in std::mem::take(&mut self.clusters) {
                self.join(&mut store, cluster);
            }
            shared.unprovided.fetch_sub(1, Ordering::AcqRel);
        }
        loop {
            let count = match end {
                None => shared.runtime.block_on(async {
                    tokio::select! {
                        count = messages.recv_many(&mut batch, BATCH) => count,
                        // Stopped without a word.
                        () = shared.stop.cancelled() => { batch.push(Message::Stop); 1 }
                    }
                }),
                Some(end) => {
                    let left = end.saturating_duration_since(Instant::now());
                    let receive = async { tokio::time::timeout(left, messages.recv_many(&mut batch, BATCH)).await };
                    shared.runtime.block_on(receive).unwrap_or(0)
                }
            };
            if count == 0 {
                break;
            }
            {
                let mut store = shared.store.write().unwrap_or_else(PoisonError::into_inner);
                for message in batch.drain(..) {
                    if matches!(message, Message::Stop) {
                        end.get_or_insert_with(|| Instant::now() + LAST_WORDS);
                    } else {
                        self.take(&mut store, message);
                    }
                }
            }
            shared.announce();
            let executing = shared.board.lock().unwrap_or_else(PoisonError::into_inner).executing();
            if end.is_some() && executing == 0 {
                break;
            }
        }
        for watch in self.watches.values() {
            watch.task.abort();
        }
    }

    fn take(&mut self, store: &mut Store, message: Message) {
        match message {
            Message::Saw { watch, sighting } => self.saw(store, watch, sighting),
            Message::Overdue { watch } => self.overdue(store, watch),
            Message::Needs { run, needs } => self.provide(store, run, needs),
            Message::Sent(results) => self.sent(store, results),
            Message::Join(cluster) => self.join(store, cluster),
            Message::Leave(cluster) => self.leave(store, &cluster),
            Message::Stop => {}
        }
    }

    fn provide(&mut self, store: &mut Store, run: RunId, needs: Vec<Need>) {
        self.shared.unprovided.fetch_sub(1, Ordering::AcqRel);
        for need in needs {
            match need {
                Need::Kind { cluster, gvk } => self.watch(store, &cluster, &gvk),
                Need::Index { cluster, gvk, index } => {
                    store.add_index(&cluster, &gvk, index);
                    let mut board = self.shared.board.lock().unwrap_or_else(PoisonError::into_inner);
                    board.wake(run, &Cause::from("an index that was built"));
                }
            }
        }
    }

    fn sent(&mut self, store: &mut Store, results: Results) {
        let mut memos = Vec::new();
        for answer in results.answers {
            let Ok((_, entry)) = self.intake.take(&answer.gvk, &answer.object, |_| None) else { continue };
            let live = if answer.of_status {
                Some(entry.facets[2])
            } else {
                entry.owned.iter().find(|owned| owned.manager == answer.manager).map(|owned| owned.hash)
            };
            memos.extend(live.map(|live| (answer.thing, Memo { desired: answer.desired, live })));
        }
        let Results { run, writes, failure, had_effects, requests, .. } = results;
        if let Some(failure) = &failure {
            // What changed meanwhile is looked at again by itself: nobody has to do anything about it.
            if failure.reason == FailureReason::Conflict {
                tracing::debug!(%failure, "an effect is decided anew");
            } else {
                tracing::info!(%failure, "an effect did not work");
            }
        }
        let sent = Sent { writes, memos, failure, had_effects, requests };
        let mut board = self.shared.board.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(words) = board.sent(run, sent, store, Instant::now())
            && let Some(run) = board.get(run)
        {
            self.shared.metrics.loops.add(1);
            tracing::warn!(controller = self.shared.controllers[run.controller as usize].name(), key = %run.key, "loop: {words}");
        }
    }

    fn overdue(&mut self, store: &mut Store, watch: WatchId) {
        let Some(state) = self.watches.get(&watch) else { return };
        let is_pending = store.kind(&state.cluster, &state.gvk).is_none_or(|cache| cache.sight == Sight::Pending);
        if is_pending {
            let why = match &state.link {
                Link::Down(why) | Link::Denied(why) => Arc::clone(why),
                Link::Silent | Link::Up => Arc::from("the first list is not finished yet"),
            };
            let (cluster, gvk) = (state.cluster.clone(), state.gvk.clone());
            self.sight(store, &cluster, &gvk, Sight::Unavailable(why));
        }
    }
}
