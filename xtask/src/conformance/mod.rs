//! `cargo xtask conformance`: Kubernetes' own end-to-end tests of the API machinery, against kubelite or against the real server.
//!
//! ```text
//! list of specs ─▶ suite (Go, built once into target/lab) ─▶ a server on a TLS port ─▶ a run per job ─▶ a line per spec
//! ```

mod embedded;
mod report;
mod specs;

use crate::counts::Counts;
use crate::{lab, tidy};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use report::Outcome;
use specs::Spec;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[derive(Args)]
pub(crate) struct ConformanceArgs {
    /// The server under test
    #[arg(long, value_enum, default_value_t = Against::Embedded)]
    against: Against,
    /// Only specs whose name contains this text; may be given more than once
    #[arg(long)]
    only: Vec<String>,
    /// The list of specs; by default that of the contract data
    #[arg(long)]
    specs: Option<PathBuf>,
    /// Runs at a time; specs marked [Serial] run alone after the others
    #[arg(long, default_value_t = 4)]
    jobs: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Against {
    /// kubelite, in this process, on a port of its own
    Embedded,
    /// kube-apiserver and kube-controller-manager with etcd
    Kubernetes,
}

/// A server that is ready; it stops when it is dropped.
trait Subject {
    /// The administrator's kubeconfig.
    fn kubeconfig(&self) -> &Path;
}

impl Subject for lab::Kubernetes {
    fn kubeconfig(&self) -> &Path {
        self.kubeconfig()
    }
}

/// Builds, starts, runs and reports.
pub(crate) fn run(args: &ConformanceArgs) -> Result<Counts> {
    let listed = specs::read(args.specs.as_deref())?;
    let chosen: Vec<Spec> = listed
        .into_iter()
        .filter(|spec| args.only.is_empty() || args.only.iter().any(|text| spec.name.contains(text)))
        .collect();
    let folder = tidy::root().join("target/conformance");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let suite = lab::golang::suite()?;
    let subject: Box<dyn Subject> = match args.against {
        Against::Embedded => Box::new(embedded::Embedded::start()?),
        Against::Kubernetes => Box::new(lab::Kubernetes::start()?),
    };
    let (serial, parallel): (Vec<Spec>, Vec<Spec>) = chosen.iter().cloned().partition(Spec::is_serial);
    let mut outcomes = BTreeMap::new();
    for group in [specs::deal(parallel, args.jobs.max(1)), vec![serial]] {
        outcomes.extend(play(&suite, &folder, subject.kubeconfig(), &group)?);
    }
    drop(subject);
    let mut counts = Counts::default();
    for spec in &chosen {
        let outcome = outcomes.remove(&spec.name).unwrap_or_else(Outcome::absent);
        counts.add(outcome.passed);
        println!("{outcome} {}", spec.name);
        if !outcome.passed {
            for line in outcome.message.lines() {
                println!("    {line}");
            }
        }
    }
    println!("what the runs said: {}", folder.display());
    Ok(counts)
}

/// One process for each hand of specs, all at once.
fn play(suite: &Path, folder: &Path, kubeconfig: &Path, hands: &[Vec<Spec>]) -> Result<BTreeMap<String, Outcome>> {
    let mut runs = Vec::new();
    for (number, hand) in hands.iter().enumerate().filter(|(_, hand)| !hand.is_empty()) {
        let said = folder.join(format!("run-{number}.txt"));
        let json = folder.join(format!("run-{number}.json"));
        let _ = std::fs::remove_file(&json);
        let log = std::fs::File::create(&said).with_context(|| format!("cannot write {}", said.display()))?;
        let mut command = Command::new(suite);
        command
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(["--provider=skeleton", "--allowed-not-ready-nodes=-1", "--minStartupPods=0", "--num-nodes=0"])
            .args(["--kube-api-content-type=application/json", "--ginkgo.no-color", "--test.timeout=0"])
            .arg(format!("--ginkgo.json-report={}", json.display()))
            .args(hand.iter().map(|spec| format!("--ginkgo.focus={}", spec.focus())))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command.spawn().with_context(|| format!("cannot start {}", suite.display()))?;
        runs.push((child, json, said));
    }
    let mut outcomes = BTreeMap::new();
    for (mut child, json, said) in runs {
        child.wait().context("waiting for the suite")?;
        outcomes.extend(report::read(&json).with_context(|| format!("the run ended early, see {}", said.display()))?);
    }
    Ok(outcomes)
}
