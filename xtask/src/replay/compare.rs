//! What is otherwise than recorded.

use super::kubectl::Told;
use super::names::Names;
use super::plain;
use super::scenario::{Command, Id, State, Step};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One difference.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) step: u32,
    pub(crate) kind: String,
    pub(crate) name: String,
    /// A path of fields, or `(object)`, `(command)`, `(sequence)`.
    pub(crate) field: String,
    pub(crate) recorded: String,
    pub(crate) ours: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "step {}: {} {} {}", self.step, self.kind, self.name, self.field)?;
        writeln!(f, "    recorded {}", self.recorded)?;
        write!(f, "    ours     {}", self.ours)
    }
}

/// Compares what a command said.
pub(crate) fn command(step: &Step, recorded: &Command, told: &Told, names: &Names) -> Vec<Difference> {
    let difference = |field: &str, recorded: String, ours: String| Difference {
        step: step.number,
        kind: "(command)".into(),
        name: names.in_recorded_words(&step.name),
        field: field.into(),
        recorded,
        ours,
    };
    let mut found = Vec::new();
    let said = names.in_recorded_words(&told.stdout);
    if recorded.is_rest() {
        let parsed =
            |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        let (there, here) =
            (plain::object(&parsed(&recorded.stdout), None), plain::object(&parsed(&told.stdout), Some(names)));
        let mut fields = Vec::new();
        differ("", &there, &here, &mut fields);
        if told.status != recorded.exit {
            fields.push(("(status)".into(), recorded.exit.to_string(), told.status.to_string()));
        }
        return fields.into_iter().map(|(field, recorded, ours)| difference(&field, recorded, ours)).collect();
    }
    if outcomes(&said) != outcomes(&recorded.stdout) {
        found.push(difference("stdout", recorded.stdout.clone(), said));
    }
    let refused = names.in_recorded_words(&told.stderr);
    if (recorded.exit != 0) == refused.is_empty() || complaints(&refused) != complaints(&recorded.stderr) {
        found.push(difference("stderr", recorded.stderr.clone(), refused));
    }
    found
}

/// What was done to which object. Whether that made it or changed it depends on what was there before the recording.
fn outcomes(text: &str) -> Vec<String> {
    let outcome = |line: &str| match line.rsplit_once(' ') {
        Some((object, "created" | "configured" | "unchanged")) => format!("{object} applied"),
        _ => line.to_owned(),
    };
    text.lines().map(outcome).collect()
}

/// What refusals complain about; texts of other engines only by their field.
fn complaints(text: &str) -> BTreeSet<String> {
    let mut refusals: Vec<String> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some((_, what)) = line.split_once(" is invalid: ") {
            refusals.push(what.to_owned());
            inside = true;
        } else if line.starts_with("Error from server") || line.starts_with("The ") {
            inside = false;
        } else if let Some(last) = refusals.last_mut().filter(|_| inside) {
            last.push('\n');
            last.push_str(line);
        }
    }
    refusals.iter().flat_map(|what| parts(what)).collect()
}

/// The single complaints of one refusal.
fn parts(what: &str) -> Vec<String> {
    let what = what.trim();
    let what = what.strip_prefix('[').and_then(|what| what.strip_suffix(']')).unwrap_or(what);
    what.split("\n* ")
        .map(|one| one.split(" Syntax error").next().unwrap_or(one).trim_start_matches("* ").trim())
        // Said by the API server of its own work, not of the object.
        .filter(|one| !one.starts_with("<nil>: ") && !one.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Compares all objects. Of what belongs to the namespaces `without_uids` the hashes over uids cannot be told.
pub(crate) fn state(step: &Step, ours: &State, names: &Names, without_uids: &[String]) -> Vec<Difference> {
    let ours: BTreeMap<Id, &Value> = ours.iter().map(|(id, object)| (names.id(id), object)).collect();
    let mut found = Vec::new();
    let stale = stale_reports(&step.state);
    let all: BTreeSet<&Id> = step.state.keys().chain(ours.keys()).collect();
    for id in all {
        let difference = |field: String, recorded: String, ours: String| Difference {
            step: step.number,
            kind: id.kind.clone(),
            name: id.name.clone(),
            field,
            recorded,
            ours,
        };
        match (step.state.get(id), ours.get(id)) {
            (Some(_), None) => found.push(difference("(object)".into(), "there".into(), "absent".into())),
            (None, Some(_)) => found.push(difference("(object)".into(), "absent".into(), "there".into())),
            (Some(recorded), Some(object)) => {
                let (mut recorded, mut object) = (plain::object(recorded, None), plain::object(object, Some(names)));
                if belongs(&recorded, without_uids) {
                    plain::drop_resource_hashes(&mut recorded);
                    plain::drop_resource_hashes(&mut object);
                }
                let mut fields = Vec::new();
                differ("", &recorded, &object, &mut fields);
                if stale.contains(id) {
                    fields.retain(|(field, _, _)| !field.starts_with("status."));
                }
                found.extend(fields.into_iter().map(|(field, recorded, ours)| difference(field, recorded, ours)));
            }
            (None, None) => {}
        }
    }
    found
}

/// Whether an object is in one of those namespaces of the control plane, or on a plane for one of them.
fn belongs(object: &Value, namespaces: &[String]) -> bool {
    let meta = &object["metadata"];
    let of = [meta["namespace"].as_str(), meta["labels"][model::labels::NAMESPACE].as_str()];
    of.into_iter().flatten().any(|of| namespaces.iter().any(|one| one == of))
}

/// Rendered releases whose recorded report is older than the recorded plane, and the bindings that repeat it: the
/// recording ended the step before v1.2 had looked again. What they say later is compared where it was recorded.
fn stale_reports(recorded: &State) -> BTreeSet<Id> {
    let mut stale = BTreeSet::new();
    for (id, release) in recorded.iter().filter(|(id, _)| id.kind == "RenderedRelease") {
        let reports = release.pointer("/status/resources").and_then(Value::as_array);
        let old = reports.into_iter().flatten().any(|report| {
            let text = |name: &str| report[name].as_str().unwrap_or_default().to_owned();
            let on_plane = Id { kind: text("kind"), namespace: text("namespace"), name: text("name") };
            recorded.get(&on_plane).is_some_and(|object| plain::status(object) != plain::status(report))
        });
        if old {
            stale.insert(id.clone());
            let owners = release.pointer("/metadata/ownerReferences").and_then(Value::as_array);
            for owner in owners.into_iter().flatten() {
                let text = |name: &str| owner[name].as_str().unwrap_or_default().to_owned();
                stale.insert(Id { kind: text("kind"), namespace: id.namespace.clone(), name: text("name") });
            }
        }
    }
    stale
}

type Field = (String, String, String);

fn differ(path: &str, recorded: &Value, ours: &Value, found: &mut Vec<Field>) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            let keys: BTreeSet<&String> = recorded.keys().chain(ours.keys()).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                member(&path, recorded.get(key), ours.get(key), found);
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            if let (Some(recorded), Some(ours)) = (keyed(recorded), keyed(ours)) {
                let keys: BTreeSet<&str> = recorded.keys().chain(ours.keys()).copied().collect();
                for key in keys {
                    let pair = (recorded.get(key).copied(), ours.get(key).copied());
                    member(&format!("{path}[{key}]"), pair.0, pair.1, found);
                }
                return;
            }
            for position in 0..recorded.len().max(ours.len()) {
                let path = format!("{path}[{position}]");
                member(&path, recorded.get(position), ours.get(position), found);
            }
        }
        (recorded, ours) if equal(recorded, ours) => {}
        (recorded, ours) => found.push((path.to_owned(), recorded.to_string(), ours.to_string())),
    }
}

fn member(path: &str, recorded: Option<&Value>, ours: Option<&Value>, found: &mut Vec<Field>) {
    match (recorded, ours) {
        (Some(recorded), Some(ours)) => differ(path, recorded, ours, found),
        (Some(recorded), None) => found.push((path.to_owned(), recorded.to_string(), "absent".into())),
        (None, Some(ours)) => found.push((path.to_owned(), "absent".into(), ours.to_string())),
        (None, None) => {}
    }
}

/// Numbers are equal however they are written.
fn equal(one: &Value, other: &Value) -> bool {
    one == other || one.as_f64().is_some_and(|number| Some(number) == other.as_f64())
}

/// Lists whose items have an identity: manifests by id, conditions by type.
fn keyed(items: &[Value]) -> Option<BTreeMap<&str, &Value>> {
    let key = |item: &Value| if item.get("status").is_some_and(Value::is_string) { "type" } else { "id" };
    let by: BTreeMap<&str, &Value> =
        items.iter().map(|item| Some((item.get(key(item))?.as_str()?, item))).collect::<Option<_>>()?;
    (by.len() == items.len()).then_some(by)
}
