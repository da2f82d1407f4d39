//! Differences that are on purpose: the cases of docs/differences.yaml with `replay: rest` or `replay: occ`.

use super::compare::Difference;
use crate::differences;
use crate::replay::excuses::like;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::cell::Cell;

/// What a case covers; a field that is absent covers everything. `*` stands for any text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "replay")]
    _replay: String,
    /// The file's name without `.jsonl`.
    transcript: Option<String>,
    /// The request's name, or the command.
    #[serde(alias = "command")]
    request: Option<String>,
    field: Option<String>,
    recorded: Option<String>,
    ours: Option<String>,
}

/// All cases.
pub(crate) struct Excuses(Vec<Listed>);

/// A case, the id of its difference, and whether it has covered anything.
struct Listed {
    id: String,
    case: Case,
    used: Cell<bool>,
}

impl Excuses {
    /// Reads the cases that are about this replay.
    pub(crate) fn new(replay: &str, all: &[differences::Difference]) -> Result<Excuses> {
        let mut cases = Vec::new();
        for difference in all {
            for case in difference.cases.iter().filter(|case| case["replay"] == replay) {
                let case: Case = serde_json::from_value(case.clone())
                    .with_context(|| format!("docs/differences.yaml: {}: a case is not understood", difference.id))?;
                cases.push(Listed { id: difference.id.clone(), case, used: Cell::new(false) });
            }
        }
        Ok(Excuses(cases))
    }

    /// Whether the difference is on purpose: the id under which it is listed.
    pub(crate) fn cover(&self, transcript: &str, request: &str, difference: &Difference) -> Option<&str> {
        let is = |pattern: &Option<String>, text: &str| pattern.as_ref().is_none_or(|pattern| like(pattern, text));
        let covers = |case: &Case| {
            is(&case.transcript, transcript)
                && is(&case.request, request)
                && is(&case.field, &difference.field)
                && is(&case.recorded, &difference.recorded)
                && is(&case.ours, &difference.ours)
        };
        let found = self.0.iter().find(|listed| covers(&listed.case))?;
        found.used.set(true);
        Some(&found.id)
    }

    /// Cases that have covered nothing, each as it is told: they would hide the next difference.
    pub(crate) fn idle(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter(|listed| !listed.used.get()).map(|listed| format!("{}: {:?}", listed.id, listed.case))
    }
}
