//! Why an object is as it is: its last run, and what the function says now.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::EngineHandle;
use crate::engine::board::Outcome;
use crate::engine::machine::Shared;
use crate::engine::run::dry_run;
use crate::engine::{Failure, ObjectKey, ObjectRef, Plan, Read, Wait};

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
    /// Since when it waits for what its runs waited for.
    pub since: Vec<(ObjectRef, Timestamp)>,
    /// Why there is no plan.
    pub unseen: Option<String>,
}

/// Tells why objects are as they are, for as long as somebody holds it; of an engine that was stopped it tells the end.
#[derive(Clone)]
pub struct Explainer {
    shared: Arc<Shared>,
}

impl EngineHandle {
    /// For surfaces, which do not hold the engine.
    pub fn explainer(&self) -> Explainer {
        Explainer { shared: Arc::clone(&self.shared) }
    }

    /// Why the object of this controller is as it is; `None` when there is no such controller or object.
    pub async fn why(&self, controller: &str, key: impl Into<ObjectKey>) -> Option<Why> {
        let number = self.shared.controllers.iter().position(|known| known.name() == controller)?;
        ask(&self.shared, number, key.into()).await
    }
}

impl Explainer {
    /// Why the object of this kind is as it is; `None` when no controller is responsible for it, or has seen it.
    pub async fn why_of(&self, kind: &str, key: impl Into<ObjectKey>) -> Option<Why> {
        let number = self.shared.controllers.iter().position(|known| &*known.gvk().kind == kind)?;
        ask(&self.shared, number, key.into()).await
    }
}

async fn ask(shared: &Arc<Shared>, number: usize, key: ObjectKey) -> Option<Why> {
    let shared = Arc::clone(shared);
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
                since: run.record.waits.clone(),
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

impl fmt::Debug for Explainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explainer").finish_non_exhaustive()
    }
}

impl Why {
    /// What it waits for, and since when where that is known.
    pub fn waits(&self) -> impl Iterator<Item = (&Wait, Option<Timestamp>)> {
        self.plan.iter().flat_map(Plan::waits).map(|wait| {
            let since = self.since.iter().find(|(object, _)| *object == wait.object).map(|(_, since)| *since);
            (wait, since)
        })
    }

    /// What surfaces show of it. Of the plan only what it waits for: manifests may hold what is not for everybody.
    ///
    /// ```json
    /// {"controller": "component", "phase": "idle",
    ///  "lastRun": {"at": "2026-11-22T06:00:00Z", "wokenBy": "…", "outcome": "all is as it should be"},
    ///  "failing": {"message": "cannot apply …", "times": 3}, "unseen": "…",
    ///  "waits": [{"kind": "ComponentType", "namespace": "default", "name": "service", "cluster": "…", "why": "…", "since": "…"}]}
    /// ```
    ///
    /// `failing` and `unseen` are there while there is something to tell; `namespace` where the kind has one; `cluster`
    /// where it is not the control plane; `since` where the engine has seen it wait before.
    pub fn as_json(&self) -> Value {
        let waits = self.waits().map(|(wait, since)| {
            let object = &wait.object;
            let mut told = json!({"kind": &*object.gvk.kind, "name": &*object.key.name, "why": wait.why});
            let cluster = (!object.cluster.is_control_plane()).then(|| object.cluster.as_str().to_owned());
            let more = [
                ("namespace", object.key.namespace.as_deref().map(str::to_owned)),
                ("cluster", cluster),
                ("since", since.map(whole)),
            ];
            for (name, value) in more {
                if let Some(value) = value {
                    told[name] = value.into();
                }
            }
            told
        });
        let last = json!({"at": whole(self.ran_at), "wokenBy": self.woken_by, "outcome": self.outcome});
        let mut told = json!({
            "controller": self.controller, "phase": self.phase, "lastRun": last, "waits": waits.collect::<Vec<_>>(),
        });
        if let Some((failure, times)) = &self.failure {
            told["failing"] = json!({"message": failure.to_string(), "times": times});
        }
        if let Some(unseen) = &self.unseen {
            told["unseen"] = unseen.as_str().into();
        }
        told
    }
}

/// Times as conditions have them, in whole seconds.
fn whole(moment: Timestamp) -> String {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment).to_string()
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
        for (wait, since) in self.waits() {
            let since = since.map(|since| format!(" (since {since})")).unwrap_or_default();
            writeln!(f, "  waits for {}{since}: {}", wait.object, wait.why)?;
        }
        for read in &self.reads {
            writeln!(f, "  reads     {read}")?;
        }
        Ok(())
    }
}
