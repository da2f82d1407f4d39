//! Why an object is as it is: its last run, and what the function says now.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::EngineHandle;
use crate::engine::board::Outcome;
use crate::engine::run::dry_run;
use crate::engine::{Failure, ObjectKey, Plan, Read};

/// What the engine knows of one key.
#[derive(Clone, Debug)]
pub struct Why {
    /// The controller's name.
    pub controller: &'static str,
    /// The object.
    pub key: ObjectKey,
    /// What woke the last run.
    pub woken_by: String,
    /// When it ran.
    pub ran_at: Timestamp,
    /// How long the function took.
    pub took: Duration,
    /// How it ended.
    pub outcome: String,
    /// Writes that it sent.
    pub requests: u32,
    /// Runs since the engine knows the key.
    pub runs: u64,
    /// `idle`, `queued`, `running`, `executing` or `settling`.
    pub phase: &'static str,
    /// The effect that did not work, and how often in a row.
    pub failure: Option<(Failure, u32)>,
    /// What the function reads, asked just now.
    pub reads: Vec<Read>,
    /// What the function answers, asked just now; nothing of it was done for this answer.
    pub plan: Option<Plan>,
    /// Why there is no plan.
    pub unseen: Option<String>,
}

impl EngineHandle {
    /// Why the object of this controller is as it is; `None` when there is no such controller or object.
    pub async fn why(&self, controller: &str, key: impl Into<ObjectKey>) -> Option<Why> {
        let (shared, key) = (Arc::clone(&self.shared), key.into());
        let number = shared.controllers.iter().position(|known| known.name() == controller)?;
        let ask = move || {
            let mut why = {
                let board = shared.board.lock().unwrap_or_else(PoisonError::into_inner);
                let run = board.find(number as u16, &key)?;
                Why {
                    controller: shared.controllers[number].name(),
                    key: key.clone(),
                    woken_by: run.record.cause.to_string(),
                    ran_at: run.record.at,
                    took: run.record.took,
                    outcome: run.record.outcome.to_string(),
                    requests: run.record.requests,
                    runs: run.runs,
                    phase: run.phase.name(),
                    failure: run.failed.as_ref().map(|failed| (failed.failure.clone(), failed.attempts)),
                    reads: Vec::new(),
                    plan: None,
                    unseen: None,
                }
            };
            let failure = why.failure.as_ref().map(|(failure, _)| failure.clone());
            (why.reads, why.plan, why.unseen) = dry_run(&shared, number as u16, &key, failure);
            Some(why)
        };
        // An error here means that the runtime is stopping.
        tokio::task::spawn_blocking(ask).await.ok().flatten()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("not run yet"),
            Self::Nothing => f.write_str("all is as it should be"),
            Self::Sent(what) => write!(f, "sent: {what}"),
            Self::Incomplete => f.write_str("not everything could be seen yet"),
            Self::Undecodable(why) | Self::Failed(why) => f.write_str(why),
            Self::Held(why) => write!(f, "held back: {why}"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} ({})", self.controller, self.key, self.phase)?;
        writeln!(f, "  last run  {} in {:?}, woken by: {}", self.ran_at, self.took, self.woken_by)?;
        writeln!(f, "  outcome   {}", self.outcome)?;
        if let Some((failure, attempts)) = &self.failure {
            writeln!(f, "  failing   {failure}, {attempts} times in a row")?;
        }
        if let Some(unseen) = &self.unseen {
            writeln!(f, "  unseen    {unseen}")?;
        }
        for wait in self.plan.iter().flat_map(Plan::waits) {
            writeln!(f, "  waits for {}: {}", wait.object, wait.why)?;
        }
        for read in &self.reads {
            writeln!(f, "  reads     {read}")?;
        }
        Ok(())
    }
}
