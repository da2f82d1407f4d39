//! `occ why NOUN/NAME`: what an object waits for, and what belongs to it waits for, as text or as data.
//!
//! ```text
//! object ─▶ conditions that are not as they should be, deletion ─┐
//!        ─▶ what its controller waits for, if the server tells ──┤
//! what belongs to it, what it waits for ─▶ the same ─────────────┴▶ lines, or JSON
//! ```

mod conditions;
mod controller;

use crate::cli::unknown_noun;
use crate::failure::Failure;
use crate::noun::Noun;
use crate::objects::{path_of, print, yaml};
use crate::session::{Session, encode};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use conditions::{Said, Wait, said};
use controller::Controller;
use serde_json::{Value, json};
use std::collections::{BTreeSet, VecDeque};

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

/// Kinds that belong to a kind, and the parameter that a list of them is chosen by.
fn below(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "Project" => &[("ProjectReleaseBinding", "project"), ("Resource", "project"), ("Component", "project")],
        "Component" => &[("ReleaseBinding", "component")],
        "Resource" => &[("ResourceReleaseBinding", "resource")],
        _ => &[],
    }
}

/// What was found of one object.
struct Found {
    object: String,
    said: Said,
    controller: Option<Controller>,
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
    let found = walk(session, noun, name, object).await?;
    let whole = format!("{}/{name}", noun.word);
    let told = match matches.get_one::<String>("output").map(String::as_str) {
        Some("json") => {
            serde_json::to_string_pretty(&data(&whole, &found))
                .map_err(|error| Failure::Input(format!("cannot write JSON: {error}")))?
                + "\n"
        }
        Some("yaml") => yaml(&data(&whole, &found))?,
        _ => lines(&whole, &found),
    };
    print(&told)
}

/// The object, what belongs to it, and what these wait for, each once.
async fn walk(session: &Session, noun: Noun, name: &str, object: Value) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::from([(noun.kind, name.to_owned())]);
    let mut open = VecDeque::from([(noun, name.to_owned(), object)]);
    let mut asks = true;
    while let Some((noun, name, object)) = open.pop_front() {
        let mut said = said(&noun, &object);
        let settled = said.waits.is_empty() && object.pointer("/status/conditions").is_some();
        let mut controller = None;
        // What is fine waits for nothing; the object that was asked for is looked at whatever it says.
        if asks && (!settled || found.is_empty()) {
            match session.http.find(&format!("{}/why", path_of(session, &noun, &name)?)).await? {
                Some(told) => {
                    let told = Controller::read(told)?;
                    said.held_by(&told.finalizers);
                    controller = Some(told);
                }
                // An older server, or none with controllers. Or the object is gone by now, and nothing is lost.
                None => asks = !found.is_empty(),
            }
        }
        for (kind, filter) in below(noun.kind) {
            let Some(child) = Noun::of_kind(kind) else { continue };
            for object in children(session, &child, filter, &name).await? {
                if let Some(name) = object.pointer("/metadata/name").and_then(Value::as_str)
                    && seen.insert((child.kind, name.to_owned()))
                {
                    open.push_back((child, name.to_owned(), object));
                }
            }
        }
        for wait in controller.iter().flat_map(|controller| &controller.waits) {
            let Some(other) = Noun::of_kind(&wait.kind).filter(|_| wait.cluster.is_none()) else { continue };
            if seen.insert((other.kind, wait.name.clone()))
                && let Some(object) = session.http.find(&path_of(session, &other, &wait.name)?).await?
            {
                open.push_back((other, wait.name.clone(), object));
            }
        }
        found.push(Found { object: format!("{}/{name}", noun.word), said, controller });
    }
    Ok(found)
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

/// As data: what it waits for; warnings and what controllers tell where there is any.
fn data(whole: &str, found: &[Found]) -> Value {
    let waits: Vec<&Wait> = found.iter().flat_map(|one| &one.said.waits).collect();
    let warnings: Vec<&Wait> = found.iter().flat_map(|one| &one.said.warnings).collect();
    let controllers: Vec<Value> = found
        .iter()
        .filter_map(|one| {
            let mut told = json!(one.controller.as_ref().filter(|controller| controller.speaks())?);
            told["object"] = one.object.as_str().into();
            Some(told)
        })
        .collect();
    let mut data = json!({"object": whole, "waits": waits});
    if !warnings.is_empty() {
        data["warnings"] = json!(warnings);
    }
    if !controllers.is_empty() {
        data["controllers"] = json!(controllers);
    }
    data
}

fn lines(whole: &str, found: &[Found]) -> String {
    let mut text = String::new();
    let waits = |one: &Found| !one.said.waits.is_empty() || one.controller.as_ref().is_some_and(Controller::speaks);
    if !found.iter().any(waits) {
        text.push_str(&format!("{whole} waits for nothing\n"));
    }
    for one in found.iter().filter(|one| waits(one) || !one.said.warnings.is_empty()) {
        text.push_str(&format!("{}\n", one.object));
        for wait in &one.said.waits {
            let head = match (wait.status.as_str(), wait.reason.as_str()) {
                ("", "") => wait.about.clone(),
                ("", reason) => format!("{} {reason}", wait.about),
                (status, reason) => format!("{}={status} {reason}", wait.about),
            };
            text.push_str(&line(head.trim_end(), wait));
        }
        let said: Vec<&str> = one.said.waits.iter().map(|wait| wait.message.as_str()).collect();
        if let Some(controller) = &one.controller {
            controller.lines(&said, 2, &mut text);
        }
        for warning in &one.said.warnings {
            text.push_str(&line(&format!("warning {}", warning.reason), warning));
        }
    }
    text
}

fn line(head: &str, wait: &Wait) -> String {
    let since = if wait.since.is_empty() { String::new() } else { format!(" since {}", wait.since) };
    format!("  {head}{since}: {}\n", wait.message.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn told(object: &Value) -> String {
        let noun = Noun::of_kind("Component").expect("a noun");
        let found = Found { object: "component/cart".into(), said: said(&noun, object), controller: None };
        lines("component/cart", &[found])
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
        json!({"deletionTimestamp": "T"}),
        json!([{"type": "Finalizing", "status": "True", "reason": "Finalizing", "message": "waits for cart-development"}]),
        "component/cart\n  deletion Finalizing since T: waits for cart-development\n"
    )]
    #[case::deletion_that_another_condition_explains(
        json!({"deletionTimestamp": "T"}),
        json!([{"type": "Ready", "status": "False", "reason": "DeletionBlocked", "message": "still used by main"}]),
        "component/cart\n  deletion DeletionBlocked since T: still used by main\n"
    )]
    #[case::a_warning_keeps_nothing_waiting(
        json!({}),
        json!([{"type": "Ready", "status": "True"},
            {"type": "NetworkPoliciesEnforced", "status": "False", "reason": "NotEnforced", "message": "policy own: not enforced", "lastTransitionTime": "T"}]),
        "component/cart waits for nothing\ncomponent/cart\n  warning NotEnforced since T: policy own: not enforced\n"
    )]
    #[case::deletion_that_nobody_explains(
        json!({"deletionTimestamp": "T"}),
        json!([]),
        "component/cart\n  deletion since T: on its way\n"
    )]
    fn what_an_object_waits_for(#[case] metadata: Value, #[case] conditions: Value, #[case] expected: &str) {
        assert_eq!(told(&component(&metadata, &conditions)), expected);
    }
}
