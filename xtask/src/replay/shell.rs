//! Recorded command lines, taken apart.

use anyhow::{Context, Result, bail};

/// What a recorded command does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// `kubectl apply -f input.yaml`.
    Apply,
    /// `kubectl label` or `kubectl annotate`: the map in `metadata`, its entries, and the word of the answer.
    Mark { place: &'static str, target: Target, key: String, value: String },
    /// `kubectl patch`.
    Patch { target: Target, json_patch: bool, patch: String },
    /// `kubectl delete`.
    Delete { target: Target },
    /// A call of the REST API.
    Rest { path: String },
}

/// What a command is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) resource: String,
    /// All of the namespace when absent.
    pub(crate) name: Option<String>,
    pub(crate) namespace: String,
}

impl Action {
    /// Understands a command.
    pub(crate) fn parse(line: &str) -> Result<Action> {
        // A patch is written without quotes and may contain spaces; it is always last.
        let (line, patch) = match line.split_once(" -p ") {
            Some((line, patch)) => (line, Some(patch.to_owned())),
            None => (line, None),
        };
        let mut words = line.split_whitespace();
        let program = words.next().unwrap_or_default();
        if program == "POST" {
            return Ok(Action::Rest { path: words.next().unwrap_or_default().to_owned() });
        }
        let verb = words.next().unwrap_or_default();
        let (mut plain, mut namespace, mut all, mut json_patch) = (Vec::new(), String::new(), false, false);
        while let Some(word) = words.next() {
            match word {
                "-n" => namespace = words.next().context("-n without a namespace")?.to_owned(),
                "-f" => drop(words.next()),
                "--all" => all = true,
                "--type=json" => json_patch = true,
                "--type=merge" | "--wait=false" | "--overwrite" => {}
                word if word.starts_with('-') => bail!("the replay does not know {word} of {line:?}"),
                word => plain.push(word.to_owned()),
            }
        }
        let mut plain = plain.into_iter();
        if (program, verb) == ("kubectl", "apply") {
            return Ok(Action::Apply);
        }
        let resource = plain.next().with_context(|| format!("no resource in {line:?}"))?;
        let name = if all { None } else { plain.next() };
        let target = Target { resource, name, namespace };
        match (program, verb) {
            ("kubectl", "delete") => Ok(Action::Delete { target }),
            ("kubectl", "patch") => Ok(Action::Patch { target, json_patch, patch: patch.context("no patch")? }),
            ("kubectl", "label" | "annotate") => {
                let entry = plain.next().with_context(|| format!("nothing to set in {line:?}"))?;
                let (key, value) = entry.split_once('=').with_context(|| format!("no value in {line:?}"))?;
                // The recording replaced times; any will do.
                let value = if value == "<time>" { "2026-01-01T00:00:00Z" } else { value };
                let place = if verb == "label" { "labels" } else { "annotations" };
                Ok(Action::Mark { place, target, key: key.to_owned(), value: value.to_owned() })
            }
            _ => bail!("the replay does not know {line:?}"),
        }
    }
}
