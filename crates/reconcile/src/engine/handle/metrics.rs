//! Counts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::EngineHandle;
use crate::engine::board::Outcome;

/// A count that only grows.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counts of a running engine.
#[derive(Default)]
pub(crate) struct Counters {
    runs: Counter,
    incomplete: Counter,
    run_micros: Counter,
    pub wakes: Counter,
    pub sightings: Counter,
    pub requests: Counter,
    pub skipped: Counter,
    pub failures: Counter,
    pub loops: Counter,
}

impl Counters {
    pub(crate) fn ran(&self, took: Duration, outcome: &Outcome) {
        self.runs.add(1);
        self.run_micros.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        if *outcome == Outcome::Incomplete {
            self.incomplete.add(1);
        }
    }
}

/// Counts since the start of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Functions called.
    pub runs: u64,
    /// Of these, plans thrown away because a first look was not finished.
    pub incomplete: u64,
    /// Time spent in functions.
    pub run_time: Duration,
    /// Keys woken by a change of something they read.
    pub wakes: u64,
    /// Lists, events and bookmarks taken in.
    pub sightings: u64,
    /// Writes sent.
    pub requests: u64,
    /// Effects that were so already.
    pub skipped: u64,
    /// Writes that did not work.
    pub failures: u64,
    /// Keys reported as loops.
    pub loops: u64,
}

impl EngineHandle {
    /// The counts.
    pub fn metrics(&self) -> Metrics {
        let counters = &self.shared.metrics;
        Metrics {
            runs: counters.runs.get(),
            incomplete: counters.incomplete.get(),
            run_time: Duration::from_micros(counters.run_micros.get()),
            wakes: counters.wakes.get(),
            sightings: counters.sightings.get(),
            requests: counters.requests.get(),
            skipped: counters.skipped.get(),
            failures: counters.failures.get(),
            loops: counters.loops.get(),
        }
    }
}
