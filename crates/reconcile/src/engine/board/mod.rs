//! Who runs, who waits and for what: the keys of all controllers, what each read, and the queue.
//!
//! A key is idle, queued, running, executing (its effects are on their way) or settling (its effects are done, and the
//! cache has not shown them yet). While it is not idle or queued, a wake is remembered and queues it afterwards.

mod await_write;
mod fair_queue;
mod readers;
mod run;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cache::{Facets, Store, Thing, Touch};
use super::{ClusterId, Failure, FailureReason, Gvk, ObjectKey};

pub(crate) use await_write::{OwnWrite, Proof};
use fair_queue::FairQueue;
use readers::Readers;
pub(crate) use run::{Failed, Memo, Memos, Outcome, Phase, Record, Run, RunId};

/// What woke a key, in words.
pub(crate) type Cause = Arc<str>;

/// A write that the cache does not show after this time is taken as lost from sight.
const SETTLE: Duration = Duration::from_secs(10);
/// Sending the same thing more often than this within [`WINDOW`] is a loop.
const REPEATS: u32 = 20;
const WINDOW: Duration = Duration::from_mins(1);
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_mins(1);

/// The state of all keys.
#[derive(Default)]
pub(crate) struct Board {
    runs: Vec<Option<Run>>,
    free: Vec<RunId>,
    keys: HashMap<(u16, ObjectKey), RunId>,
    readers: Readers,
    queue: FairQueue,
    timers: BTreeSet<(Instant, RunId)>,
    awaiting: HashMap<ClusterId, HashMap<Gvk, Vec<(RunId, OwnWrite)>>>,
    /// Keys that are neither idle nor removed.
    busy: usize,
    executing: usize,
}

/// A key to be run now.
pub(crate) struct Job {
    pub id: RunId,
    pub controller: u16,
    pub key: ObjectKey,
    pub cause: Cause,
    pub failed: Option<Failed>,
    pub memos: Memos,
    pub streak: u8,
}

/// What a worker found out, before anything is sent.
pub(crate) enum Verdict {
    /// The object is gone; the key is forgotten.
    Gone,
    /// Nothing is to be sent. `blocked` is why effects cannot be sent at all now.
    Done { blocked: Option<Failure>, settled: bool },
    /// Requests are on their way.
    Executing { fingerprint: u64 },
}

/// The result of what was sent.
pub(crate) struct Sent {
    pub writes: Vec<OwnWrite>,
    pub memos: Vec<(Thing, Memo)>,
    pub failure: Option<Failure>,
    /// Dependents or finalizers were among it, so the status is still to be written.
    pub had_effects: bool,
    pub requests: u32,
}

impl Board {
    pub(crate) fn get(&self, id: RunId) -> Option<&Run> {
        self.runs.get(id as usize)?.as_ref()
    }

    fn run(&mut self, id: RunId) -> Option<&mut Run> {
        self.runs.get_mut(id as usize)?.as_mut()
    }

    pub(crate) fn find(&self, controller: u16, key: &ObjectKey) -> Option<&Run> {
        self.get(*self.keys.get(&(controller, key.clone()))?)
    }

    pub(crate) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().flatten()
    }

    /// How many keys are not at rest.
    pub(crate) fn busy(&self) -> usize {
        self.busy
    }

    /// How many keys have requests on their way.
    pub(crate) fn executing(&self) -> usize {
        self.executing
    }

    /// A key that is new is queued; one that is known learns of changes through what it read.
    pub(crate) fn ensure(&mut self, controller: u16, key: &ObjectKey, cause: &Cause) {
        if self.keys.contains_key(&(controller, key.clone())) {
            return;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.runs.push(None);
            (self.runs.len() - 1) as RunId
        });
        self.runs[id as usize] = Some(Run::new(controller, key.clone()));
        self.keys.insert((controller, key.clone()), id);
        self.wake(id, cause);
    }

    /// Wakes everyone who read this. The cause is only put into words when somebody did.
    pub(crate) fn touch(&mut self, touch: Touch, cause: &mut dyn FnMut() -> Cause) -> usize {
        let woken = self.readers.of(touch);
        if woken.is_empty() {
            return 0;
        }
        let cause = cause();
        for id in &woken {
            self.wake(*id, &cause);
        }
        woken.len()
    }

    /// Queues a key, now or as soon as it may run.
    pub(crate) fn wake(&mut self, id: RunId, cause: &Cause) {
        let Some(run) = self.run(id) else { return };
        if run.phase == Phase::Idle && run.held_until.is_none() {
            run.cause = Some(Arc::clone(cause));
            self.enqueue(id);
        } else if run.phase != Phase::Queued {
            run.again.get_or_insert_with(|| Arc::clone(cause));
        }
    }

    fn enqueue(&mut self, id: RunId) {
        let Some(run) = self.run(id) else { return };
        let was_idle = run.phase == Phase::Idle;
        run.phase = Phase::Queued;
        let namespace = run.key.namespace.clone();
        self.queue.push(namespace, id);
        self.busy += usize::from(was_idle);
    }

    /// The next key to run; otherwise when to ask again, if time alone can bring one.
    pub(crate) fn next(&mut self, now: Instant, most_executing: usize) -> Result<Job, Option<Duration>> {
        while let Some((at, id)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, id));
            self.ring(id, now);
        }
        let popped = if self.executing < most_executing { self.queue.pop() } else { None };
        let Some(id) = popped else {
            return Err(self.timers.first().map(|(at, _)| at.saturating_duration_since(now)));
        };
        let Some(run) = self.run(id) else { return Err(Some(Duration::ZERO)) };
        run.phase = Phase::Running;
        run.wake_at = None;
        let job = Job {
            id,
            controller: run.controller,
            key: run.key.clone(),
            cause: run.cause.take().unwrap_or_else(|| Cause::from("queued")),
            failed: run.failed.clone(),
            memos: std::mem::take(&mut run.memos),
            streak: run.streak,
        };
        self.retime(id);
        Ok(job)
    }

    /// A timer of this key has come.
    fn ring(&mut self, id: RunId, now: Instant) {
        let Some(run) = self.run(id) else { return };
        run.timer = None;
        if run.held_until.is_some_and(|until| until <= now) {
            run.held_until = None;
            if let Some(cause) = run.again.take() {
                self.wake(id, &cause);
            }
        }
        let Some(run) = self.run(id) else { return };
        if run.phase == Phase::Settling && run.settle_by.is_some_and(|by| by <= now) {
            tracing::warn!(key = %run.key, "own writes were not seen within {} s", SETTLE.as_secs());
            run.settle_by = None;
            run.awaited = 0;
            self.awaiting
                .values_mut()
                .flat_map(HashMap::values_mut)
                .for_each(|all| all.retain(|(waiting, _)| *waiting != id));
            self.settled(id);
        }
        let Some(run) = self.run(id) else { return };
        if run.wake_at.is_some_and(|at| at <= now) {
            run.wake_at = None;
            self.wake(id, &Cause::from("the time that was asked for"));
        }
        let Some(run) = self.run(id) else { return };
        if let Some(failed) = &mut run.failed
            && !failed.retried
            && failed.until <= now
        {
            failed.retried = true;
            self.wake(id, &Cause::from("retry after a failure"));
        }
        self.retime(id);
    }

    fn retime(&mut self, id: RunId) {
        let Some(run) = self.runs.get_mut(id as usize).and_then(Option::as_mut) else { return };
        let next = run.next_timer();
        if run.timer != next {
            if let Some(old) = run.timer {
                self.timers.remove(&(old, id));
            }
            if let Some(new) = next {
                self.timers.insert((new, id));
            }
            run.timer = next;
        }
    }

    /// A run is over; what it read replaces what it read before. Called while the store is still locked for the run, so
    /// nothing can have changed between its reads and this.
    pub(crate) fn ran(
        &mut self,
        job: Job,
        reads: Vec<(Thing, Facets)>,
        wake_at: Option<Instant>,
        mut record: Record,
        verdict: Verdict,
        now: Instant,
    ) {
        let id = job.id;
        let Some(run) = self.runs.get_mut(id as usize).and_then(Option::as_mut) else { return };
        run.memos = job.memos;
        std::mem::swap(&mut run.record, &mut record);
        run.record.follows(record);
        run.runs += 1;
        run.wake_at = wake_at;
        self.readers.replace(id, &mut run.reads, reads);
        match verdict {
            Verdict::Gone => return self.forget(id),
            Verdict::Done { blocked, settled } => {
                run.streak = 0;
                if let Some(failure) = blocked {
                    let known = run.failed.as_ref().is_some_and(|failed| failed.failure == failure);
                    if !known {
                        run.failed = Some(Failed {
                            failure,
                            effects: true,
                            fingerprint: 0,
                            attempts: 1,
                            until: now,
                            retried: true,
                        });
                        run.again.get_or_insert_with(|| Cause::from("a failure to tell"));
                    }
                } else if settled && run.failed.take().is_some() {
                    run.again.get_or_insert_with(|| Cause::from("the failure is over"));
                }
                self.rest(id);
            }
            Verdict::Executing { fingerprint } => {
                run.phase = Phase::Executing;
                run.fingerprint = fingerprint;
                self.executing += 1;
            }
        }
        self.retime(id);
    }

    /// What was sent has been answered. Returns the description of a loop when it is found to be one.
    pub(crate) fn sent(&mut self, id: RunId, sent: Sent, store: &Store, now: Instant) -> Option<String> {
        self.executing = self.executing.saturating_sub(1);
        let run = self.run(id)?;
        run.memos.extend(sent.memos);
        run.requests += u64::from(sent.requests);
        run.record.requests = sent.requests;
        run.settle_by = Some(now + SETTLE);
        run.phase = Phase::Settling;
        let looping = run.repeats(now);
        match sent.failure {
            None if sent.had_effects => {
                run.streak = run.streak.saturating_add(1);
                run.again.get_or_insert_with(|| Cause::from("its effects are done"));
                if let Some(failed) = &mut run.failed {
                    failed.until = now;
                    failed.retried = true;
                    failed.fingerprint = 0;
                }
            }
            None => {
                run.streak = 0;
                run.failed.take_if(|failed| !failed.effects);
            }
            Some(failure) => {
                run.record.outcome = Outcome::Failed(failure.to_string());
                let attempts = run.failed.as_ref().map_or(1, |failed| failed.attempts.saturating_add(1));
                let until = now + super::watch::jittered(FIRST_RETRY, LAST_RETRY, attempts);
                // A conflict only says that the cache is behind: nothing to tell, it is simply tried again.
                if sent.had_effects && failure.reason != FailureReason::Conflict {
                    run.again.get_or_insert_with(|| Cause::from("a failure to tell"));
                }
                let fingerprint = run.fingerprint;
                run.failed =
                    Some(Failed { failure, effects: sent.had_effects, fingerprint, attempts, until, retried: false });
            }
        }
        let found = looping.then(|| {
            run.held_until = Some(now + super::watch::jittered(Duration::from_secs(1), LAST_RETRY, run.loops));
            format!("sent the same thing {REPEATS} times within a minute; something undoes it, or the server stores it differently")
        });
        let missing: Vec<OwnWrite> = sent.writes.into_iter().filter(|write| !write.is_seen(store)).collect();
        if missing.is_empty() {
            self.settled(id);
        } else {
            run.awaited = missing.len() as u32;
            for write in missing {
                let kinds = self.awaiting.entry(write.cluster.clone()).or_default();
                kinds.entry(write.gvk.clone()).or_default().push((id, write));
            }
        }
        self.retime(id);
        found
    }

    /// The cache of this kind has moved on: whoever waited for that goes on.
    pub(crate) fn progressed(&mut self, cluster: &ClusterId, gvk: &Gvk, store: &Store) {
        let Some(waiting) = self.awaiting.get_mut(cluster).and_then(|kinds| kinds.get_mut(gvk)) else { return };
        let mut seen = Vec::new();
        waiting.retain(|(id, write)| {
            let is_seen = write.is_seen(store);
            if is_seen {
                seen.push(*id);
            }
            !is_seen
        });
        for id in seen {
            let Some(run) = self.run(id) else { continue };
            run.awaited = run.awaited.saturating_sub(1);
            if run.awaited == 0 {
                self.settled(id);
                self.retime(id);
            }
        }
    }

    fn settled(&mut self, id: RunId) {
        if let Some(run) = self.run(id) {
            run.settle_by = None;
        }
        self.rest(id);
    }

    /// Back to idle, or to the queue when something happened meanwhile.
    fn rest(&mut self, id: RunId) {
        let Some(run) = self.run(id) else { return };
        if run.held_until.is_none()
            && let Some(cause) = run.again.take()
        {
            run.cause = Some(cause);
            return self.enqueue(id);
        }
        run.phase = Phase::Idle;
        self.busy -= 1;
    }

    fn forget(&mut self, id: RunId) {
        let Some(run) = self.runs.get_mut(id as usize).and_then(Option::take) else { return };
        if let Some(at) = run.timer {
            self.timers.remove(&(at, id));
        }
        let mut reads = run.reads;
        self.readers.replace(id, &mut reads, Vec::new());
        self.keys.remove(&(run.controller, run.key.clone()));
        self.free.push(id);
        self.busy -= 1;
    }
}
