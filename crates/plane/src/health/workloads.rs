//! Deployments, StatefulSets, DaemonSets.

use super::facts::Facts;
use super::{Assessment, Health};

pub(super) fn deployment(facts: &Facts<'_>) -> Assessment {
    if facts.spec("paused").as_bool() == Some(true) {
        return Assessment::new(Health::Suspended, "paused");
    }
    let desired = facts.spec("replicas").as_i64().unwrap_or(1);
    if desired == 0 {
        return Assessment::new(Health::Suspended, "scaled to zero");
    }
    if let Some(progressing) = facts.unobserved() {
        return progressing;
    }
    let progress = facts.condition("Progressing");
    if let Some(condition) = progress.as_ref().filter(|condition| condition.reason() == "ProgressDeadlineExceeded") {
        return Assessment::new(Health::Degraded, condition.words());
    }
    if let Some(condition) = facts.condition("ReplicaFailure").filter(|condition| condition.is("True")) {
        return Assessment::new(Health::Degraded, condition.words());
    }
    let (updated, ready, available) =
        (facts.count("updatedReplicas"), facts.count("readyReplicas"), facts.count("availableReplicas"));
    let counts = format!("{available} of {desired} replicas available");
    if updated == desired && available == 0 {
        let rolling =
            progress.is_some_and(|condition| condition.is("True") && condition.reason() != "NewReplicaSetAvailable");
        return Assessment::new(if rolling { Health::Progressing } else { Health::Degraded }, counts);
    }
    let unavailable = facts.count("unavailableReplicas");
    let is_available = facts.condition("Available").is_some_and(|condition| condition.is("True"));
    if !is_available && unavailable > 0 && (ready > 0 || available > 0) {
        return Assessment::new(Health::Degraded, counts);
    }
    let complete =
        [updated, facts.count("replicas"), ready, available].iter().all(|count| *count == desired) && unavailable == 0;
    Assessment::new(if complete { Health::Healthy } else { Health::Progressing }, counts)
}

pub(super) fn stateful_set(facts: &Facts<'_>) -> Assessment {
    let desired = facts.spec("replicas").as_i64().unwrap_or(1);
    if let Some(progressing) = facts.unobserved() {
        return progressing;
    }
    let (updated, ready, available) =
        (facts.count("updatedReplicas"), facts.count("readyReplicas"), facts.count("availableReplicas"));
    let counts = format!("{available} of {desired} replicas available");
    let serves = [facts.count("replicas"), ready, available].iter().all(|count| *count == desired);
    let strategy = facts.spec("updateStrategy");
    if strategy["type"] == "OnDelete" {
        // Which pods are of the new revision is its user's business.
        return Assessment::new(if serves { Health::Healthy } else { Health::Progressing }, counts);
    }
    // Pods below the partition keep the old revision on purpose.
    let kept = strategy["rollingUpdate"]["partition"].as_i64().unwrap_or(0).clamp(0, desired);
    if updated < desired - kept {
        return Assessment::new(Health::Progressing, "rolling to the new revision");
    }
    if kept == 0 && desired > 0 && facts.status("currentRevision") != facts.status("updateRevision") {
        return Assessment::new(Health::Progressing, "rolling to the new revision");
    }
    Assessment::new(if serves { Health::Healthy } else { Health::Progressing }, counts)
}

pub(super) fn daemon_set(facts: &Facts<'_>) -> Assessment {
    if let Some(progressing) = facts.unobserved() {
        return progressing;
    }
    let desired = facts.count("desiredNumberScheduled");
    let (updated, available) = (facts.count("updatedNumberScheduled"), facts.count("numberAvailable"));
    let by_hand = facts.spec("updateStrategy")["type"] == "OnDelete";
    let complete = (updated == desired || by_hand) && available == desired;
    Assessment::new(
        if complete { Health::Healthy } else { Health::Progressing },
        format!("{available} of {desired} pods available"),
    )
}
