//! One thread of the pool.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::super::board::{Cause, Job, Outcome, Record, Verdict};
use super::super::cache::Store;
use super::super::execute::{Prepared, Preparing, Work, execute, prepare};
use super::super::machine::{Message, Shared};
use super::super::world::{Need, Reads};
use super::super::{Failure, FailureReason, ObjectKey, ObjectRef, Plan, Unseen, World};

/// Keys whose effects may be on their way at once; beyond that, functions wait.
const MOST_EXECUTING: usize = 256;

/// A time that has passed already is asked for again only after this.
const SOONEST: Duration = Duration::from_secs(1);

/// Runs keys until the engine stops.
pub(crate) fn work(shared: &std::sync::Arc<Shared>) {
    while let Some(job) = next(shared) {
        let work = run(shared, job);
        shared.announce();
        if let Some(work) = work {
            shared.runtime.spawn(execute(std::sync::Arc::clone(shared), work));
        }
    }
}

fn next(shared: &Shared) -> Option<Job> {
    let mut board = shared.board.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if shared.stop.is_cancelled() {
            return None;
        }
        match board.next(Instant::now(), MOST_EXECUTING) {
            Ok(job) => return Some(job),
            Err(Some(wait)) => board = shared.ready.wait_timeout(board, wait).unwrap_or_else(PoisonError::into_inner).0,
            Err(None) => board = shared.ready.wait(board).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// What a function answered, and what it asked.
struct Answer {
    result: Result<Option<Plan>, Unseen>,
    reads: Reads,
}

fn ask(shared: &Shared, store: &Store, controller: u16, key: &ObjectKey, failure: Option<Failure>) -> Answer {
    let world = World::live(store, failure, Timestamp::now());
    let controller = &shared.controllers[controller as usize];
    let result = catch_unwind(AssertUnwindSafe(|| controller.reconcile(key, &world))).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
        let words = words.unwrap_or_else(|| "no message".to_owned());
        tracing::error!(controller = controller.name(), %key, panic = %words, "a controller's function panicked; this is a defect");
        Err(Unseen::Undecodable {
            object: ObjectRef { cluster: shared.control_plane.clone(), gvk: controller.gvk(), key: key.clone() },
            message: format!("the function of controller {} panicked: {words}", controller.name()),
        })
    });
    Answer { result, reads: world.into_reads() }
}

fn run(shared: &Shared, mut job: Job) -> Option<Work> {
    let started = Instant::now();
    let at = Timestamp::now();
    let store = shared.store.read().unwrap_or_else(PoisonError::into_inner);
    let failure = job
        .failed
        .as_ref()
        .filter(|failed| failed.effects && failed.failure.reason != FailureReason::Conflict)
        .map(|failed| failed.failure.clone());
    let Answer { result, mut reads } = ask(shared, &store, job.controller, &job.key, failure);
    let mut work = None;
    let (mut wake_at, mut waits) = (None, Vec::new());
    let done = |blocked, settled| Verdict::Done { blocked, settled };
    let (verdict, outcome) = match result {
        Err(Unseen::NotYet { .. }) => (done(None, false), Outcome::Incomplete),
        Err(unseen) => {
            tracing::warn!(controller = shared.controllers[job.controller as usize].name(), key = %job.key, "{unseen}");
            (done(None, false), Outcome::Undecodable(unseen.to_string()))
        }
        Ok(None) => (Verdict::Gone, Outcome::Nothing),
        Ok(Some(_)) if !reads.needs().is_empty() => (done(None, false), Outcome::Incomplete),
        Ok(Some(plan)) => {
            wake_at = plan.wake_at.map(|at| instant_of(at, started));
            waits = plan.waits.iter().map(|wait| (wait.object.clone(), at)).collect();
            let preparing = Preparing {
                controller: &*shared.controllers[job.controller as usize],
                control_plane: &shared.control_plane,
                identity: &shared.identity,
                key: &job.key,
                store: &store,
                failed: job.failed.as_ref(),
                streak: job.streak,
                now: started,
                at,
            };
            match prepare(&preparing, plan, &mut job.memos, &mut reads) {
                Prepared::Incomplete => (done(None, false), Outcome::Incomplete),
                Prepared::Nothing { skipped, settled } => {
                    shared.metrics.skipped.add(skipped);
                    let outcome = match job.failed.as_ref().filter(|_| !settled) {
                        Some(failed) => Outcome::Held(failed.failure.to_string()),
                        None => Outcome::Nothing,
                    };
                    (done(None, settled), outcome)
                }
                Prepared::Blocked(failure) => {
                    let outcome = Outcome::Failed(failure.to_string());
                    (done(Some(failure), false), outcome)
                }
                Prepared::Work { stages, summary, fingerprint, had_effects, skipped } => {
                    shared.metrics.skipped.add(skipped);
                    work = Some(Work { run: job.id, stages, had_effects });
                    (Verdict::Executing { fingerprint }, Outcome::Sent(summary))
                }
            }
        }
    };
    let took = started.elapsed();
    shared.metrics.ran(took, &outcome);
    let record = Record { cause: Cause::clone(&job.cause), at, took, outcome, requests: 0, waits };
    let (id, things) = (job.id, reads.things());
    let needs: Vec<Need> = reads.needs().to_vec();
    shared.unprovided.fetch_add(usize::from(!needs.is_empty()), Ordering::AcqRel);
    shared.board.lock().unwrap_or_else(PoisonError::into_inner).ran(
        job,
        things,
        wake_at,
        record,
        verdict,
        Instant::now(),
    );
    drop(store);
    if !needs.is_empty() {
        // An error here means that the engine is stopping.
        let _ = shared.messages.blocking_send(Message::Needs { run: id, needs });
    }
    work
}

fn instant_of(at: Timestamp, now: Instant) -> Instant {
    let ahead = at.as_millisecond() - Timestamp::now().as_millisecond();
    now + u64::try_from(ahead).ok().filter(|ahead| *ahead > 0).map_or(SOONEST, Duration::from_millis)
}

/// What the function answers now, without acting: the plan in words, and what it read.
pub(crate) fn dry_run(
    shared: &Shared,
    controller: u16,
    key: &ObjectKey,
    failure: Option<Failure>,
) -> (Vec<super::super::Read>, Option<Plan>, Option<String>) {
    let store = shared.store.read().unwrap_or_else(PoisonError::into_inner);
    let answer = ask(shared, &store, controller, key, failure);
    let reads = answer.reads.all();
    match answer.result {
        Ok(plan) => (reads, plan, None),
        Err(unseen) => (reads, None, Some(unseen.to_string())),
    }
}
