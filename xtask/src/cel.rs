//! `cel --file FILE`: replays recorded expressions.

use crate::counts::Counts;
use anyhow::Context as _;
use std::path::Path;

/// Replays the cases of a file, prints those that failed, and counts.
pub(crate) fn run(file: &Path) -> anyhow::Result<Counts> {
    let replayed = cel::cases::replay(file).with_context(|| format!("cannot replay {}", file.display()))?;
    for failure in &replayed.failures {
        println!("FAILED {failure}");
    }
    for correction in &replayed.corrected {
        println!("corrected {correction}");
    }
    if replayed.skipped > 0 {
        println!("{} skipped: about more than one expression, or functions of the host", replayed.skipped);
    }
    Ok(Counts { passed: replayed.passed, failed: replayed.failures.len() })
}
