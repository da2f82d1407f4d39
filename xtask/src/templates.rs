//! Recorded answers of v1.2's template engine: whole templates with their variables.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use crate::counts::Counts;
use crate::differences;
use crate::tidy;

/// Whether the file has cases of this kind.
pub(crate) fn is_about_templates(file: &Path) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines()
        .next()
        .and_then(|line| serde_json::from_str::<Value>(line).ok())
        .is_some_and(|case| case.get("tpl").is_some())
}

/// Replays the cases, prints those that failed, and counts. A case that the list of differences names counts as passed.
pub(crate) fn run(file: &Path) -> Result<Counts> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let excused: Vec<Value> = differences::read(&tidy::root())?.into_iter().flat_map(|one| one.cases).collect();
    let mut counts = Counts::default();
    let mut exceptions = 0;
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let case: Value = serde_json::from_str(line).with_context(|| format!("line {}", number + 1))?;
        match check(&case) {
            Ok(()) => counts.add(true),
            Err(why) if excused.contains(&case["tpl"]) => {
                counts.add(true);
                exceptions += 1;
                println!("different on purpose: {}: {why}", case["tpl"]);
            }
            Err(why) => {
                counts.add(false);
                println!("FAILED line {}: {}: {why}", number + 1, case["tpl"]);
            }
        }
    }
    println!("{exceptions} different on purpose");
    Ok(counts)
}

fn check(case: &Value) -> Result<(), String> {
    let empty = Map::new();
    let variables = case["in"].as_object().unwrap_or(&empty);
    let answer = compiler::template::render(&case["tpl"], variables);
    match (case.get("err").and_then(Value::as_str), case.get("unmarshalable"), answer) {
        (Some(recorded), _, Err(faults)) => {
            // The recorded texts end where the source line begins, and long ones earlier.
            let ours = faults.first().map(|fault| fault.error.to_string()).unwrap_or_default();
            if ours.starts_with(recorded) { Ok(()) } else { Err(format!("recorded error {recorded:?}, ours {ours:?}")) }
        }
        (Some(recorded), _, Ok(tree)) => Err(format!("recorded error {recorded:?}, ours {}", tree.to_json_text())),
        (None, Some(_), Ok(tree)) if tree.to_json().is_err() => Ok(()),
        (None, Some(_), Ok(tree)) => Err(format!("recorded as having no JSON form, ours {}", tree.to_json_text())),
        (None, _, Err(faults)) => Err(format!(
            "must succeed, but: {}",
            faults.first().map(|fault| fault.error.to_string()).unwrap_or_default()
        )),
        (None, None, Ok(tree)) => {
            let ours = tree.to_json().map_err(|error| error.to_string())?;
            let types = case["goType"].as_str().unwrap_or_default();
            if !same(&case["val"], &ours) {
                return Err(format!("recorded {}, ours {ours}", case["val"]));
            }
            if types != tree.type_name() {
                return Err(format!("recorded type {types}, ours {}", tree.type_name()));
            }
            Ok(())
        }
    }
}

/// Equal, numbers by value.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}
