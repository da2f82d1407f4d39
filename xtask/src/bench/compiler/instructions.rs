//! Instructions of one call: the same on a busy machine.
//!
//! This program runs a subject a few times and many times under an instrument; the difference is the subject alone.

use super::super::figure::{Figure, Report};
use super::subjects::Subject;
use anyhow::{Context, Result, ensure};
use std::process::Command;

/// Calls in the two runs.
const FEW: u32 = 20;
const MANY: u32 = 120;

/// Counts with callgrind, else with the processor's own counter; says so where neither is there.
pub(super) fn measure(subjects: &[Subject<'_>], report: &mut Report) {
    let instruments: [(&str, Count); 2] = [("callgrind", callgrind), ("perf stat", perf)];
    let mut failures = Vec::new();
    for (name, count) in instruments {
        match all(subjects, count) {
            Ok(counts) => {
                for (subject, count) in subjects.iter().zip(counts) {
                    report.add(Figure::once(format!("{}: instructions ({name})", subject.name), count, ""));
                }
                return;
            }
            Err(error) => failures.push(format!("{name}: {error:#}")),
        }
    }
    report.skip(format!("instructions: {}", failures.join("; ")));
}

type Count = fn(&str, u32) -> Result<f64>;

fn all(subjects: &[Subject<'_>], count: Count) -> Result<Vec<f64>> {
    subjects
        .iter()
        .map(|subject| Ok((count(&subject.name, MANY)? - count(&subject.name, FEW)?) / f64::from(MANY - FEW)))
        .collect()
}

fn again(subject: &str, runs: u32) -> Result<Vec<String>> {
    let own = std::env::current_exe().context("this program's own file")?;
    let own = own.to_str().context("this program's own file has no readable name")?.to_owned();
    let runs = runs.to_string();
    Ok([own.as_str(), "bench", "compiler", "--subject", subject, "--runs", &runs].map(str::to_owned).to_vec())
}

fn callgrind(subject: &str, runs: u32) -> Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(again(subject, runs)?)
        .output()
        .context("cannot start valgrind")?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}", text.lines().last().unwrap_or("it failed"));
    let line = text.lines().find_map(|line| line.split_once("Collected :")).context("it told no count")?.1;
    line.trim().parse().context("it told no count")
}

fn perf(subject: &str, runs: u32) -> Result<f64> {
    let output = Command::new("perf")
        .args(["stat", "--field-separator", ";", "--event", "instructions:u", "--"])
        .args(again(subject, runs)?)
        .output()
        .context("cannot start perf")?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}", text.lines().last().unwrap_or("it failed"));
    let line = text.lines().find(|line| line.contains("instructions")).context("it told no count")?;
    line.split(';').next().unwrap_or_default().parse().with_context(|| line.to_owned())
}
