//! Transcripts as they lie in their folder: one request and its answer on each line.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The requests of one file, in order.
pub(crate) struct Transcript {
    pub(crate) name: String,
    pub(crate) cases: Vec<Case>,
}

/// A request and what was answered.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) request: Request,
    pub(crate) response: Response,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Option<Value>,
    pub(crate) raw_body: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Option<Value>,
    pub(crate) raw_body: Option<String>,
    pub(crate) sse: Option<Vec<Value>>,
}

/// All transcripts of a folder, by name.
pub(crate) fn read_all(dir: &Path) -> Result<Vec<Transcript>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let cases = text
            .lines()
            .enumerate()
            .map(|(at, line)| {
                serde_json::from_str(line).with_context(|| format!("{}, line {}", path.display(), at + 1))
            })
            .collect::<Result<_>>()?;
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        all.push(Transcript { name, cases });
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}
