//! `cargo xtask replay runtime --dir DIR`: recorded scenarios of a running v1.2 control plane, against ours in process.
//! `cargo xtask replay rest --dir DIR`: recorded requests to its REST API, with what it answered.
//! `cargo xtask replay occ --dir DIR`: recorded sessions of its command line, against ours.
//!
//! ```text
//! scenario ─▶ control plane (server, controllers, stand-in for the node) ─▶ step by step: commands, settle, compare
//! ```

mod compare;
mod control_plane;
mod excuses;
mod generate_release;
mod history;
mod kinds;
mod kubectl;
mod names;
mod occ;
mod plain;
mod rest;
mod scenario;
mod sequence;
mod shell;
mod stand_in;

use crate::counts::Counts;
use crate::{differences, tidy};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use compare::Difference;
use control_plane::ControlPlane;
use excuses::Excuses;
use names::Names;
use scenario::Scenario;
pub(crate) use scenario::recorded as scenarios;
use std::path::{Path, PathBuf};

/// Scenarios of kinds that no controller of ours carries yet, and why each is left out unless it is asked for by name.
const NOT_YET: [(&str, &str); 3] = [
    ("agent-offline", "planes behind an agent: there is no gateway for agents yet"),
    ("alert-rule-trait", "alert rules and notification channels: there is no observability plane yet"),
    ("workflow-run", "workflow runs: there is no workflow engine yet"),
];

#[derive(Args)]
pub(crate) struct ReplayArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Scenarios of the control plane: commands, final objects, and how conditions moved
    Runtime(Recorded),
    /// Transcripts of the REST API: requests and their answers
    Rest(Recorded),
    /// Sessions of the command line: commands with what they printed, their exit codes and the files that they wrote
    Occ(occ::OccArgs),
}

/// Which recordings, and how much is shown of them.
#[derive(Args)]
struct Recorded {
    /// The folder of the recordings
    #[arg(long)]
    dir: PathBuf,
    /// Only these (names of folders, or of files without .jsonl)
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Show every difference, not only the first of each case
    #[arg(long)]
    all: bool,
}

impl Recorded {
    /// Whether that recording was asked for.
    fn asks_for(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

/// Plays the scenarios and prints how each ended.
pub(crate) fn run(args: &ReplayArgs) -> Result<Counts> {
    match &args.what {
        What::Runtime(args) => runtime(args),
        What::Rest(args) => rest::run(args),
        What::Occ(args) => occ::run(args),
    }
}

fn runtime(args: &Recorded) -> Result<Counts> {
    let excuses = Excuses::new(&differences::read(&tidy::root())?)?;
    let platform = scenario::platform(&args.dir)?;
    let mut counts = Counts::default();
    for folder in scenario::folders(&args.dir)? {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if !args.only.is_empty() && !args.only.contains(&name) {
            continue;
        }
        if args.only.is_empty()
            && let Some((_, why)) = NOT_YET.iter().find(|(scenario, _)| *scenario == name)
        {
            println!("left out {name}: {why}");
            continue;
        }
        let outcome = play(&folder, &platform, &excuses);
        counts.add(matches!(&outcome, Ok(differences) if differences.is_empty()));
        match outcome {
            Ok(differences) if differences.is_empty() => println!("passed {name}"),
            Ok(differences) => {
                println!("FAILED {name} ({} differences)", differences.len());
                let shown = if args.all { differences.len() } else { 1 };
                for difference in differences.iter().take(shown) {
                    println!("  {difference}");
                }
            }
            Err(error) => println!("FAILED {name}\n  {error:#}"),
        }
    }
    Ok(counts)
}

/// Plays one scenario on a control plane of its own; answers what is otherwise than recorded and not on purpose.
fn play(folder: &Path, platform: &[serde_json::Value], excuses: &Excuses) -> Result<Vec<Difference>> {
    let scenario = Scenario::read(folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let found = runtime.block_on(async {
        let platform = if scenario.name == "getting-started" { &[] } else { platform };
        let control_plane = ControlPlane::start(scenario.uids.clone(), platform).await?;
        let outcome = steps(&scenario, &control_plane).await;
        control_plane.stop().await;
        outcome
    })?;
    Ok(found.into_iter().filter(|difference| !excuses.cover(&scenario.name, difference)).collect())
}

async fn steps(scenario: &Scenario, control_plane: &ControlPlane) -> Result<Vec<Difference>> {
    let mut found = Vec::new();
    let mut names = Names::default();
    for step in &scenario.steps {
        control_plane.history.begin(step.number);
        let told = kubectl::run(control_plane, &scenario.namespaces[0], step, &mut names)
            .await
            .with_context(|| format!("step {}", step.name))?;
        control_plane.settle().await.with_context(|| format!("step {}", step.name))?;
        let ours = control_plane.state(&scenario.namespaces).await?;
        names.learn(&ours, &step.state, &control_plane.history.uids());
        for (command, told) in step.commands.iter().zip(&told) {
            found.extend(compare::command(step, command, told, &names));
        }
        found.extend(compare::state(step, &ours, &names, &scenario.without_uids));
    }
    found.extend(sequence::compare(&scenario.timeline, &control_plane.history.entries(), &names));
    Ok(found)
}
