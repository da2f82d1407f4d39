//! Probes: when a container is asked whether it started, is ready, and lives, and what its answers add up to.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Probe;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::ask::Target;

/// The first pause between tries until a container has been ready once; it doubles up to the probe's period. Kubernetes
/// waits the whole period; asking sooner makes a container that is up serve sooner and fails nothing earlier.
const EAGER: Duration = Duration::from_millis(100);

/// What a probe is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Startup,
    Readiness,
    Liveness,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Readiness => "Readiness",
            Self::Liveness => "Liveness",
        }
    }
}

/// A probe's word on a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// It passed as often as its threshold asks.
    Passed,
    /// It failed; not yet as often as its threshold asks.
    Failing(String),
    /// It failed as often as its threshold asks.
    Failed(String),
}

/// A probe that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    _stop: DropGuard,
}

/// Starts asking. `tell` hears each change of the answer and the first failure of a row.
pub(crate) fn start(
    kind: Kind,
    probe: Probe,
    target: Target,
    tell: Arc<dyn Fn(Kind, Report) + Send + Sync>,
) -> Running {
    let stop = CancellationToken::new();
    let running = Running { _stop: stop.clone().drop_guard() };
    let asking = Asking { kind, probe, target };
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = asking.run(tell) => {}
        }
    });
    running
}

struct Asking {
    kind: Kind,
    probe: Probe,
    target: Target,
}

/// Thresholds over answers in a row. Pure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Counter {
    passed: u32,
    failed: u32,
    told: Option<bool>,
}

impl Counter {
    fn count(&mut self, answer: Result<(), String>, success: u32, failure: u32) -> Option<Report> {
        match answer {
            Ok(()) => {
                self.failed = 0;
                self.passed = self.passed.saturating_add(1);
                (self.passed >= success && self.told != Some(true)).then(|| {
                    self.told = Some(true);
                    Report::Passed
                })
            }
            Err(words) => {
                self.passed = 0;
                self.failed = self.failed.saturating_add(1);
                if self.failed >= failure && self.told != Some(false) {
                    self.told = Some(false);
                    return Some(Report::Failed(words));
                }
                (self.failed == 1).then_some(Report::Failing(words))
            }
        }
    }
}

impl Asking {
    async fn run(&self, tell: Arc<dyn Fn(Kind, Report) + Send + Sync>) {
        let seconds =
            |value: Option<i32>, default: u64| Duration::from_secs(value.map_or(default, |value| value.max(0) as u64));
        let period = seconds(self.probe.period_seconds, 10).max(Duration::from_secs(1));
        let timeout = seconds(self.probe.timeout_seconds, 1).max(Duration::from_secs(1));
        let success = self.probe.success_threshold.unwrap_or(1).max(1) as u32;
        let failure = self.probe.failure_threshold.unwrap_or(3).max(1) as u32;
        tokio::time::sleep(seconds(self.probe.initial_delay_seconds, 0)).await;

        let mut counter = Counter::default();
        let mut eager = if self.kind == Kind::Liveness { None } else { Some(EAGER) };
        let mut since_counted = tokio::time::Instant::now();
        let mut first = true;
        loop {
            let answer = match tokio::time::timeout(timeout, self.ask(timeout)).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("no answer within {} s", timeout.as_secs())),
            };
            let passed = answer.is_ok();
            // Tries in between the probe's own period do not count as failures.
            let counts = passed || first || since_counted.elapsed() >= period || eager.is_none();
            if counts {
                since_counted = tokio::time::Instant::now();
                let report = counter.count(answer, success, failure);
                let ends = self.kind == Kind::Startup && matches!(report, Some(Report::Passed | Report::Failed(_)));
                if let Some(report) = report {
                    tell(self.kind, report);
                }
                if ends {
                    return;
                }
            }
            first = false;
            let pause = match &mut eager {
                Some(_) if passed => {
                    eager = None;
                    period
                }
                Some(pause) if *pause < period => {
                    let now = *pause;
                    *pause = (now * 2).min(period);
                    now
                }
                _ => {
                    eager = None;
                    period
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn ask(&self, timeout: Duration) -> Result<(), String> {
        let probe = &self.probe;
        if let Some(action) = &probe.exec {
            self.target.exec(action, timeout).await
        } else if let Some(action) = &probe.http_get {
            self.target.http(action).await
        } else if let Some(action) = &probe.tcp_socket {
            self.target.tcp(action).await
        } else if let Some(action) = &probe.grpc {
            self.target.grpc(action).await
        } else {
            Err("the probe has no action".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, Report};

    #[test]
    fn thresholds_count_answers_in_a_row_and_tell_changes_only() {
        let mut counter = Counter::default();
        let fail = || Err("no".to_owned());
        let told: Vec<Option<Report>> =
            [fail(), fail(), Ok(()), Ok(()), Ok(()), fail(), fail(), fail(), Ok(()), fail()]
                .into_iter()
                .map(|answer| counter.count(answer, 2, 2))
                .collect();
        let failing = || Some(Report::Failing("no".to_owned()));
        let failed = || Some(Report::Failed("no".to_owned()));
        assert_eq!(
            told,
            [failing(), failed(), None, Some(Report::Passed), None, failing(), failed(), None, None, failing()]
        );
    }
}
