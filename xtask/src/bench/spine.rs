//! The whole path. Each number of components is measured in a process of its own, so that none inherits memory.

use super::figure::Report;
use super::{BenchArgs, up};
use anyhow::{Context, Result, ensure};
use std::process::Command;

pub(super) fn run(args: &BenchArgs) -> Result<Report> {
    let mut report = up::run(args)?;
    for count in &args.components {
        eprintln!("plane without containers: {count} components");
        report.extend(plane(args, *count)?);
    }
    Ok(report.signed())
}

fn plane(args: &BenchArgs, count: usize) -> Result<Report> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let file = folder.path().join("figures.json");
    let own = std::env::current_exe().context("this program's own file")?;
    let output = Command::new(own)
        .args(["bench", "plane", "--components", &count.to_string(), "--projects", &args.projects.to_string()])
        .args(["--rest", &args.rest.to_string(), "--json"])
        .arg(&file)
        .output()
        .context("cannot start the measuring process")?;
    ensure!(output.status.success(), "measuring failed:\n{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    Ok(serde_json::from_slice(&text)?)
}
