//! Routes of the Gateway API.

use super::facts::{Condition, Facts};
use super::{Assessment, Health};

/// A route is as healthy as the worst of its gateways says. A cluster whose gateway does not report leaves it at being
/// present, as it is for every kind without a status.
pub(super) fn route(facts: &Facts<'_>) -> Assessment {
    let parents = facts.status("parents").as_array().map(Vec::as_slice).unwrap_or_default();
    let conditions: Vec<Condition<'_>> = parents
        .iter()
        .flat_map(|parent| parent["conditions"].as_array().into_iter().flatten())
        .map(Condition::of)
        .collect();
    if conditions.iter().any(|condition| condition.observed().is_some_and(|observed| observed < facts.generation())) {
        return Assessment::new(Health::Progressing, format!("generation {} is not observed yet", facts.generation()));
    }
    match conditions.iter().find(|condition| condition.is("False")) {
        Some(condition) => Assessment::new(Health::Degraded, condition.words()),
        None if conditions.is_empty() => Assessment::new(Health::Healthy, "present; no gateway reports on it"),
        None => Assessment::new(Health::Healthy, "accepted"),
    }
}
