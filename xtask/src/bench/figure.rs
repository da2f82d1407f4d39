//! Figures, their budgets, and how they are told.

use serde::{Deserialize, Serialize};

/// What was hoped for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Budget {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

/// One figure: the median of its samples.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Figure {
    name: String,
    value: f64,
    unit: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    budget: Option<Budget>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    kept: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    samples: Vec<f64>,
}

impl Figure {
    /// A figure that was measured once.
    pub(super) fn once(name: impl Into<String>, value: f64, unit: &str) -> Self {
        Self { name: name.into(), value, unit: unit.into(), budget: None, kept: None, samples: Vec::new() }
    }

    /// The median of several measurements; of none, nothing.
    pub(super) fn median(name: impl Into<String>, samples: Vec<f64>, unit: &str) -> Option<Self> {
        let mut sorted = samples.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len().checked_sub(1)? / 2;
        let value = match sorted.len() % 2 {
            0 => f64::midpoint(sorted[middle], sorted[middle + 1]),
            _ => sorted[middle],
        };
        Some(Self { samples, ..Self::once(name, value, unit) })
    }

    /// With its budget.
    pub(super) fn within(mut self, budget: Budget) -> Self {
        self.kept = Some(match budget {
            Budget::AtMost(most) => self.value <= most,
            Budget::AtLeast(least) => self.value >= least,
        });
        self.budget = Some(budget);
        self
    }

    fn line(&self) -> String {
        let told = match self.budget {
            None => String::new(),
            Some(Budget::AtMost(most)) => format!("≤ {most}"),
            Some(Budget::AtLeast(least)) => format!("≥ {least}"),
        };
        let mark = match self.kept {
            None => "",
            Some(true) => "kept",
            Some(false) => "MISSED",
        };
        format!("{:<58} {:>10} {:<12} {told:<8} {mark}", self.name, short(self.value), self.unit).trim_end().to_owned()
    }
}

/// As many digits as say something.
fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// All figures of a run, and what could not be measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Report {
    figures: Vec<Figure>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    skipped: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    machine: Option<Machine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Machine {
    cores: usize,
    commit: String,
}

impl Report {
    pub(super) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Says why something was not measured.
    pub(super) fn skip(&mut self, why: String) {
        eprintln!("skipped: {why}");
        self.skipped.push(why);
    }

    /// Takes in the figures of another report.
    pub(super) fn extend(&mut self, other: Report) {
        self.figures.extend(other.figures);
        self.skipped.extend(other.skipped);
    }

    /// Notes on which machine and commit it was measured.
    pub(super) fn signed(mut self) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let commit = std::process::Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
        let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
        self.machine = Some(Machine { cores, commit });
        self
    }

    pub(super) fn print(&self) {
        for figure in &self.figures {
            println!("{}", figure.line());
        }
        for why in &self.skipped {
            println!("skipped: {why}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle() {
        let median = |samples: &[f64]| Figure::median("x", samples.to_vec(), "ms").map(|figure| figure.value);
        assert_eq!(
            [median(&[]), median(&[3.0]), median(&[5.0, 1.0, 3.0]), median(&[4.0, 1.0, 3.0, 2.0])],
            [None, Some(3.0), Some(3.0), Some(2.5)]
        );
    }

    #[test]
    fn a_budget_is_kept_or_missed() {
        let kept = |budget| Figure::once("x", 10.0, "ms").within(budget).kept;
        assert_eq!(
            [Budget::AtMost(10.0), Budget::AtMost(9.0), Budget::AtLeast(10.0), Budget::AtLeast(11.0)].map(kept),
            [Some(true), Some(false), Some(true), Some(false)]
        );
    }
}
