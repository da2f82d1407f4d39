//! A recorded answer beside ours.

use super::play::Answer;
use super::stage::LAST_APPLIED;
use super::transcript::Response;
use super::words::Words;
use http::header;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// One thing that is otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// `status`, `envelope`, `header NAME` or a path into the body.
    pub(crate) field: String,
    pub(crate) recorded: String,
    pub(crate) ours: String,
}

/// Said of what is not there.
const ABSENT: &str = "absent";

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &str| match text.char_indices().nth(300) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text.to_owned(),
        };
        write!(f, "{}: recorded {}, ours {}", self.field, short(&self.recorded), short(&self.ours))
    }
}

impl Difference {
    /// A word for what keeps the request from passing.
    pub(super) fn cause(&self, transcript: &str) -> String {
        let begins = |text: &str, with: &str| text.split_whitespace().next() == Some(with);
        if transcript.starts_with("mcp") {
            return "there is no MCP server yet".into();
        }
        if self.field == "status" && begins(&self.ours, "404") && self.ours.contains("page not found") {
            return format!("no such route yet ({transcript})");
        }
        if self.field == "status" && begins(&self.recorded, "403") {
            return format!("there is no authorization yet ({transcript})");
        }
        if transcript.ends_with("planes") && self.field.contains("status.") {
            return "planes have neither agents nor all their controllers on the stage".into();
        }
        if transcript == "deploy-flow" {
            return "the stage has no node: no pods, ReplicaSets, events and logs".into();
        }
        format!("otherwise: {}", self.field)
    }
}

/// All differences of an answer. Where the status differs, what follows from it is not looked at.
pub(super) fn answers(recorded: &Response, ours: &Answer, words: &mut Words) -> Vec<Difference> {
    if recorded.status != ours.status {
        let told = |status: u16, body: String| format!("{status} {body}").trim_end().to_owned();
        let body = recorded.body.as_ref().map(Value::to_string).or_else(|| recorded.raw_body.clone());
        return vec![Difference {
            field: "status".into(),
            recorded: told(recorded.status, body.unwrap_or_default()),
            ours: told(ours.status, ours.text.clone()),
        }];
    }
    let mut found = Vec::new();
    for name in [header::ALLOW, header::WWW_AUTHENTICATE] {
        let theirs = recorded.headers.get(name.as_str()).map(|value| listed(value));
        let mine = ours.headers.get(&name).and_then(|value| value.to_str().ok()).map(listed);
        if theirs != mine {
            let told = |list: Option<BTreeSet<String>>| {
                list.map_or(ABSENT.to_owned(), |list| list.into_iter().collect::<Vec<_>>().join(", "))
            };
            found.push(Difference { field: format!("header {name}"), recorded: told(theirs), ours: told(mine) });
        }
    }
    if let Some(text) = &recorded.raw_body {
        text_body(text, ours, words, &mut found);
    } else if let Some(body) = &recorded.body {
        let (body, mine) = (plain(body), plain(&as_recorded(&ours.json, body)));
        values("", &body, &mine, words, &mut found);
    } else if let Some(events) = &recorded.sse {
        found.push(Difference {
            field: "events".into(),
            recorded: format!("{} events", events.len()),
            ours: ours.text.clone(),
        });
    }
    found
}

fn listed(value: &str) -> BTreeSet<String> {
    value.split(',').map(|one| one.trim().to_owned()).collect()
}

fn text_body(text: &str, ours: &Answer, words: &mut Words, found: &mut Vec<Difference>) {
    let enveloped = ours.json.get("error").is_some() && ours.json.get("code").is_some();
    if ours.status >= 400 && enveloped {
        found.push(Difference { field: "envelope".into(), recorded: text.to_owned(), ours: ours.text.clone() });
    } else if !words.same(text, &ours.text) {
        found.push(Difference { field: "text".into(), recorded: text.to_owned(), ours: ours.text.clone() });
    }
}

/// Lists that were recorded as names only.
fn as_recorded(ours: &Value, recorded: &Value) -> Value {
    let mut ours = ours.clone();
    let by_name = recorded["items"].as_array().is_some_and(|items| items.first().is_some_and(Value::is_string));
    if let Some(items) = ours.get_mut("items").and_then(Value::as_array_mut).filter(|_| by_name) {
        for item in items {
            *item = item["metadata"]["name"].clone();
        }
    }
    ours
}

/// Without what kubectl wrote when the recording was set up, and conditions by their type.
pub(crate) fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| *name != LAST_APPLIED)
            .map(|(name, value)| (name, plain(value)))
            .filter(|(name, value)| *name != "annotations" || value.as_object().is_none_or(|all| !all.is_empty()))
            .map(|(name, value)| match (name.as_str(), value) {
                ("conditions", Value::Array(mut all)) => {
                    all.sort_by_key(|one| one["type"].as_str().unwrap_or_default().to_owned());
                    (name.clone(), Value::Array(all))
                }
                (_, value) => (name.clone(), value),
            })
            .collect(),
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

/// What of two values is otherwise, by path.
pub(crate) fn values(path: &str, recorded: &Value, ours: &Value, words: &mut Words, found: &mut Vec<Difference>) {
    let at = |member: &str| if path.is_empty() { member.to_owned() } else { format!("{path}.{member}") };
    match (recorded, ours) {
        (Value::Object(theirs), Value::Object(mine)) => {
            for (member, value) in theirs {
                match mine.get(member) {
                    Some(own) => values(&at(member), value, own, words, found),
                    None => found.push(difference(at(member), value.to_string(), ABSENT.into())),
                }
            }
            for (member, value) in mine.iter().filter(|(member, _)| !theirs.contains_key(*member)) {
                found.push(difference(at(member), ABSENT.into(), value.to_string()));
            }
        }
        (Value::Array(theirs), Value::Array(mine)) if theirs.len() == mine.len() => {
            for (position, (value, own)) in theirs.iter().zip(mine).enumerate() {
                values(&at(&position.to_string()), value, own, words, found);
            }
        }
        (Value::String(theirs), Value::String(mine)) if words.same(theirs, mine) => {}
        (theirs, mine) if theirs == mine => {}
        (theirs, mine) => found.push(difference(path.to_owned(), theirs.to_string(), mine.to_string())),
    }
}

fn difference(field: String, recorded: String, ours: String) -> Difference {
    Difference { field, recorded, ours }
}
