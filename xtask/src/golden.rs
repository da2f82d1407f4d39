//! `cargo xtask golden PIPELINE --dir DIR`: replays recorded renderings.
//!
//! A case passes if manifests, their order, names and hashes are the recorded ones; a case that failed passes if ours
//! fails in the same stage and its text names everything that the recorded text has in quotes.

mod compare;
mod component;
mod project;
mod resource;
mod workflow;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use compiler::{Compiler, Problems, Stage};
use serde_json::Value;

#[derive(Args)]
pub(crate) struct GoldenArgs {
    /// Which pipeline
    pipeline: Pipeline,
    /// A folder of recorded cases
    #[arg(long)]
    dir: PathBuf,
    /// Only cases whose file name contains this
    #[arg(long)]
    only: Option<String>,
    /// Show error texts that are not word for word the recorded ones
    #[arg(long)]
    texts: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Pipeline {
    Component,
    Project,
    Resource,
    Workflow,
}

/// Parts of a recorded output that controllers make, not the compiler.
const RECONCILED: [&str; 10] = [
    "conditions",
    "retainPolicy",
    "endpoints",
    "connectionTargets",
    "resolvedConnections",
    "pendingConnections",
    "connectionsResolved",
    "resourceDependencyTargets",
    "pendingResourceDependencies",
    "resourceDependenciesReady",
];

/// What a pipeline made of a case.
enum Outcome {
    Done(Value),
    Failed { stage: &'static str, text: String },
}

impl Outcome {
    fn failed(problems: &Problems) -> Self {
        let stage = if problems.stage() == Stage::Encode { "encode" } else { "render" };
        Self::Failed { stage, text: problems.to_string() }
    }
}

pub(crate) fn run(args: &GoldenArgs) -> Result<bool> {
    let compiler = Compiler::new();
    let (mut passed, mut failed) = (0, 0);
    for path in cases(&args.dir)? {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if args.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        match replay(&compiler, args, &path) {
            Ok(notes) => {
                passed += 1;
                if args.texts {
                    notes.iter().for_each(|note| println!("{name}: {note}"));
                }
            }
            Err(error) => {
                failed += 1;
                println!("FAILED {name}: {error:#}");
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

fn cases(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir)
        .with_context(|| format!("cannot read {}", dir.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    Ok(paths)
}

fn replay(compiler: &Compiler, args: &GoldenArgs, path: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut case: Value = serde_json::from_str(&text)?;
    for place in ["/output", "/output/release"] {
        if let Some(output) = case.pointer_mut(place).and_then(Value::as_object_mut) {
            RECONCILED.iter().for_each(|key| drop(output.remove(*key)));
        }
    }
    let run = || match args.pipeline {
        Pipeline::Component => component::run(compiler, &case["input"]),
        Pipeline::Project => project::run(compiler, &case["input"]),
        Pipeline::Resource => resource::run(compiler, &case["input"]),
        Pipeline::Workflow => workflow::run(compiler, &case["input"]),
    };
    let (cold, warm) = (run()?, run()?);
    compare::same_answer(&cold, &warm)?;
    compare::check(&case, &warm)
}
