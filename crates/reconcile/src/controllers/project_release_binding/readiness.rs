//! What is known of the deployed release.

use super::{cell, status};
use crate::controllers::condition::{State, condition, find};
use crate::controllers::enforcement;
use model::{Condition, Kind, ManifestStatus, ProjectReleaseBinding, ProjectReleaseBindingStatus, RenderedRelease};

/// The status once the rendered release says what the binding wants.
pub(super) fn observed(binding: &ProjectReleaseBinding, live: &RenderedRelease) -> ProjectReleaseBindingStatus {
    let generation = binding.generation();
    let synced = condition(
        "Synced",
        State::True,
        "ReleaseSynced",
        format!("RenderedRelease {:?} is up to date", live.name()),
        generation,
    );
    let (namespace, resources) = match applied(live) {
        Err(failure) => (
            condition("NamespaceReady", State::False, "ResourceApplyFailed", failure.clone(), generation),
            condition("ResourcesReady", State::False, "ResourceApplyFailed", failure, generation),
        ),
        Ok(known) => (namespace_ready(binding, known), resources_ready(binding, live, known)),
    };
    let ready = aggregate(generation, &[&synced, &namespace, &resources]);
    let warning = enforcement::of_release(live, generation);
    status(binding, [synced, namespace, resources, ready].into_iter().chain(warning).collect())
}

/// What was observed of the release's present generation: the entries, nothing yet, or why they could not be applied.
fn applied(live: &RenderedRelease) -> Result<&[ManifestStatus], String> {
    let Some(status) = &live.status else { return Ok(&[]) };
    match find(&status.conditions, "ResourcesApplied") {
        Some(told) if told.observed_generation == Some(live.generation()) => {
            if told.status == "False" {
                Err(told.message.clone())
            } else {
                Ok(&status.resources)
            }
        }
        _ => Ok(&[]),
    }
}

fn namespace_ready(binding: &ProjectReleaseBinding, known: &[ManifestStatus]) -> Condition {
    let name = cell(binding);
    let entry = known.iter().find(|entry| entry.kind == "Namespace" && entry.group.is_empty() && entry.name == name);
    let (state, reason, message) = match entry.map(|entry| entry.health_status.as_str()) {
        None => (State::False, "NamespaceProgressing", format!("Namespace {name:?} has no observed status yet")),
        Some("Healthy" | "Suspended") => (State::True, "NamespaceReady", format!("Namespace {name:?} is ready")),
        Some("Degraded") => (State::False, "NamespaceDegraded", format!("Namespace {name:?} is degraded")),
        Some(_) => (State::False, "NamespaceProgressing", format!("Namespace {name:?} is progressing")),
    };
    condition("NamespaceReady", state, reason, message, binding.generation())
}

fn resources_ready(binding: &ProjectReleaseBinding, live: &RenderedRelease, known: &[ManifestStatus]) -> Condition {
    let name = cell(binding);
    let others: Vec<&ManifestStatus> = known
        .iter()
        .filter(|entry| !(entry.kind == "Namespace" && entry.group.is_empty() && entry.name == name))
        .collect();
    let expected = live.spec.resources.len().saturating_sub(1);
    let named = |wanted: fn(&str) -> bool| {
        let names: Vec<String> = others
            .iter()
            .filter(|entry| wanted(&entry.health_status))
            .map(|entry| format!("{}/{}", entry.kind, entry.name))
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let (state, reason, message) = if let Some(names) = named(|health| health == "Degraded") {
        (State::False, "ResourcesDegraded", format!("{names} degraded"))
    } else if let Some(names) = named(|health| !matches!(health, "Healthy" | "Suspended")) {
        (State::False, "ResourcesProgressing", format!("{names} progressing"))
    } else if others.len() < expected {
        (State::False, "ResourcesProgressing", format!("{} of {expected} resource(s) observed", others.len()))
    } else {
        (State::True, "ResourcesReady", format!("All {expected} resource(s) ready"))
    };
    condition("ResourcesReady", state, reason, message, binding.generation())
}

/// Ready when all are; else the first that is not speaks.
fn aggregate(generation: i64, parts: &[&Condition]) -> Condition {
    match parts.iter().find(|part| part.status != "True") {
        Some(part) => condition("Ready", State::False, &part.reason, part.message.clone(), generation),
        None => condition("Ready", State::True, "Ready", "ProjectReleaseBinding is ready", generation),
    }
}
