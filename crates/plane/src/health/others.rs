//! Claims, external secrets, and every kind that has no rule of its own.

use super::facts::{Condition, Facts};
use super::{Assessment, Health};

pub(super) fn claim(facts: &Facts<'_>) -> Assessment {
    match facts.status("phase").as_str() {
        Some("Lost") => Assessment::new(Health::Degraded, "its volume is lost"),
        Some("Bound") => Assessment::new(Health::Healthy, "bound"),
        // A volume that waits for its first consumer is pending for as long as nothing mounts it.
        _ => Assessment::new(Health::Progressing, "not bound yet"),
    }
}

pub(super) fn external_secret(facts: &Facts<'_>) -> Assessment {
    match facts.condition("Ready") {
        Some(ready) if ready.is("True") => Assessment::new(Health::Healthy, "synced"),
        Some(ready) if ready.is("False") => Assessment::new(Health::Degraded, ready.words()),
        _ => Assessment::new(Health::Progressing, "not synced yet"),
    }
}

/// Conditions by which controllers say that something is broken.
const BAD: [&str; 3] = ["Stalled", "Failed", "Degraded"];
/// Conditions by which they say that something works, the most telling first.
const GOOD: [&str; 3] = ["Ready", "Available", "Healthy"];

/// By standard conditions. A kind without any has no other health than being there.
pub(super) fn by_conditions(facts: &Facts<'_>) -> Assessment {
    if let Some(progressing) = facts.outdated() {
        return progressing;
    }
    let is_old = |condition: &Condition<'_>| condition.observed().is_some_and(|observed| observed < facts.generation());
    let good = GOOD.iter().find_map(|kind| facts.condition(kind));
    let bad = BAD.iter().find_map(|kind| facts.condition(kind).filter(|condition| condition.is("True")));
    let told = bad.as_ref().or(good.as_ref());
    if told.is_some_and(is_old) {
        return Assessment::new(Health::Progressing, format!("generation {} is not observed yet", facts.generation()));
    }
    if let Some(condition) = bad {
        return Assessment::new(Health::Degraded, condition.words());
    }
    match good {
        Some(condition) if condition.is("True") => Assessment::new(Health::Healthy, condition.words()),
        Some(condition) if condition.is("Unknown") => Assessment::new(Health::Unknown, condition.words()),
        Some(condition) => Assessment::new(Health::Progressing, condition.words()),
        None => Assessment::new(Health::Healthy, "present"),
    }
}
