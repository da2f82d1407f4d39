//! What differs on purpose: rows of data, each with its reason.

use crate::compare::Difference;
use anyhow::{Context, Result};
use regex::Regex;
use serde::Deserialize;
use std::path::Path;

/// One reason to differ.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Excuse {
    /// A pattern of the request's name.
    #[serde(default)]
    of: String,
    /// A pattern of what differs.
    #[serde(default)]
    at: String,
    /// A pattern of what the recorded server says.
    #[serde(default)]
    recorded: String,
    /// Why.
    pub reason: String,
}

/// The rows.
pub struct Excuses(Vec<(Excuse, [Regex; 3])>);

impl Excuses {
    /// Reads the rows.
    ///
    /// # Errors
    /// The file cannot be read, or a pattern is none.
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let rows: Vec<Excuse> = serde_saphyr::from_str(&text).map_err(|error| anyhow::anyhow!("{error}"))?;
        let compiled = rows.into_iter().map(|row| {
            let patterns = [Regex::new(&row.of)?, Regex::new(&row.at)?, Regex::new(&row.recorded)?];
            Ok((row, patterns))
        });
        Ok(Self(compiled.collect::<Result<_>>()?))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of the row that excuses this.
    pub fn find(&self, difference: &Difference) -> Option<usize> {
        self.0.iter().position(|(_, [of, at, recorded])| {
            of.is_match(&difference.of) && at.is_match(&difference.at) && recorded.is_match(&difference.wanted)
        })
    }

    /// Reasons of rows that excused nothing.
    pub fn unused<'e>(&'e self, used: &'e [usize]) -> impl Iterator<Item = &'e str> {
        let idle = self.0.iter().enumerate().filter(|(number, _)| !used.contains(number));
        idle.map(|(_, (row, _))| row.reason.as_str())
    }
}
