//! Sessions as they lie in their folder: one command and what it did on each line, and at the end files that were written.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The sessions in the order in which they were recorded: each goes on where the one before ended.
const ORDER: [&str; 2] = ["config", "core"];

/// One session.
pub(super) struct Transcript {
    pub(super) name: &'static str,
    pub(super) entries: Vec<Entry>,
}

/// One line of a session.
pub(super) struct Entry {
    /// The command; from its second time on with the number of times.
    pub(super) name: String,
    pub(super) what: What,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum What {
    Command(Command),
    Written { file: String, content: String },
}

/// A command and what it did.
#[derive(Debug, Deserialize)]
pub(super) struct Command {
    pub(super) args: Vec<String>,
    /// None: it waited for somebody until it was ended.
    pub(super) exit: Option<i32>,
    #[serde(default)]
    pub(super) stdout: String,
    #[serde(default)]
    pub(super) stderr: String,
}

/// All sessions of a folder, in order.
pub(super) fn read_all(dir: &Path) -> Result<Vec<Transcript>> {
    ORDER.into_iter().map(|name| read(dir, name)).collect()
}

fn read(dir: &Path, name: &'static str) -> Result<Transcript> {
    let path = dir.join(name).with_extension("jsonl");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let entries = text
        .lines()
        .enumerate()
        .map(|(at, line)| {
            let what: What =
                serde_json::from_str(line).with_context(|| format!("{}, line {}", path.display(), at + 1))?;
            let mut name = match &what {
                What::Command(command) => command.args.join(" "),
                What::Written { file, .. } => format!("writes {file}"),
            };
            let times = times.entry(name.clone()).or_insert(0);
            *times += 1;
            if *times > 1 {
                name.push_str(&format!(" #{times}"));
            }
            Ok(Entry { name, what })
        })
        .collect::<Result<_>>()?;
    Ok(Transcript { name, entries })
}
