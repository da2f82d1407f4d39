//! What one call asks of the allocator, counted by a program of its own: counting takes time, and time is measured here.

use super::super::figure::{Figure, Report};
use super::super::release;
use super::subjects::Subject;
use alloc_tracker::Session;
use anyhow::{Context, Result, ensure};
use std::process::{Command, Stdio};

/// Builds the program that counts, lets it count, and takes its figures over.
pub(super) fn measure(report: &mut Report) -> Result<()> {
    let program = release::build(&["--package", "xtask", "--bin", "counting"])?.join("counting");
    let file = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
    let status = Command::new(&program)
        .args(["bench", "compiler", "--allocations", "--json"])
        .arg(file.path())
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    ensure!(status.success(), "{} ended with {status}", program.display());
    report.extend(serde_json::from_slice(&std::fs::read(file.path())?).context("the counted figures")?);
    Ok(())
}

/// Counts the allocations of one call of each.
pub(super) fn count(subjects: &[Subject<'_>]) -> Report {
    let mut report = Report::default();
    for subject in subjects {
        subject.once();
        let session = Session::new().no_stdout().no_file();
        let operation = session.operation("call");
        {
            let _counted = operation.measure_thread().iterations(1);
            subject.once();
        }
        let counted = session.to_report();
        let (count, bytes) = counted
            .operations()
            .next()
            .map_or((0, 0), |(_, call)| (call.total_allocations_count(), call.total_bytes_allocated()));
        report.add(Figure::once(format!("{}: allocations", subject.name), count as f64, ""));
        report.add(Figure::once(format!("{}: allocated", subject.name), bytes as f64 / 1e3, "KB"));
    }
    report
}
