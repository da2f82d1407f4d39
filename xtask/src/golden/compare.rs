//! Recorded against ours.

use anyhow::{Result, bail};
use serde_json::Value;

use super::Outcome;

/// The same input gave the same answer twice.
pub(super) fn same_answer(first: &Outcome, second: &Outcome) -> Result<()> {
    match (first, second) {
        (Outcome::Done(a), Outcome::Done(b)) if a == b => Ok(()),
        (Outcome::Failed { text: a, .. }, Outcome::Failed { text: b, .. }) if a == b => Ok(()),
        _ => bail!("a second run gave another answer"),
    }
}

/// Whether ours is what was recorded; notes on what differs without harm.
pub(super) fn check(case: &Value, ours: &Outcome) -> Result<Vec<String>> {
    match (case.get("error").and_then(Value::as_str), ours) {
        (None, Outcome::Done(output)) => {
            if let Some(difference) = difference("output", &case["output"], output) {
                bail!("{difference}");
            }
            Ok(Vec::new())
        }
        (None, Outcome::Failed { text, .. }) => bail!("must succeed, but: {text}"),
        (Some(recorded), Outcome::Done(_)) => bail!("must fail with: {recorded}"),
        (Some(recorded), Outcome::Failed { stage, text }) => {
            let wanted = case["errorStage"].as_str().unwrap_or("render");
            if *stage != wanted {
                bail!("must fail in stage {wanted}, not {stage}: {text}");
            }
            if text == recorded {
                return Ok(Vec::new());
            }
            let missing: Vec<String> =
                quoted(recorded).into_iter().filter(|part| !text.contains(part.as_str())).collect();
            if missing.is_empty() {
                return Ok(vec![format!("other words\n  recorded: {recorded}\n  ours:     {text}")]);
            }
            bail!("the text lacks {missing:?}\n  recorded: {recorded}\n  ours:     {text}")
        }
    }
}

/// What stands in quotes: the names, paths and expressions of the user's.
fn quoted(text: &str) -> Vec<String> {
    // The parser's list of what it expected is its own.
    let text = text.find(" expecting {").map_or(text, |end| &text[..end]);
    let mut parts = Vec::new();
    for quote in ['\'', '"', '`'] {
        let mut pieces = text.split(quote).skip(1);
        while let (Some(inside), Some(_)) = (pieces.next(), pieces.next()) {
            if !inside.is_empty() && !inside.contains(['\'', '"', '`']) {
                parts.push(inside.to_owned());
            }
        }
    }
    parts
}

/// The first difference, as a path and the two values. Keys that ours lacks at the top of `output` are not compared.
pub(super) fn difference(path: &str, recorded: &Value, ours: &Value) -> Option<String> {
    match (recorded, ours) {
        (Value::Object(a), Value::Object(b)) => {
            if let Some(key) = b.keys().find(|key| !a.contains_key(*key)) {
                return Some(format!("{path}.{key}: not recorded, ours is {}", short(&b[key])));
            }
            a.iter().find_map(|(key, value)| match b.get(key) {
                Some(ours) => difference(&format!("{path}.{key}"), value, ours),
                None => Some(format!("{path}.{key}: recorded {}, missing in ours", short(value))),
            })
        }
        (Value::Array(a), Value::Array(b)) => {
            a.iter().zip(b).enumerate().find_map(|(at, (a, b))| difference(&format!("{path}[{at}]"), a, b)).or_else(
                || (a.len() != b.len()).then(|| format!("{path}: recorded {} items, ours {}", a.len(), b.len())),
            )
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        (a, b) if a == b => None,
        (a, b) => Some(format!("{path}: recorded {}, ours {}", short(a), short(b))),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
