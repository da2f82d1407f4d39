//! `occ wait NOUN/NAME --for=…`

use crate::cli::{text_option, unknown_noun};
use crate::failure::Failure;
use crate::noun::Noun;
use crate::objects::{PAUSE, condition, duration, gone, path_of, print};
use crate::session::Session;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// What is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Goal {
    Gone,
    Condition { kind: String, status: String },
}

/// `occ wait`
pub(crate) fn command() -> Command {
    Command::new("wait")
        .about("Wait until objects are ready, or gone")
        .arg(
            Arg::new("object")
                .value_name("NOUN/NAME")
                .required(true)
                .action(ArgAction::Append)
                .num_args(1..)
                .help("Objects, such as releasebinding/cart-development"),
        )
        .arg(
            text_option("for", "GOAL", "condition=TYPE, condition=TYPE=STATUS or delete")
                .default_value("condition=Ready")
                .value_parser(goal),
        )
        .arg(text_option("timeout", "TIME", "How long to wait").default_value("60s").value_parser(duration))
}

fn goal(text: &str) -> Result<Goal, String> {
    if text == "delete" {
        return Ok(Goal::Gone);
    }
    let wrong = || format!("{text:?}: expected condition=TYPE, condition=TYPE=True|False|Unknown, or delete");
    let condition = text.strip_prefix("condition=").ok_or_else(wrong)?;
    let (kind, status) = condition.split_once('=').unwrap_or((condition, "True"));
    let status = ["True", "False", "Unknown"].into_iter().find(|known| known.eq_ignore_ascii_case(status));
    match (kind, status) {
        ("", _) | (_, None) => Err(wrong()),
        (kind, Some(status)) => Ok(Goal::Condition { kind: kind.to_owned(), status: status.to_owned() }),
    }
}

/// Waits for one object after the other; the time is for all of them together.
pub(crate) async fn run(session: &Session, matches: &ArgMatches) -> Result<(), Failure> {
    let limit = matches.get_one::<Duration>("timeout").copied().unwrap_or_default();
    let goal = matches.get_one::<Goal>("for").cloned().unwrap_or(Goal::Gone);
    let mut objects = Vec::new();
    for text in matches.get_many::<String>("object").into_iter().flatten() {
        let Some((word, name)) = text.split_once('/').filter(|(_, name)| !name.is_empty()) else {
            return Err(Failure::Input(format!("{text:?}: expected NOUN/NAME, such as component/cart")));
        };
        objects.push((Noun::of_word(word).ok_or_else(|| unknown_noun(word))?, name));
    }
    let end = Instant::now() + limit;
    for (noun, name) in objects {
        match &goal {
            Goal::Gone => {
                gone(session, &noun, name, end, limit).await?;
                print(&format!("{}/{name} deleted\n", noun.word))?;
            }
            Goal::Condition { kind, status } => {
                until(session, &noun, name, (kind, status), end, limit).await?;
                print(&format!("{}/{name} condition met\n", noun.word))?;
            }
        }
    }
    Ok(())
}

/// Returns when the condition has that status for what the object is now. An object that is not there yet is waited for.
async fn until(
    session: &Session,
    noun: &Noun,
    name: &str,
    (kind, status): (&str, &str),
    end: Instant,
    limit: Duration,
) -> Result<(), Failure> {
    let path = path_of(session, noun, name)?;
    loop {
        let object = session.http.find(&path).await?;
        let state = state(object.as_ref(), kind);
        if state.current && state.status == status {
            return Ok(());
        }
        if Instant::now() >= end {
            return Err(Failure::TimedOut(format!(
                "{}/{name} after {} s: {}",
                noun.word,
                limit.as_secs(),
                state.text(kind)
            )));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// How far an object is.
struct State<'a> {
    there: bool,
    /// Whether the condition speaks of the object as it is now, not of an older generation.
    current: bool,
    status: &'a str,
    reason: &'a str,
    message: &'a str,
}

fn state<'a>(object: Option<&'a Value>, kind: &str) -> State<'a> {
    let found = object.and_then(|object| condition(object, kind));
    let text = |name: &str| found.and_then(|found| found.get(name)?.as_str()).unwrap_or_default();
    let generation = object.and_then(|object| object.pointer("/metadata/generation")?.as_i64());
    let observed = found.and_then(|found| found.get("observedGeneration")?.as_i64());
    State {
        there: object.is_some(),
        current: match (generation, observed) {
            (Some(generation), Some(observed)) => observed >= generation,
            _ => true,
        },
        status: text("status"),
        reason: text("reason"),
        message: text("message"),
    }
}

impl State<'_> {
    fn text(&self, kind: &str) -> String {
        match (self.there, self.status) {
            (false, _) => "it does not exist".to_owned(),
            (_, "") => format!("it has no condition {kind} yet"),
            (_, status) => {
                let old = if self.current { "" } else { " (of what it was before the last change)" };
                format!("{kind} is {status}{old}: {}: {}", self.reason, self.message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case("delete", Some(Goal::Gone))]
    #[case("condition=Ready", Some(Goal::Condition { kind: "Ready".into(), status: "True".into() }))]
    #[case("condition=Ready=false", Some(Goal::Condition { kind: "Ready".into(), status: "False".into() }))]
    #[case("condition=Ready=maybe", None)]
    #[case("condition=", None)]
    #[case("Ready", None)]
    fn goals_are_read(#[case] text: &str, #[case] expected: Option<Goal>) {
        assert_eq!(goal(text).ok(), expected);
    }

    #[test]
    fn a_condition_of_an_older_generation_does_not_count() {
        let object = json!({
            "metadata": {"generation": 2},
            "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "R", "message": "m", "observedGeneration": 1}]},
        });
        let state = state(Some(&object), "Ready");
        assert!(!state.current);
        assert_eq!(state.text("Ready"), "Ready is True (of what it was before the last change): R: m");
    }
}
