//! Differences that are on purpose: the cases of docs/differences.yaml with `replay: runtime`.

use super::compare::Difference;
use crate::differences;
use anyhow::{Context, Result};
use serde::Deserialize;

/// What a case covers; a field that is absent covers everything. `*` stands for any text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "replay")]
    _replay: String,
    scenario: Option<String>,
    step: Option<u32>,
    kind: Option<String>,
    name: Option<String>,
    field: Option<String>,
    recorded: Option<String>,
    ours: Option<String>,
}

/// All cases.
pub(crate) struct Excuses(Vec<Case>);

impl Excuses {
    /// Reads the cases that are about this replay.
    pub(crate) fn new(all: &[differences::Difference]) -> Result<Excuses> {
        let mut cases = Vec::new();
        for difference in all {
            for case in difference.cases.iter().filter(|case| case["replay"] == "runtime") {
                let case: Case = serde_json::from_value(case.clone())
                    .with_context(|| format!("docs/differences.yaml: {}: a case is not understood", difference.id))?;
                cases.push(case);
            }
        }
        Ok(Excuses(cases))
    }

    /// Whether the difference is on purpose.
    pub(crate) fn cover(&self, scenario: &str, difference: &Difference) -> bool {
        self.0.iter().any(|case| {
            let is = |pattern: &Option<String>, text: &str| pattern.as_ref().is_none_or(|pattern| like(pattern, text));
            is(&case.scenario, scenario)
                && case.step.is_none_or(|step| step == difference.step)
                && is(&case.kind, &difference.kind)
                && is(&case.name, &difference.name)
                && is(&case.field, &difference.field)
                && is(&case.recorded, &difference.recorded)
                && is(&case.ours, &difference.ours)
        })
    }
}

/// Whether the text is of that form.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.into_iter().any(|at| like(after, &rest[at..]))
}
