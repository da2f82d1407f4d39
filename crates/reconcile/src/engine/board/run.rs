//! One key of one controller.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{Cause, REPEATS, WINDOW};
use crate::engine::cache::{Facets, Thing};
use crate::engine::{Failure, ObjectKey, ObjectRef};

pub(crate) type RunId = u32;
pub(crate) type Memos = HashMap<Thing, Memo>;

/// Where a key is in its circle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Idle,
    Queued,
    Running,
    Executing,
    Settling,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Executing => "executing",
            Self::Settling => "settling",
        }
    }
}

/// After this desired state was written, the live values of what we own had this hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Memo {
    pub desired: u64,
    pub live: u64,
}

/// Effects that did not work, and when they are tried again.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub failure: Failure,
    /// Dependents or finalizers failed, as opposed to the status.
    pub effects: bool,
    /// Of the effects that failed: others are tried at once. 0 when nothing was sent.
    pub fingerprint: u64,
    pub attempts: u32,
    pub until: Instant,
    /// The timer has rung.
    pub retried: bool,
}

/// What the last run was like.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub cause: Cause,
    pub at: Timestamp,
    pub took: Duration,
    pub outcome: Outcome,
    pub requests: u32,
    /// What its plan waits for, and since when.
    pub waits: Vec<(ObjectRef, Timestamp)>,
}

impl Record {
    /// What the run before waited for, too, is waited for since then. A run without a plan knows nothing newer.
    pub(super) fn follows(&mut self, before: Record) {
        if matches!(self.outcome, Outcome::Incomplete | Outcome::Undecodable(_)) {
            self.waits = before.waits;
            return;
        }
        for (object, since) in &mut self.waits {
            if let Some((_, earlier)) = before.waits.iter().find(|(known, _)| known == object) {
                *since = *earlier;
            }
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did not run yet.
    Never,
    /// All is as it should be.
    Nothing,
    /// Something was sent.
    Sent(String),
    /// Its plan was thrown away, because not everything could be seen yet.
    Incomplete,
    /// The object itself cannot be decoded.
    Undecodable(String),
    /// Its effects are held back.
    Held(String),
    /// An effect did not work.
    Failed(String),
}

/// One key of one controller.
pub(crate) struct Run {
    pub controller: u16,
    pub key: ObjectKey,
    pub phase: Phase,
    /// What woke it, once it is queued.
    pub cause: Option<Cause>,
    /// What woke it while it could not be queued.
    pub again: Option<Cause>,
    pub reads: Box<[(Thing, Facets)]>,
    pub wake_at: Option<Instant>,
    pub settle_by: Option<Instant>,
    /// Own writes that the caches do not show yet.
    pub awaited: u32,
    pub held_until: Option<Instant>,
    pub timer: Option<Instant>,
    pub failed: Option<Failed>,
    pub memos: Memos,
    /// Runs in a row that had effects, so that no status was written.
    pub streak: u8,
    pub record: Record,
    pub runs: u64,
    pub requests: u64,
    pub fingerprint: u64,
    pub loops: u32,
    repeated: Vec<(u64, u32)>,
    window: Option<Instant>,
}

impl Run {
    pub(crate) fn new(controller: u16, key: ObjectKey) -> Self {
        Self {
            controller,
            key,
            phase: Phase::Idle,
            cause: None,
            again: None,
            reads: Box::default(),
            wake_at: None,
            settle_by: None,
            awaited: 0,
            held_until: None,
            timer: None,
            failed: None,
            memos: HashMap::new(),
            streak: 0,
            record: Record {
                cause: Cause::from("never"),
                at: Timestamp::UNIX_EPOCH,
                took: Duration::ZERO,
                outcome: Outcome::Never,
                requests: 0,
                waits: Vec::new(),
            },
            runs: 0,
            requests: 0,
            fingerprint: 0,
            loops: 0,
            repeated: Vec::new(),
            window: None,
        }
    }

    pub(super) fn next_timer(&self) -> Option<Instant> {
        let retry = self.failed.as_ref().filter(|failed| !failed.retried).map(|failed| failed.until);
        let settle = self.settle_by.filter(|_| self.phase == Phase::Settling);
        [self.wake_at, settle, self.held_until, retry].into_iter().flatten().min()
    }

    /// Counts what was just sent; whether it was sent too often.
    pub(super) fn repeats(&mut self, now: Instant) -> bool {
        if self.window.is_none_or(|since| now.duration_since(since) > WINDOW) {
            self.window = Some(now);
            self.repeated.clear();
        }
        let fingerprint = self.fingerprint;
        let count = match self.repeated.iter_mut().find(|(known, _)| *known == fingerprint) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                if self.repeated.len() == 4 {
                    self.repeated.remove(0);
                }
                self.repeated.push((fingerprint, 1));
                1
            }
        };
        if count >= REPEATS {
            self.loops += 1;
            self.repeated.clear();
            true
        } else {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{ClusterId, Gvk};

    fn record(at: i64, outcome: Outcome, waits: &[&str]) -> Record {
        let at = Timestamp::from_second(at).expect("a time");
        let object = |name: &&str| ObjectRef {
            cluster: ClusterId::control_plane(),
            gvk: Gvk::new("v1", "Secret"),
            key: ObjectKey::new(None, name),
        };
        let waits = waits.iter().map(|name| (object(name), at)).collect();
        Record { cause: Cause::from("a test"), at, took: Duration::ZERO, outcome, requests: 0, waits }
    }

    fn waits(record: &Record) -> Vec<(String, i64)> {
        record.waits.iter().map(|(object, since)| (object.key.name.to_string(), since.as_second())).collect()
    }

    #[test]
    fn a_wait_is_as_old_as_the_first_run_in_a_row_that_had_it() {
        let first = record(1, Outcome::Nothing, &["a", "b"]);
        let mut second = record(2, Outcome::Nothing, &["b", "c"]);
        second.follows(first);
        assert_eq!(waits(&second), [("b".into(), 1), ("c".into(), 2)]);
        let mut blind = record(3, Outcome::Incomplete, &[]);
        blind.follows(second);
        assert_eq!(waits(&blind), [("b".into(), 1), ("c".into(), 2)], "a run that saw nothing changes nothing");
        let mut last = record(4, Outcome::Nothing, &["a"]);
        last.follows(blind);
        assert_eq!(waits(&last), [("a".into(), 4)]);
    }
}
