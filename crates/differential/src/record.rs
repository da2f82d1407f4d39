//! Answers as they are compared and kept: a line of JSON each, a file per group.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What a server said, normalised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Case, number and request.
    pub of: String,
    /// The status code.
    pub code: u16,
    /// Headers that matter.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Texts of `Warning` headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The body.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub body: Value,
}

/// The answers of a group, in order.
///
/// # Errors
/// The file is not there or not as described here.
pub fn read(file: &Path) -> Result<Vec<Answer>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("no answers are recorded: {}", file.display()))?;
    let read = |line: &str| -> Result<Answer> {
        let mut answer: Answer = serde_json::from_str(line).with_context(|| file.display().to_string())?;
        crate::normal::again(&mut answer.body);
        Ok(answer)
    };
    text.lines().map(read).collect()
}

/// Keeps the answers of a group.
///
/// # Errors
/// The file cannot be written.
pub fn write(file: &Path, answers: &[Answer]) -> Result<()> {
    let mut text = String::new();
    for answer in answers {
        text.push_str(&serde_json::to_string(answer)?);
        text.push('\n');
    }
    std::fs::write(file, text).with_context(|| file.display().to_string())
}
