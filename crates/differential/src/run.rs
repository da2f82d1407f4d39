//! Everything against one server: recorded, or compared with what was recorded.

use crate::compare::{self, Difference};
use crate::excuses::Excuses;
use crate::server::Server;
use crate::{data, play, record, sample, script, verdicts};
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};

/// What came of a comparison.
#[derive(Debug, Default)]
pub struct Report {
    /// Requests that were compared.
    pub requests: usize,
    /// Mutated objects that were compared.
    pub objects: usize,
    /// Differences that no row excuses.
    pub differences: Vec<Difference>,
    /// How many differences a row excuses, by row.
    pub excused: BTreeMap<usize, usize>,
    /// How many rows of excuses there are.
    pub excuses: usize,
    /// What was left out, and why.
    pub skipped: Vec<String>,
    /// Reasons of rows that nothing needed.
    pub idle: Vec<String>,
}

impl Report {
    /// Requests and objects that are answered differently, without those that are excused.
    pub fn differing(&self) -> BTreeSet<&str> {
        self.differences.iter().map(|difference| difference.of.as_str()).collect()
    }
}

/// What is played.
#[derive(Debug, Default, Clone)]
pub struct Choice {
    /// Only scripts of this group.
    pub group: Option<String>,
    /// Only cases and kinds whose names contain this.
    pub only: Option<String>,
    /// Leave out the scripts.
    pub no_scripts: bool,
    /// Leave out the mutated objects.
    pub no_objects: bool,
}

impl Choice {
    /// The same in portions that can be asked of a server each: the groups of scripts, then the objects.
    ///
    /// # Errors
    /// The scripts cannot be read.
    pub fn portions(&self) -> Result<Vec<Self>> {
        let mut portions = Vec::new();
        for group in script::read(&data().join("scripts"))? {
            if group.cases.iter().any(|case| self.names(&group, case)) {
                portions.push(Self { group: Some(group.name), no_objects: true, ..self.clone() });
            }
        }
        portions.push(Self { no_scripts: true, ..self.clone() });
        Ok(portions)
    }

    fn names(&self, group: &script::Group, case: &script::Case) -> bool {
        self.group.as_ref().is_none_or(|name| *name == group.name)
            && self.only.as_ref().is_none_or(|only| case.name.contains(only))
    }
}

/// Plays and compares.
///
/// # Errors
/// Data is missing or wrong, or the server does not answer.
pub async fn check(server: &Server, choice: &Choice) -> Result<Report> {
    let excuses = Excuses::read(&data().join("excuses.yaml"))?;
    let mut report = Report { excuses: excuses.len(), ..Report::default() };
    let mut found = Vec::new();
    if !choice.no_scripts {
        for group in script::read(&data().join("scripts"))? {
            let recorded = record::read(&data().join(format!("answers/{}.jsonl", group.name)))?;
            let recorded: BTreeMap<&str, &record::Answer> =
                recorded.iter().map(|answer| (answer.of.as_str(), answer)).collect();
            for case in group.cases.iter().filter(|case| choice.names(&group, case)) {
                let answers = match play::case(server, case).await {
                    Ok(answers) => answers,
                    Err(error) => {
                        found.push(Difference {
                            of: case.name.clone(),
                            at: "script".into(),
                            wanted: "played to its end".into(),
                            got: format!("{error:#}"),
                        });
                        continue;
                    }
                };
                for answer in answers {
                    let wanted = recorded
                        .get(answer.of.as_str())
                        .with_context(|| format!("no answer to {:?} is recorded: record again", answer.of))?;
                    report.requests += 1;
                    found.extend(compare::answers(wanted, &answer));
                }
            }
        }
    }
    if !choice.no_objects {
        objects(server, choice, &mut report, &mut found).await?;
    }
    for difference in found {
        match excuses.find(&difference) {
            Some(row) => *report.excused.entry(row).or_default() += 1,
            None => report.differences.push(difference),
        }
    }
    let all = choice.only.is_none() && choice.group.is_none() && !choice.no_scripts && !choice.no_objects;
    if all && report.skipped.is_empty() {
        let used: Vec<usize> = report.excused.keys().copied().collect();
        report.idle = excuses.unused(&used).map(str::to_owned).collect();
    }
    Ok(report)
}

async fn objects(server: &Server, choice: &Choice, report: &mut Report, found: &mut Vec<Difference>) -> Result<()> {
    let mut compare = |file: &str, lines: &[String]| -> Result<()> {
        let file = data().join("answers").join(file);
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let recorded: Vec<String> = text.lines().map(str::to_owned).collect();
        let recorded = verdicts::by_mutation(&recorded);
        for (what, got) in verdicts::by_mutation(lines) {
            let wanted = recorded.get(what).with_context(|| format!("no verdict on {what:?} is recorded"))?;
            report.objects += 1;
            if *wanted != got {
                let (wanted, got) = ((*wanted).to_owned(), got.to_owned());
                found.push(Difference { of: what.to_owned(), at: "verdict".into(), wanted, got });
            }
        }
        Ok(())
    };
    let only = choice.only.as_deref();
    compare("objects-builtin.txt", &verdicts::builtin(server, only).await?)?;
    match sample::fixtures() {
        Some(fixtures) => compare("objects-custom.txt", &verdicts::custom(server, &fixtures, only).await?)?,
        None => {
            report.skipped.push("objects of the contract's definitions: no contract data (OPENCHOREO_FIXTURES)".into());
        }
    }
    Ok(())
}

/// Plays and keeps the answers; how many requests and objects there were. A group of which one case is chosen is kept whole; objects are
/// kept only if nothing is chosen by its name.
///
/// # Errors
/// Data is missing or wrong, the server does not answer, or the answers cannot be written.
pub async fn record(server: &Server, choice: &Choice) -> Result<(usize, usize)> {
    let answers = data().join("answers");
    std::fs::create_dir_all(&answers)?;
    let (mut requests, mut objects) = (0, 0);
    if !choice.no_scripts {
        for group in script::read(&data().join("scripts"))? {
            if !group.cases.iter().any(|case| choice.names(&group, case)) {
                continue;
            }
            let mut all = Vec::new();
            for case in &group.cases {
                all.extend(play::case(server, case).await?);
            }
            requests += all.len();
            record::write(&answers.join(format!("{}.jsonl", group.name)), &all)?;
        }
    }
    if !choice.no_objects && choice.only.is_none() {
        let mut keep = |file: &str, lines: Vec<String>| {
            objects += lines.len();
            std::fs::write(answers.join(file), lines.join("\n") + "\n").with_context(|| file.to_owned())
        };
        keep("objects-builtin.txt", verdicts::builtin(server, None).await?)?;
        if let Some(fixtures) = sample::fixtures() {
            keep("objects-custom.txt", verdicts::custom(server, &fixtures, None).await?)?;
        }
    }
    Ok((requests, objects))
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        for what in &self.skipped {
            writeln!(f, "skipped: {what}")?;
        }
        for reason in &self.idle {
            writeln!(f, "nothing differs any more for this reason: {reason}")?;
        }
        writeln!(
            f,
            "{} requests, {} mutated objects: {} answered differently ({} differences), {} differences excused by {} rows",
            self.requests,
            self.objects,
            self.differing().len(),
            self.differences.len(),
            self.excused.values().sum::<usize>(),
            self.excused.len()
        )
    }
}
