//! `occ why NOUN/NAME`: what an object waits for, and what belongs to it waits for, as text or as data.
//!
//! ```text
//! object ─▶ conditions that are not as they should be, deletion ─┐
//! what belongs to it (bindings of a component, …) ─▶ the same ───┴▶ lines, or JSON
//! ```

use crate::cli::unknown_noun;
use crate::failure::Failure;
use crate::noun::Noun;
use crate::objects::{path_of, print, yaml};
use crate::session::{Session, encode};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use serde::Serialize;
use serde_json::{Value, json};

/// `occ why`
pub(crate) fn command() -> Command {
    Command::new("why")
        .about("What an object, and what belongs to it, is waiting for; deletion too")
        .arg(Arg::new("object").value_name("NOUN/NAME").required(true).help("The object, such as component/cart"))
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FORMAT")
                .value_parser(PossibleValuesParser::new(["text", "yaml", "json"]))
                .default_value("text")
                .help("Form of the output"),
        )
}

/// One thing that an object waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wait {
    /// `NOUN/NAME`.
    object: String,
    /// `deletion`, or the type of the condition.
    about: String,
    /// The condition's status; empty where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    message: String,
    /// Since when, as the server tells it.
    #[serde(skip_serializing_if = "String::is_empty")]
    since: String,
}

/// Conditions that say something is under way when they are true.
const UNDER_WAY: [&str; 2] = ["Finalizing", "Progressing"];

/// Kinds that belong to a kind, and the parameter that a list of them is chosen by.
fn below(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "Project" => &[("ProjectReleaseBinding", "project"), ("Resource", "project"), ("Component", "project")],
        "Component" => &[("ReleaseBinding", "component")],
        "Resource" => &[("ResourceReleaseBinding", "resource")],
        _ => &[],
    }
}

/// Asks and tells.
pub(crate) async fn run(session: &Session, matches: &ArgMatches) -> Result<(), Failure> {
    let text = matches.get_one::<String>("object").map(String::as_str).unwrap_or_default();
    let Some((word, name)) = text.split_once('/').filter(|(_, name)| !name.is_empty()) else {
        return Err(Failure::Input(format!("{text:?}: expected NOUN/NAME, such as component/cart")));
    };
    let noun = Noun::of_word(word).ok_or_else(|| unknown_noun(word))?;
    let Some(object) = session.http.find(&path_of(session, &noun, name)?).await? else {
        return Err(Failure::NotFound(format!(
            "{} {name:?} not found: nothing is waiting; `occ {} list` shows what there is",
            noun.kind, noun.word
        )));
    };
    let mut waits = waits(&noun, &object);
    let mut open = vec![(noun, name.to_owned())];
    while let Some((noun, name)) = open.pop() {
        for (kind, filter) in below(noun.kind) {
            let Some(child) = Noun::of_kind(kind) else { continue };
            for object in children(session, &child, filter, &name).await? {
                waits.extend(self::waits(&child, &object));
                if let Some(name) = object.pointer("/metadata/name").and_then(Value::as_str) {
                    open.push((child, name.to_owned()));
                }
            }
        }
    }
    let whole = format!("{}/{name}", noun.word);
    let told = match matches.get_one::<String>("output").map(String::as_str) {
        Some("json") => {
            let value = json!({"object": whole, "waits": waits});
            serde_json::to_string_pretty(&value)
                .map_err(|error| Failure::Input(format!("cannot write JSON: {error}")))?
                + "\n"
        }
        Some("yaml") => yaml(&json!({"object": whole, "waits": waits}))?,
        _ => lines(&whole, &waits),
    };
    print(&told)
}

/// The objects of a kind that belong to one of that name.
async fn children(session: &Session, noun: &Noun, filter: &str, owner: &str) -> Result<Vec<Value>, Failure> {
    let namespace = if noun.namespaced { encode(session.namespace()?) } else { String::new() };
    let mut objects = session.http.list(&noun.path(&namespace), &[(filter, owner)]).await?;
    // Not every list is chosen by every owner.
    let owner_field = format!("/spec/owner/{filter}Name");
    objects.retain(|object| object.pointer(&owner_field).and_then(Value::as_str).is_none_or(|found| found == owner));
    Ok(objects)
}

/// What one object waits for, by what it says itself.
fn waits(noun: &Noun, object: &Value) -> Vec<Wait> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let name = format!("{}/{}", noun.word, text("/metadata/name"));
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    let conditions: Vec<&Value> =
        object.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten().collect();
    let deleted = text("/metadata/deletionTimestamp");
    let mut waits = Vec::new();
    if !deleted.is_empty() {
        let finalizing = conditions.iter().find(|condition| condition["type"] == "Finalizing");
        let finalizers = object.pointer("/metadata/finalizers").and_then(Value::as_array);
        let held: Vec<&str> = finalizers.into_iter().flatten().filter_map(Value::as_str).collect();
        let own = finalizing.and_then(|condition| condition["message"].as_str()).filter(|message| !message.is_empty());
        let message = match (own, held.as_slice()) {
            (Some(message), _) => message.to_owned(),
            (None, []) => "nothing holds it any more".to_owned(),
            (None, held) => format!("held by {}", held.join(", ")),
        };
        let reason = finalizing.and_then(|condition| condition["reason"].as_str()).unwrap_or_default();
        waits.push(Wait {
            object: name,
            about: "deletion".into(),
            status: String::new(),
            reason: reason.into(),
            message,
            since: deleted.into(),
        });
        return waits;
    }
    for condition in &conditions {
        let field = |member: &str| condition[member].as_str().unwrap_or_default();
        let old = condition["observedGeneration"].as_i64().zip(generation).is_some_and(|(seen, now)| seen < now);
        let wanted = if UNDER_WAY.contains(&field("type")) { "False" } else { "True" };
        if field("status") == wanted && !old {
            continue;
        }
        let message = if old {
            format!("the controller has not looked at the last change yet; before it said: {}", field("message"))
        } else {
            field("message").to_owned()
        };
        waits.push(Wait {
            object: name.clone(),
            about: field("type").into(),
            status: field("status").into(),
            reason: field("reason").into(),
            message,
            since: field("lastTransitionTime").into(),
        });
    }
    // What sums up says nothing that the others do not say.
    if waits.len() > 1 {
        let messages: Vec<String> =
            waits.iter().filter(|wait| wait.about != "Ready").map(|wait| wait.message.clone()).collect();
        waits.retain(|wait| wait.about != "Ready" || !messages.contains(&wait.message));
    }
    waits
}

fn lines(whole: &str, waits: &[Wait]) -> String {
    if waits.is_empty() {
        return format!("{whole} waits for nothing\n");
    }
    let mut text = String::new();
    let mut last = "";
    for wait in waits {
        if wait.object != last {
            text.push_str(&wait.object);
            text.push('\n');
            last = &wait.object;
        }
        let since = if wait.since.is_empty() { String::new() } else { format!(" since {}", wait.since) };
        let head = match (wait.status.as_str(), wait.reason.as_str()) {
            ("", "") => wait.about.clone(),
            ("", reason) => format!("{} {reason}", wait.about),
            (status, reason) => format!("{}={status} {reason}", wait.about),
        };
        text.push_str(&format!("  {}{since}: {}\n", head.trim_end(), wait.message.trim()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn told(object: &Value) -> String {
        let noun = Noun::of_kind("Component").expect("a noun");
        lines("component/cart", &waits(&noun, object))
    }

    fn component(metadata: &Value, conditions: &Value) -> Value {
        let mut metadata = metadata.clone();
        metadata["name"] = "cart".into();
        json!({"metadata": metadata, "status": {"conditions": conditions}})
    }

    #[rstest]
    #[case::ready(
        json!({"generation": 2}),
        json!([{"type": "Ready", "status": "True", "observedGeneration": 2}]),
        "component/cart waits for nothing\n"
    )]
    #[case::not_ready(
        json!({}),
        json!([{"type": "Ready", "status": "False", "reason": "NoType", "message": "no type x", "lastTransitionTime": "T"}]),
        "component/cart\n  Ready=False NoType since T: no type x\n"
    )]
    #[case::the_sum_is_left_out(
        json!({}),
        json!([
            {"type": "Ready", "status": "False", "reason": "A", "message": "web waits"},
            {"type": "ResourcesReady", "status": "False", "reason": "A", "message": "web waits"},
        ]),
        "component/cart\n  ResourcesReady=False A: web waits\n"
    )]
    #[case::older_than_the_change(
        json!({"generation": 3}),
        json!([{"type": "Ready", "status": "True", "observedGeneration": 2, "message": "fine"}]),
        "component/cart\n  Ready=True: the controller has not looked at the last change yet; before it said: fine\n"
    )]
    #[case::deletion_says_what_it_waits_for(
        json!({"deletionTimestamp": "T", "finalizers": ["f"]}),
        json!([{"type": "Finalizing", "status": "True", "reason": "Finalizing", "message": "waits for cart-development"}]),
        "component/cart\n  deletion Finalizing since T: waits for cart-development\n"
    )]
    #[case::deletion_that_nobody_explains(
        json!({"deletionTimestamp": "T", "finalizers": ["theirs/one", "theirs/two"]}),
        json!([]),
        "component/cart\n  deletion since T: held by theirs/one, theirs/two\n"
    )]
    fn what_an_object_waits_for(#[case] metadata: Value, #[case] conditions: Value, #[case] expected: &str) {
        assert_eq!(told(&component(&metadata, &conditions)), expected);
    }
}
