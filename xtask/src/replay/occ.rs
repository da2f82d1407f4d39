//! `cargo xtask replay occ --dir DIR`: recorded sessions of v1.2's command line, against ours.
//!
//! ```text
//! sessions ─▶ stage (control plane, API on a port, folders) ─▶ command by command: run occ, settle, compare
//! ```

mod compare;
mod help;
mod left_out;
mod stage;
mod table;
mod transcript;

use super::Recorded;
use super::rest::{Difference, Excuses, Words};
use crate::counts::Counts;
use crate::{differences, tidy};
use anyhow::{Context, Result, ensure};
use clap::Args;
use left_out::LEFT_OUT;
use stage::Stage;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use transcript::{Entry, Transcript, What};

#[derive(Args)]
pub(crate) struct OccArgs {
    // Sessions before those that are asked for are played, and not counted.
    #[command(flatten)]
    recorded: Recorded,
    /// The program [default: built for it]
    #[arg(long)]
    program: Option<PathBuf>,
}

/// How a command ended beside its recording.
enum Outcome {
    /// With what is otherwise and on purpose, and with places in the table of what is left out.
    Played { wrong: Vec<Difference>, on_purpose: BTreeSet<String>, left_out: BTreeSet<usize> },
    /// Not run: the place in that table.
    LeftOut(usize),
}

/// Plays the sessions; prints what failed, what is left out and why, and how much is otherwise on purpose.
pub(crate) fn run(args: &OccArgs) -> Result<Counts> {
    let excuses = Excuses::new("occ", &differences::read(&tidy::root())?)?;
    let all = transcript::read_all(&args.recorded.dir)?;
    for name in &args.recorded.only {
        ensure!(all.iter().any(|transcript| transcript.name == name), "{name}: no such session");
    }
    let program = args.program.clone().map_or_else(program, Ok)?;
    // Commands run in a folder of their own.
    let program = program.canonicalize().with_context(|| program.display().to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let outcomes = runtime.block_on(play_all(args, program, &all, &excuses))?;
    Ok(report(args, &outcomes, &excuses))
}

fn report(args: &OccArgs, outcomes: &[(String, Outcome)], excuses: &Excuses) -> Counts {
    let mut counts = Counts::default();
    let mut purposes: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut otherwise, mut not_compared) = (0, 0);
    let mut used = BTreeSet::new();
    for (name, outcome) in outcomes {
        match outcome {
            Outcome::LeftOut(place) => {
                not_compared += 1;
                used.insert(*place);
                println!("left out {name}: {}", LEFT_OUT[*place].why);
            }
            Outcome::Played { wrong, on_purpose, left_out } => {
                used.extend(left_out);
                on_purpose.iter().for_each(|id| *purposes.entry(id).or_default() += 1);
                if let Some(first) = wrong.first() {
                    counts.add(false);
                    println!("FAILED {name} ({} differences)", wrong.len());
                    let shown = if args.recorded.all { wrong.as_slice() } else { std::slice::from_ref(first) };
                    shown.iter().for_each(|difference| println!("  {difference}"));
                } else if left_out.is_empty() {
                    counts.add(true);
                    otherwise += usize::from(!on_purpose.is_empty());
                } else {
                    not_compared += 1;
                    for one in left_out.iter().map(|place| &LEFT_OUT[*place]) {
                        println!("left out {name}, {}: {}", one.part(), one.why);
                    }
                }
            }
        }
    }
    // A reason that covers nothing any more would hide the next difference.
    if args.recorded.only.is_empty() {
        let idle = LEFT_OUT.iter().enumerate().filter(|(place, _)| !used.contains(place));
        for idle in idle.map(|(_, one)| format!("left out: {one}")).chain(excuses.idle()) {
            counts.add(false);
            println!("FAILED not otherwise any more: {idle}");
        }
    }
    for (id, number) in purposes {
        println!("{number:4} otherwise on purpose: {id}");
    }
    println!("{otherwise} of those that passed are otherwise on purpose (docs/differences.md)");
    println!("{not_compared} left out");
    counts
}

/// Plays all sessions on one stage, since each goes on where the one before ended; answers those that were asked for.
async fn play_all(
    args: &OccArgs,
    program: PathBuf,
    all: &[Transcript],
    excuses: &Excuses,
) -> Result<Vec<(String, Outcome)>> {
    let mut stage = Stage::start(program, &args.recorded.dir, all).await?;
    let mut words = Words::default();
    let mut outcomes = Vec::new();
    let last = all.iter().rposition(|one| args.recorded.asks_for(one.name));
    for (place, transcript) in all.iter().enumerate().take(last.map_or(0, |last| last + 1)) {
        if place > 0 {
            stage.log_in().await?;
        }
        let asked = args.recorded.asks_for(transcript.name);
        for entry in &transcript.entries {
            let name = format!("{}/{}", transcript.name, entry.name);
            let outcome = play(&mut stage, transcript.name, entry, &name, excuses, &mut words);
            let outcome = outcome.await.with_context(|| name.clone())?;
            outcomes.extend(asked.then_some((name, outcome)));
        }
    }
    stage.stop().await;
    Ok(outcomes)
}

async fn play(
    stage: &mut Stage,
    transcript: &str,
    entry: &Entry,
    name: &str,
    excuses: &Excuses,
    words: &mut Words,
) -> Result<Outcome> {
    if let Some(place) = left_out::whole(name) {
        return Ok(Outcome::LeftOut(place));
    }
    let found = match &entry.what {
        What::Command(command) => {
            let help = match compare::help_of(command) {
                Some(path) => Some(stage.help(&path).await?),
                None => None,
            };
            let ran = stage.play(&command.args).await?;
            compare::command(command, &ran, help.as_deref(), words)?
        }
        What::Written { file, content } => compare::file(content, &stage.written(file)?, words)?,
    };
    let (mut wrong, mut on_purpose, mut left_out) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for difference in found {
        if let Some(id) = excuses.cover(transcript, &entry.name, &difference) {
            on_purpose.insert(id.to_owned());
        } else if let Some(place) = left_out::of_field(name, &difference) {
            left_out.insert(place);
        } else {
            wrong.push(difference);
        }
    }
    Ok(Outcome::Played { wrong, on_purpose, left_out })
}

/// Builds the program. With the features of the whole workspace, as its tests do: others would build forty crates again.
fn program() -> Result<PathBuf> {
    let root = tidy::root();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--workspace", "--bin", "occ"])
        .current_dir(&root)
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "cargo build --bin occ failed");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("debug/occ"))
}
