//! `cargo xtask test`: everything CI runs, in order, stopping at nothing so that one run tells all that is wrong.

use crate::{counts::Counts, tidy};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// One step: its name and the command.
struct Step {
    name: &'static str,
    command: Vec<String>,
}

/// Recorded requests that must be answered as they were.
const ANSWERED: &str = "authzrolebindings,authzroles,clusterauthzrolebindings,clusterauthzroles,clustercomponenttypes,clusterprojecttypes,clusterresourcetypes,clusterworkflows,deploymentpipelines,errors,namespaces,pagination,projects,projecttypes,resourcetypes,traits,workflow-schemas,workflows";

/// Runs all steps; answers whether all passed. With `fast`, tests that need containers or a real Kubernetes skip themselves.
pub(crate) fn run(fast: bool) -> Result<bool> {
    let root = tidy::root();
    let mut counts = Counts::default();
    let mut summary = Vec::new();
    println!("── tidy");
    let begun = Instant::now();
    let tidy = tidy::run()?.report();
    counts.add(tidy);
    summary.push(("tidy", tidy, begun.elapsed()));
    for step in steps(&root) {
        println!("── {}", step.name);
        let begun = Instant::now();
        let mut command = Command::new(&step.command[0]);
        command.args(&step.command[1..]).current_dir(&root);
        if fast {
            command.env("OPENCHOREO_TEST_FAST", "1");
        }
        let status = command.status().with_context(|| format!("{}: cannot start {}", step.name, step.command[0]))?;
        counts.add(status.success());
        summary.push((step.name, status.success(), begun.elapsed()));
    }
    println!("── summary");
    for (name, passed, took) in summary {
        println!("{} {name} ({:.0} s)", if passed { "passed" } else { "FAILED" }, took.as_secs_f64());
    }
    Ok(counts.report())
}

fn steps(root: &Path) -> Vec<Step> {
    let cargo = env!("CARGO");
    let step = |name, words: &[&str]| Step { name, command: words.iter().map(ToString::to_string).collect() };
    let mut steps = vec![
        step("format", &[cargo, "fmt", "--all", "--check"]),
        step(
            "lints",
            &[cargo, "clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"],
        ),
        step("tests", &[cargo, "test", "--workspace", "--locked", "--no-fail-fast"]),
        step(
            "kubelite is killed 20 times",
            &[
                cargo,
                "run",
                "--quiet",
                "--locked",
                "--package",
                "xtask",
                "--",
                "soak",
                "kubelite-kills",
                "--kills",
                "20",
            ],
        ),
    ];
    if Command::new(cargo).args(["deny", "--version"]).output().is_ok_and(|output| output.status.success()) {
        steps.push(step(
            "licences and duplicates",
            &[cargo, "deny", "--offline", "check", "licenses", "bans", "sources"],
        ));
    } else {
        println!("cargo-deny is not installed: licences are not checked (cargo install cargo-deny --locked)");
    }
    let scenarios = crate::replay::scenarios();
    if scenarios.is_dir() {
        let replay = |what: &str, only: Option<&str>, folder: &Path| {
            let mut command: Vec<String> =
                ["run", "--quiet", "--locked", "--package", "xtask", "--", "replay", what].map(str::to_owned).into();
            command.insert(0, cargo.to_owned());
            command.extend(only.into_iter().flat_map(|only| ["--only", only]).map(str::to_owned));
            command.extend(["--dir".to_owned(), folder.display().to_string()]);
            command
        };
        steps.push(Step { name: "recorded scenarios", command: replay("runtime", None, &scenarios) });
        let requests = scenarios.with_file_name("rest");
        steps.push(Step { name: "recorded requests", command: replay("rest", Some(ANSWERED), &requests) });
        let sessions = scenarios.with_file_name("occ");
        steps.push(Step { name: "recorded sessions of the command line", command: replay("occ", None, &sessions) });
    } else {
        println!("recorded scenarios are skipped: no fixtures at {} (OPENCHOREO_FIXTURES)", scenarios.display());
    }
    let _ = root;
    steps
}
