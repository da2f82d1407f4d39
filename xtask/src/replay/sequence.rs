//! How conditions moved: ours may leave out states that were recorded, never add any or change their order.

use super::compare::Difference;
use super::history::Entry;
use super::names::Names;
use super::scenario::{Id, Line};
use serde_json::Value;
use std::collections::BTreeMap;

/// Condition type, status, reason.
type State = (String, String, String);

/// All that changed at once.
#[derive(Clone)]
struct Change {
    step: u32,
    states: Vec<State>,
}

/// Compares object by object.
pub(crate) fn compare(recorded: &[Line], ours: &[Entry], names: &Names) -> Vec<Difference> {
    let several = recorded.iter().any(|line| !line.namespace.is_empty());
    let mut there: BTreeMap<Id, Track> = BTreeMap::new();
    for line in recorded {
        let id = Id { kind: line.kind.clone(), namespace: line.namespace.clone(), name: line.name.clone() };
        there.entry(id).or_default().take(line.step, &line.event, &line.conditions);
    }
    let mut here: BTreeMap<Id, Track> = BTreeMap::new();
    for entry in ours {
        let mut id = names.id(&Id::of(&entry.object));
        if !several {
            id.namespace.clear();
        }
        let conditions = entry.object.pointer("/status/conditions").and_then(Value::as_array);
        here.entry(id).or_default().take(entry.step, entry.event, conditions.map_or(&[], Vec::as_slice));
    }
    let mut found = Vec::new();
    for (id, track) in &here {
        let Some(recorded) = there.get(id) else { continue };
        // Whether an object is looked at before what was written right after it is a matter of chance.
        let track = Track { changes: without_first_look(&track.changes), ..Track::default() };
        // Objects of one kind that were made together take turns by chance: what one of them went through, all may.
        let others = there.iter().filter(|(other, _)| other.kind == id.kind && *other != id).map(|(_, other)| other);
        let taken = others.into_iter().any(|other| first_stranger(&other.changes, &track.changes).is_none());
        if taken {
            continue;
        }
        if let Some((step, state)) = first_stranger(&recorded.changes, &track.changes) {
            found.push(Difference {
                step,
                kind: id.kind.clone(),
                name: id.name.clone(),
                field: format!("(sequence) {}", state.0),
                recorded: told(&recorded.changes, &state.0),
                ours: format!("{}; {} does not follow", told(&track.changes, &state.0), show(&state)),
            });
        }
    }
    found
}

#[derive(Default)]
struct Track {
    last: BTreeMap<String, (String, String)>,
    changes: Vec<Change>,
}

impl Track {
    fn take(&mut self, step: u32, event: &str, conditions: &[Value]) {
        let text = |condition: &Value, name: &str| condition[name].as_str().unwrap_or_default().to_owned();
        let mut states = Vec::new();
        if event == "DELETED" {
            self.last.clear();
            states.push(("(object)".to_owned(), "deleted".to_owned(), String::new()));
        } else {
            let now: BTreeMap<String, (String, String)> =
                conditions.iter().map(|one| (text(one, "type"), (text(one, "status"), text(one, "reason")))).collect();
            for (kind, (status, reason)) in &now {
                if self.last.get(kind) != Some(&(status.clone(), reason.clone())) {
                    states.push((kind.clone(), status.clone(), reason.clone()));
                }
            }
            self.last = now;
        }
        if !states.is_empty() {
            self.changes.push(Change { step, states });
        }
    }
}

/// The changes after those that only say that a release, a workload or a provider is not there yet.
fn without_first_look(changes: &[Change]) -> Vec<Change> {
    const EARLY: [&str; 6] = [
        "ProjectReleaseNotSet",
        "SyncedNotReady",
        "WorkloadNotFound",
        "ConnectionsPending",
        "NoConnections",
        "NoResourceDependencies",
    ];
    let early = |change: &Change| change.states.iter().all(|state| EARLY.contains(&state.2.as_str()));
    changes.iter().skip_while(|change| early(change)).cloned().collect()
}

/// The first state of ours that the recording does not have after those before it.
fn first_stranger(recorded: &[Change], ours: &[Change]) -> Option<(u32, State)> {
    let mut reached = 0;
    for change in ours {
        let mut furthest = reached;
        for state in &change.states {
            let place = recorded[reached..].iter().position(|other| other.states.contains(state));
            match place {
                Some(place) => furthest = furthest.max(reached + place),
                None => return Some((change.step, state.clone())),
            }
        }
        reached = furthest;
    }
    None
}

fn told(changes: &[Change], kind: &str) -> String {
    let states = changes.iter().flat_map(|change| &change.states).filter(|state| state.0 == kind);
    states.map(show).collect::<Vec<_>>().join(" → ")
}

fn show(state: &State) -> String {
    format!("{}/{}", state.1, state.2)
}
