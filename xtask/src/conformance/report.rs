//! What the suite's own report says of each spec.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// How a spec ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) passed: bool,
    pub(super) message: String,
    seconds: f64,
}

impl Outcome {
    /// The suite has no such spec, or ended before it.
    pub(super) fn absent() -> Self {
        Self { passed: false, message: "the suite did not run this spec".into(), seconds: 0.0 }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:6.1} s", if self.passed { "passed" } else { "FAILED" }, self.seconds)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Suite {
    #[serde(default)]
    spec_reports: Option<Vec<SpecReport>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SpecReport {
    #[serde(default)]
    container_hierarchy_texts: Option<Vec<String>>,
    leaf_node_type: String,
    #[serde(default)]
    leaf_node_text: String,
    state: String,
    #[serde(default)]
    run_time: f64,
    #[serde(default)]
    failure: Option<Failure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    #[serde(default)]
    message: String,
}

/// The outcome of each spec that ran, by name.
pub(super) fn read(file: &Path) -> Result<BTreeMap<String, Outcome>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    parse(&bytes).with_context(|| format!("cannot read {}", file.display()))
}

fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Outcome>> {
    let suites: Vec<Suite> = serde_json::from_slice(bytes)?;
    let mut outcomes = BTreeMap::new();
    for report in suites.into_iter().filter_map(|suite| suite.spec_reports).flatten() {
        let failure = report.failure.map(|failure| failure.message).unwrap_or_default();
        let ran = report.state != "pending" && (report.state != "skipped" || !failure.is_empty());
        if report.leaf_node_type != "It" || !ran {
            continue;
        }
        let mut words = report.container_hierarchy_texts.unwrap_or_default();
        words.push(report.leaf_node_text);
        let outcome = Outcome {
            passed: report.state == "passed",
            message: if failure.is_empty() { report.state } else { failure },
            seconds: report.run_time / 1e9,
        };
        outcomes.insert(words.join(" "), outcome);
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_that_ran_are_named_in_full_and_others_left_out() {
        let report = br#"[{"SpecReports": [
            {"ContainerHierarchyTexts": ["[sig] A"], "LeafNodeType": "It", "LeafNodeText": "works", "State": "passed", "RunTime": 1500000000},
            {"ContainerHierarchyTexts": ["[sig] A"], "LeafNodeType": "It", "LeafNodeText": "breaks", "State": "failed", "RunTime": 0, "Failure": {"Message": "no"}},
            {"ContainerHierarchyTexts": ["[sig] A"], "LeafNodeType": "It", "LeafNodeText": "rests", "State": "skipped", "RunTime": 0},
            {"ContainerHierarchyTexts": null, "LeafNodeType": "BeforeSuite", "State": "passed", "RunTime": 0}
        ]}]"#;
        let outcomes = parse(report).unwrap();
        assert_eq!(outcomes.len(), 2);
        assert_eq!(outcomes["[sig] A works"].to_string(), "passed    1.5 s");
        assert_eq!(outcomes["[sig] A breaks"].message, "no");
    }
}
