//! Waiting longer after each failure, never all at the same moment.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// Doubling delays between two bounds.
pub(crate) struct Backoff {
    first: Duration,
    limit: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, limit: Duration) -> Self {
        Self { first, limit, failures: 0 }
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    pub(crate) fn next(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        jittered(self.first, self.limit, self.failures)
    }
}

/// The delay after this many failures: doubled each time up to the limit, ± 20 %.
pub(crate) fn jittered(first: Duration, limit: Duration, failures: u32) -> Duration {
    let doubled =
        first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1).min(31)).unwrap_or(u32::MAX)).min(limit);
    let random = RandomState::new().build_hasher().finish() % 1000;
    doubled.mul_f64(0.8 + 0.4 * (random as f64 / 1000.0))
}
