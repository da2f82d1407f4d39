//! What a command did beside what was recorded of it.

use super::super::rest::{Difference, Words, plain, values};
use super::help::{self, Names};
use super::stage::{Ran, with_day};
use super::table::{self, Table};
use super::transcript::Command;
use anyhow::{Context, Result};
use serde_json::Value;

/// Said of what is not there.
const ABSENT: &str = "absent";

/// Lines of `occ version` that tell of a build; what they tell is each build's own.
const BUILD: [&str; 3] = ["Version:", "Git Revision:", "Build Time:"];

/// All differences of a command. `help` is what ours prints where help was recorded.
pub(super) fn command(
    recorded: &Command,
    ours: &Ran,
    help: Option<&str>,
    words: &mut Words,
) -> Result<Vec<Difference>> {
    let mut found = Vec::new();
    let code = |exit: Option<i32>| exit.map_or_else(|| "none".to_owned(), |code| code.to_string());
    if recorded.exit != ours.exit {
        found.push(difference("exit", code(recorded.exit), code(ours.exit)));
    }
    if recorded.args.iter().any(|word| word == "--client-secret") {
        found.push(difference("arguments", "--client-secret".into(), "OCC_CLIENT_SECRET".into()));
    }
    let (theirs, mine) = (without_days(&recorded.stdout), without_days(&ours.stdout));
    let both_tables = Table::read(&theirs).zip(Table::read(&mine));
    let mut prose = ("", "");
    if let Some(help) = help {
        found.extend(names(&theirs, help));
        if mine != help {
            found.push(difference("stdout", "help".into(), mine.clone()));
        }
    } else if let Some((theirs, mine)) = both_tables {
        found.extend(table::compare(&theirs, &mine, words));
    } else if theirs.starts_with("apiVersion: ") || theirs.starts_with("metadata:") {
        found.extend(documents(&theirs, &mine, words)?);
    } else {
        prose = (&theirs, &mine);
    }
    found.extend(texts(prose, (&without_days(&recorded.stderr), &without_days(&ours.stderr)), words));
    Ok(found)
}

/// A file that was recorded beside the one that ours wrote.
pub(super) fn file(recorded: &str, ours: &str, words: &mut Words) -> Result<Vec<Difference>> {
    documents(recorded, ours, words)
}

fn documents(recorded: &str, ours: &str, words: &mut Words) -> Result<Vec<Difference>> {
    let read = |text: &str| serde_saphyr::from_str::<Value>(text);
    let theirs = read(recorded).context("what was recorded is no YAML")?;
    let Ok(mine) = read(ours) else {
        return Ok(vec![difference("stdout", "YAML".into(), ours.to_owned())]);
    };
    let mut found = Vec::new();
    values("", &plain(&theirs), &plain(&mine), words, &mut found);
    Ok(found)
}

/// Names that were offered there and are not here. More here is no difference.
fn names(recorded: &str, ours: &str) -> Vec<Difference> {
    let (theirs, mine) = (Names::read(recorded), Names::read(ours));
    let commands = theirs.commands.difference(&mine.commands).map(|name| ("commands", name));
    let flags = theirs.flags.difference(&mine.flags).map(|name| ("flags", name));
    commands.chain(flags).map(|(field, name)| difference(field, name.clone(), ABSENT.into())).collect()
}

/// Lines of both outputs. A line on the other output than recorded is a difference of its own kind.
fn texts(stdout: (&str, &str), stderr: (&str, &str), words: &mut Words) -> Vec<Difference> {
    let (mut theirs, mut mine) = (lines(stdout.0), lines(stdout.1));
    let (mut their_errors, mut my_errors) = (lines(stderr.0), lines(stderr.1));
    take_same(&mut theirs, &mut mine, words);
    take_same(&mut their_errors, &mut my_errors, words);
    let moved = take_same(&mut theirs, &mut my_errors, words);
    let mut found = Vec::new();
    if !moved.is_empty() {
        found.push(difference(
            "stream",
            format!("stdout: {}", moved.join("\n")),
            format!("stderr: {}", moved.join("\n")),
        ));
    }
    for (field, theirs, mine) in [("stdout", theirs, mine), ("stderr", their_errors, my_errors)] {
        let told = |lines: Vec<String>| if lines.is_empty() { ABSENT.to_owned() } else { lines.join("\n") };
        if !theirs.is_empty() || !mine.is_empty() {
            found.push(difference(field, told(theirs), told(mine)));
        }
    }
    found
}

/// Takes out of both lists what is in both; answers the recorded ones.
fn take_same(recorded: &mut Vec<String>, ours: &mut Vec<String>, words: &mut Words) -> Vec<String> {
    let mut taken = Vec::new();
    recorded.retain(|line| {
        let Some(place) = ours.iter().position(|own| words.same(line, own)) else { return true };
        ours.remove(place);
        taken.push(line.clone());
        false
    });
    taken
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(line).collect()
}

/// A line without what it tells of a build.
fn line(text: &str) -> String {
    match BUILD.iter().find(|label| text.trim_start().starts_with(**label)) {
        Some(label) => format!("{label} <build>"),
        None => text.to_owned(),
    }
}

/// A text with one word for every day in names of releases.
fn without_days(text: &str) -> String {
    with_day(&text.replace("<date>", "DAY"), "DAY")
}

/// What help was recorded, if it was: the command that it is about.
pub(super) fn help_of(recorded: &Command) -> Option<Vec<&str>> {
    help::is_help(&recorded.stdout).then(|| help::path(&recorded.stdout))
}

fn difference(field: &str, recorded: String, ours: String) -> Difference {
    Difference { field: field.into(), recorded, ours }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(stdout: (&str, &str), stderr: (&str, &str)) -> Vec<String> {
        texts(stdout, stderr, &mut Words::default()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_line_on_the_other_output_is_no_other_line() {
        assert_eq!(told(("a\n\nb\n", "b\na\n"), ("e\n", "e\n")), Vec::<String>::new());
        assert_eq!(told(("a\nb\n", "a\n"), ("", "b\n")), ["stream: recorded stdout: b, ours stderr: b"]);
        assert_eq!(
            told(("a\n", ""), ("e\n", "f\ng\n")),
            ["stdout: recorded a, ours absent", "stderr: recorded e, ours f\ng"]
        );
    }

    #[test]
    fn builds_and_days_are_nobodys_contract() {
        assert_eq!(lines("  Version:      1.2\n"), lines("  Version:      not-set\n"));
        assert_eq!(without_days("cart-20261121-1 in 20261121"), "cart-DAY-1 in 20261121");
    }
}
