//! Warns of NetworkPolicies that their plane does not enforce: a condition that is there for as long as it is so, and that
//! nothing waits for.

use super::condition::{State, condition, find};
use model::conditions::NETWORK_POLICIES_ENFORCED;
use model::conditions::reasons::rendered_release::NOT_ENFORCED;
use model::{Condition, Kind, RenderedRelease};
use serde_json::Value;
use std::sync::Arc;

/// What the plane's objects of a rendered release say.
pub(super) fn of_objects(objects: &[Arc<Value>], generation: i64) -> Option<Condition> {
    let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
    for object in objects {
        let Some(words) = plane::not_enforced(object) else { continue };
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        match told.iter_mut().find(|(known, _)| *known == words) {
            Some((_, names)) => names.push(name),
            None => told.push((words, vec![name])),
        }
    }
    let each = told.iter().map(|(words, names)| format!("NetworkPolicy {}: not enforced {words}", names.join(", ")));
    let message = each.collect::<Vec<_>>().join("; ");
    (!message.is_empty()).then(|| condition(NETWORK_POLICIES_ENFORCED, State::False, NOT_ENFORCED, message, generation))
}

/// What a rendered release says of its present content, for the binding of that generation.
pub(super) fn of_release(release: &RenderedRelease, generation: i64) -> Option<Condition> {
    let told = find(&release.status.as_ref()?.conditions, NETWORK_POLICIES_ENFORCED)?;
    (told.observed_generation == Some(release.generation()))
        .then(|| condition(NETWORK_POLICIES_ENFORCED, State::False, NOT_ENFORCED, told.message.clone(), generation))
}
