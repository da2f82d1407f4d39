//! `cargo xtask golden PIPELINE --dir DIR`: replays recorded renderings.
//!
//! A case passes if manifests, their order, names and hashes are the recorded ones; a case that failed passes if ours
//! fails in the same stage and its text names everything that the recorded text has in quotes.

mod compare;
pub(crate) mod component;
mod origins;
mod project;
mod resource;
mod workflow;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use compiler::{Compiler, Problems, Stage};
use serde_json::Value;

use crate::counts::Counts;
use crate::{differences, tidy};

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

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Pipeline {
    Component,
    Project,
    Resource,
    Workflow,
}

impl Pipeline {
    /// What the pipeline makes of the `input` of a case; with `origins` it also looks at those.
    fn run(self, compiler: &Compiler, input: &Value, origins: bool) -> Result<Outcome> {
        match self {
            Self::Component => component::run(compiler, input, origins),
            Self::Project => project::run(compiler, input, origins),
            Self::Resource => resource::run(compiler, input, origins),
            Self::Workflow => workflow::run(compiler, input, origins),
        }
    }
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

pub(crate) fn run(args: &GoldenArgs) -> Result<Counts> {
    let compiler = Compiler::new();
    let excused: Vec<Value> = differences::read(&tidy::root())?.into_iter().flat_map(|one| one.cases).collect();
    let mut counts = Counts::default();
    for path in cases(&args.dir)? {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if args.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        match replay(&compiler, args, &path) {
            Ok(notes) => {
                counts.add(true);
                if args.texts {
                    notes.iter().for_each(|note| println!("{name}: {note}"));
                }
            }
            Err(error) if excused.contains(&Value::from(name.as_str())) => {
                counts.add(true);
                println!("different on purpose: {name}: {error:#}");
            }
            Err(error) => {
                counts.add(false);
                println!("FAILED {name}: {error:#}");
            }
        }
    }
    Ok(counts)
}

pub(crate) fn cases(dir: &Path) -> Result<Vec<PathBuf>> {
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
    let run = |origins| args.pipeline.run(compiler, &case["input"], origins);
    let (cold, warm) = (run(false)?, run(true)?);
    if let (Pipeline::Component, Outcome::Done(_)) = (args.pipeline, &cold) {
        origins::check(&case["input"])?;
    }
    compare::same_answer(&cold, &warm)?;
    compare::check(&case, &warm)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::hash::{Hash, Hasher};

    use super::*;

    /// The folder with recorded cases, if it is there.
    fn recorded(folder: &str) -> Option<PathBuf> {
        let root = std::env::var_os("OPENCHOREO_FIXTURES")
            .map_or_else(|| tidy::root().join("../shared/fixtures"), PathBuf::from);
        let path = root.join(folder);
        if path.exists() {
            return Some(path);
        }
        println!("skipped: {} is not there (set OPENCHOREO_FIXTURES)", path.display());
        None
    }

    #[test]
    fn recorded_renderings_come_out_the_same() {
        for (pipeline, folder) in FOLDERS {
            let Some(dir) = recorded(&format!("golden/render/{folder}")) else { return };
            let counts = run(&GoldenArgs { pipeline, dir, only: None, texts: false }).unwrap();
            assert!(counts.passed > 0 && counts.failed == 0, "{pipeline:?}: {counts:?}");
        }
    }

    /// In a process that is asked for it, the answers to all cases as one number.
    const DIGEST: &str = "OPENCHOREO_GOLDEN_DIGEST";

    const FOLDERS: [(Pipeline, &str); 4] = [
        (Pipeline::Component, "component"),
        (Pipeline::Project, "project"),
        (Pipeline::Resource, "resource"),
        (Pipeline::Workflow, "workflow"),
    ];

    /// The answers to all cases, errors included, by their names; one compiler sees the cases in order or the other way
    /// round.
    fn answers(backwards: bool) -> Option<BTreeMap<String, String>> {
        let compiler = Compiler::new();
        let mut answers = BTreeMap::new();
        for (pipeline, folder) in FOLDERS {
            let mut paths = cases(&recorded(&format!("golden/render/{folder}"))?).unwrap();
            if backwards {
                paths.reverse();
            }
            for path in paths {
                let case: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
                let answer = match pipeline.run(&compiler, &case["input"], false).unwrap() {
                    Outcome::Done(output) => output.to_string(),
                    Outcome::Failed { stage, text } => format!("{stage}: {text}"),
                };
                answers.insert(path.display().to_string(), answer);
            }
        }
        Some(answers)
    }

    /// Each process seeds its hash tables anew, and the other one meets the cases in the other order.
    #[test]
    fn every_answer_is_the_same_in_another_process() {
        let told = std::env::var(DIGEST).ok();
        let Some(answers) = answers(told.is_some()) else { return };
        let ours: Vec<String> = answers.iter().map(|(name, answer)| digest(name, answer)).collect();
        if let Some(file) = told {
            std::fs::write(file, ours.join("\n")).unwrap();
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("digests");
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "golden::tests::every_answer_is_the_same_in_another_process"])
            .env(DIGEST, &file)
            .output()
            .unwrap();
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
        let theirs = std::fs::read_to_string(&file).unwrap();
        for (ours, theirs) in ours.iter().zip(theirs.lines()) {
            assert_eq!(ours, theirs);
        }
        assert_eq!(ours.len(), theirs.lines().count());
    }

    /// Name and a hash that is the same in every process.
    fn digest(name: &str, answer: &str) -> String {
        let mut hasher = std::hash::DefaultHasher::new();
        answer.hash(&mut hasher);
        format!("{name} {:016x}", hasher.finish())
    }

    #[test]
    fn recorded_templates_come_out_the_same() {
        let Some(file) = recorded("cel/template-oracle.jsonl") else { return };
        let counts = crate::templates::run(&file).unwrap();
        assert!(counts.passed > 0 && counts.failed == 0, "{counts:?}");
    }

    /// The published default types, unchanged, give what is recorded for the published example.
    #[test]
    fn the_published_service_type_renders_the_published_service() {
        let (Some(manifests), Some(cases)) =
            (recorded("manifests/getting-started/all.yaml"), recorded("golden/render/component"))
        else {
            return;
        };
        let documents: Vec<Value> = serde_saphyr::from_multiple(&std::fs::read_to_string(manifests).unwrap()).unwrap();
        let service = documents
            .iter()
            .find(|object| object["kind"] == "ClusterComponentType" && object["metadata"]["name"] == "service")
            .unwrap();
        let case = std::fs::read_to_string(cases.join("001-sample-greeter-service-development.json")).unwrap();
        let mut case: Value = serde_json::from_str(&case).unwrap();
        case["input"]["componentType"]["spec"] = service["spec"].clone();
        RECONCILED.iter().for_each(|key| drop(case["output"]["release"].as_object_mut().unwrap().remove(*key)));
        let ours = component::run(&Compiler::new(), &case["input"], true).unwrap();
        compare::check(&case, &ours).unwrap();
    }
}
