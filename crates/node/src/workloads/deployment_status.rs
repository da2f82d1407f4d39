//! What a Deployment's status says: counts, whether it is available, and how its rollout goes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet};
use kube::ResourceExt as _;

use super::deployment_plan::DeploymentWorld;
use super::replica_set_plan::REPLICA_FAILURE;
use super::rollout::{bounds, replicas, wished};
use crate::pods::time;

/// What is going on with a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// A ReplicaSet of that name is being made.
    Created(String),
    /// It rolls, or stands complete.
    Rolling,
    /// It is paused, or ends.
    Paused,
}

/// Progressing without a word of progress for that long is a failure, unless the Deployment says otherwise.
const PROGRESS_DEADLINE: i32 = 600;

/// The status, and when to look again.
pub(crate) fn status(
    world: &DeploymentWorld<'_>,
    new: Option<&Arc<ReplicaSet>>,
    old: &[&Arc<ReplicaSet>],
    progress: Progress,
    collided: bool,
) -> (DeploymentStatus, Option<Timestamp>) {
    let deployment = world.deployment;
    let held = deployment.status.clone().unwrap_or_default();
    let sum = |count: fn(&ReplicaSet) -> i32| new.iter().chain(old).map(|set| count(set)).sum::<i32>();
    let present = sum(|set| set.status.as_ref().map_or(0, |status| status.replicas));
    let ready = sum(|set| set.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or_default());
    let available = sum(|set| set.status.as_ref().and_then(|status| status.available_replicas).unwrap_or_default());
    let updated = new.and_then(|set| set.status.as_ref()).map_or(0, |status| status.replicas);
    let asked = sum(wished);
    let some = |count: i32| (count > 0).then_some(count);
    let mut status = DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: some(present),
        updated_replicas: some(updated),
        ready_replicas: some(ready),
        available_replicas: some(available),
        unavailable_replicas: some((asked.max(present) - available).max(0)),
        collision_count: if collided {
            Some(held.collision_count.unwrap_or_default() + 1)
        } else {
            held.collision_count
        },
        terminating_replicas: held.terminating_replicas,
        conditions: None,
    };
    let total = replicas(deployment);
    let mut conditions = held.conditions.clone().unwrap_or_default();
    let available_condition = if available >= total - bounds(deployment).unavailable {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    let (holds, reason, message) = available_condition;
    set(&mut conditions, "Available", holds, reason, message.to_owned(), world.now, false);
    replica_failure(new, old, &mut conditions);
    let look_again = progressing(world, new, &held, &status, progress, &mut conditions);
    status.conditions = Some(conditions);
    (status, look_again)
}

/// What the sets say of pods that the API refuses: the new one first.
fn replica_failure(new: Option<&Arc<ReplicaSet>>, old: &[&Arc<ReplicaSet>], conditions: &mut Vec<DeploymentCondition>) {
    let sets = new.iter().chain(old).filter_map(|set| set.status.as_ref());
    let mut told = sets.flat_map(|status| status.conditions.iter().flatten());
    let told = told.find(|told| told.type_ == REPLICA_FAILURE && told.status == "True");
    conditions.retain(|condition| condition.type_ != REPLICA_FAILURE);
    conditions.extend(told.map(|told| DeploymentCondition {
        type_: told.type_.clone(),
        status: told.status.clone(),
        reason: told.reason.clone(),
        message: told.message.clone(),
        last_transition_time: told.last_transition_time.clone(),
        last_update_time: told.last_transition_time.clone(),
    }));
}

fn progressing(
    world: &DeploymentWorld<'_>,
    new: Option<&Arc<ReplicaSet>>,
    held: &DeploymentStatus,
    status: &DeploymentStatus,
    progress: Progress,
    conditions: &mut Vec<DeploymentCondition>,
) -> Option<Timestamp> {
    let deployment = world.deployment;
    let current = conditions.iter().find(|condition| condition.type_ == "Progressing").cloned();
    let reason = current.as_ref().and_then(|condition| condition.reason.as_deref()).unwrap_or_default();
    let ending = deployment.metadata.deletion_timestamp.is_some();
    let paused = deployment.spec.as_ref().and_then(|spec| spec.paused) == Some(true);
    let mut tell = |holds: &str, reason: &str, message: String, fresh: bool| {
        set(conditions, "Progressing", holds, reason, message, world.now, fresh);
    };
    match progress {
        Progress::Created(name) => {
            tell("True", "NewReplicaSetCreated", format!("Created new replica set {name:?}"), true);
            return deadline(deployment, world.now);
        }
        Progress::Paused => {
            if paused && !ending && reason != "DeploymentPaused" {
                tell("Unknown", "DeploymentPaused", "Deployment is paused".to_owned(), true);
            }
            return None;
        }
        Progress::Rolling => {}
    }
    if reason == "DeploymentPaused" {
        tell("Unknown", "DeploymentResumed", "Deployment is resumed".to_owned(), true);
        return deadline(deployment, world.now);
    }
    let name = new.map_or_else(|| deployment.name_any(), |set| set.name_any());
    let what = if new.is_some() { format!("ReplicaSet {name:?}") } else { format!("Deployment {name:?}") };
    let total = replicas(deployment);
    let count = |value: Option<i32>| value.unwrap_or_default();
    let observed = new
        .is_none_or(|set| set.status.as_ref().and_then(|status| status.observed_generation) >= set.metadata.generation);
    let complete = new.is_some()
        && observed
        && count(status.updated_replicas) == total
        && count(status.replicas) == total
        && count(status.available_replicas) == total;
    if complete {
        if reason != "NewReplicaSetAvailable" {
            tell("True", "NewReplicaSetAvailable", format!("{what} has successfully progressed."), true);
        }
        return None;
    }
    let old_now = count(status.replicas) - count(status.updated_replicas);
    let old_before = count(held.replicas) - count(held.updated_replicas);
    let moved = count(status.updated_replicas) > count(held.updated_replicas)
        || old_now < old_before
        || count(status.ready_replicas) > count(held.ready_replicas)
        || count(status.available_replicas) > count(held.available_replicas);
    let of_this_rollout = current.as_ref().is_some_and(|_| reason != "NewReplicaSetAvailable");
    if moved || current.is_none() {
        tell("True", "ReplicaSetUpdated", format!("{what} is progressing."), true);
        return deadline(deployment, world.now);
    }
    // A finished rollout whose pods fail later is not a rollout that makes no progress.
    if !of_this_rollout {
        let generation_moved = held.observed_generation < deployment.metadata.generation;
        if generation_moved {
            tell("True", "ReplicaSetUpdated", format!("{what} is progressing."), true);
            return deadline(deployment, world.now);
        }
        return None;
    }
    let since =
        current.as_ref().and_then(|condition| condition.last_update_time.as_ref()).map_or(world.now, |time| time.0);
    let until = deadline(deployment, since)?;
    if until <= world.now {
        if reason != "ProgressDeadlineExceeded" {
            tell("False", "ProgressDeadlineExceeded", format!("{what} has timed out progressing."), true);
        }
        return None;
    }
    Some(until)
}

fn deadline(deployment: &Deployment, since: Timestamp) -> Option<Timestamp> {
    let seconds = deployment.spec.as_ref().and_then(|spec| spec.progress_deadline_seconds).unwrap_or(PROGRESS_DEADLINE);
    // The largest number means none.
    if seconds == i32::MAX {
        return None;
    }
    since.saturating_add(Duration::from_secs(seconds.max(0) as u64)).ok()
}

/// Sets a condition; its transition time moves with its status, its update time with `fresh`.
fn set(
    conditions: &mut Vec<DeploymentCondition>,
    type_: &str,
    holds: &str,
    reason: &str,
    message: String,
    now: Timestamp,
    fresh: bool,
) {
    let now = Some(time(now));
    let place = conditions.iter().position(|condition| condition.type_ == type_);
    let held = place.map(|place| conditions[place].clone());
    let same_status = held.as_ref().filter(|held| held.status == holds);
    if !fresh && same_status.is_some_and(|held| held.reason.as_deref() == Some(reason)) {
        return;
    }
    let condition = DeploymentCondition {
        type_: type_.to_owned(),
        status: holds.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message),
        last_transition_time: same_status.and_then(|held| held.last_transition_time.clone()).or_else(|| now.clone()),
        last_update_time: now,
    };
    match place {
        Some(place) => conditions[place] = condition,
        None => conditions.push(condition),
    }
}
