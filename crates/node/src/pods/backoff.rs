//! How long a container that failed waits before it is tried again.

use std::time::Duration;

/// Doubling pauses up to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub initial: Duration,
    /// The longest pause. A container that ran for twice as long starts over without a pause.
    pub longest: Duration,
}

impl Default for Backoff {
    /// Kubernetes' pauses: 10 seconds, doubling up to 5 minutes.
    fn default() -> Self {
        Self { initial: Duration::from_secs(10), longest: Duration::from_mins(5) }
    }
}

impl Backoff {
    /// The pause after `failures` in a row; none after the first start.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        match failures {
            0 => Duration::ZERO,
            n => self.initial.saturating_mul(2_u32.saturating_pow(n - 1)).min(self.longest),
        }
    }

    /// The streak of a container that is started again after a run of that length.
    pub(crate) fn next_streak(&self, streak: u32, ran: Duration) -> u32 {
        if ran >= self.longest * 2 { 0 } else { streak.saturating_add(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use std::time::Duration;

    #[test]
    fn pauses_double_up_to_five_minutes_and_start_over_after_ten() {
        let backoff = Backoff::default();
        let pauses: Vec<u64> = (0..9).map(|failures| backoff.pause(failures).as_secs()).collect();
        assert_eq!(pauses, [0, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(backoff.pause(u32::MAX), Duration::from_mins(5));
        assert_eq!(backoff.next_streak(4, Duration::from_secs(599)), 5);
        assert_eq!(backoff.next_streak(4, Duration::from_mins(10)), 0);
    }
}
