//! Replays files of recorded cases, one JSON object a line: the specification's own tests (`expr`) and the answers of a
//! template engine (`tpl`).

mod conformance;
mod template;

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value as Json;

/// How the cases of a file went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cases with the recorded answer.
    pub passed: usize,
    /// Cases with another answer, each with its line and what was found.
    pub failures: Vec<String>,
    /// Passed cases whose recorded answer was put right first, each with its line and the reason.
    pub corrected: Vec<String>,
    /// Cases about something else than expressions, such as text around them.
    pub skipped: usize,
}

enum Outcome {
    Passed,
    Skipped,
    Failed(String),
}

/// Replays all cases of a file.
///
/// # Errors
/// When the file cannot be read or a line is no JSON object.
pub fn replay(file: &Path) -> io::Result<Counts> {
    let mut counts = Counts::default();
    for (number, line) in fs::read_to_string(file)?.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let case: Json = serde_json::from_str(line).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}:{}: {error}", file.display(), number + 1))
        })?;
        let mut case = case;
        if let Some((right, reason)) = conformance::corrected(&case) {
            counts.corrected.push(format!("{}:{}: {reason}", file.display(), number + 1));
            case = right;
        }
        let outcome = if case.get("tpl").is_some() { template::run(&case) } else { conformance::run(&case) };
        match outcome {
            Outcome::Passed => counts.passed += 1,
            Outcome::Skipped => counts.skipped += 1,
            Outcome::Failed(why) => counts.failures.push(format!("{}:{}: {why}", file.display(), number + 1)),
        }
    }
    Ok(counts)
}
