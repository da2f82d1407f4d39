//! Statuses of workloads: first seen, then ready.

use serde_json::{Value, json};

const NOW: &str = "2026-01-01T00:00:00Z";

/// The next status, if there is one.
pub(super) fn next(object: &Value) -> Option<Value> {
    let wanted = match object["kind"].as_str() {
        Some("Deployment") => deployment(object),
        Some("StatefulSet") => stateful_set(object),
        Some("Job") => job(object),
        _ => return None,
    };
    let same = |wanted: &Value| {
        wanted.as_object().is_some_and(|wanted| wanted.iter().all(|(key, value)| equal(&object["status"][key], value)))
    };
    (!same(&wanted)).then_some(wanted)
}

/// Absent is zero.
fn equal(live: &Value, wanted: &Value) -> bool {
    live == wanted || (live.is_null() && wanted == &json!(0))
}

fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap_or_default()
}

fn replicas(object: &Value) -> i64 {
    object["spec"]["replicas"].as_i64().unwrap_or(1)
}

fn fails(object: &Value) -> bool {
    let containers = object.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    containers.into_iter().flatten().any(|one| one["image"].as_str().is_some_and(|image| image.contains("fail-image")))
}

#[allow(clippy::needless_pass_by_value, reason = "messages are made at the call")]
fn condition(kind: &str, status: &str, reason: &str, message: String) -> Value {
    json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastUpdateTime": NOW, "lastTransitionTime": NOW,
    })
}

/// A generation that was not looked at yet is seen first; what ran before goes on running meanwhile.
fn deployment(object: &Value) -> Value {
    let (generation, wanted) = (generation(object), replicas(object));
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let status = &object["status"];
    let seen = status["observedGeneration"] == json!(generation);
    let running = status["availableReplicas"].as_i64().unwrap_or_default();
    let set = format!("ReplicaSet \"{name}-0000000000\"");
    if seen && !fails(object) {
        return json!({
            "observedGeneration": generation,
            "replicas": wanted, "updatedReplicas": wanted, "readyReplicas": wanted, "availableReplicas": wanted,
            "terminatingReplicas": 0,
            "conditions": [
                condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.".into()),
                condition("Progressing", "True", "NewReplicaSetAvailable", format!("{set} has successfully progressed.")),
            ],
        });
    }
    let available = if running > 0 {
        condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.".into())
    } else {
        condition(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.".into(),
        )
    };
    json!({
        "observedGeneration": generation,
        "replicas": running + wanted, "updatedReplicas": wanted, "unavailableReplicas": wanted,
        "readyReplicas": running, "availableReplicas": running,
        "conditions": [available, condition("Progressing", "True", "ReplicaSetUpdated", format!("{set} is progressing."))],
    })
}

fn stateful_set(object: &Value) -> Value {
    let (generation, wanted) = (generation(object), replicas(object));
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let ready = if fails(object) || object["status"]["observedGeneration"] != json!(generation) { 0 } else { wanted };
    let revision = format!("{name}-0000000000");
    json!({
        "observedGeneration": generation,
        "replicas": wanted, "readyReplicas": ready, "availableReplicas": ready,
        "currentReplicas": wanted, "updatedReplicas": wanted,
        "currentRevision": revision, "updateRevision": revision,
        "collisionCount": 0,
    })
}

fn job(object: &Value) -> Value {
    if fails(object) {
        return json!({"active": 1, "startTime": NOW});
    }
    let told = |kind: &str| {
        json!({
            "type": kind, "status": "True", "reason": "CompletionsReached",
            "message": "Reached expected number of succeeded pods",
            "lastProbeTime": NOW, "lastTransitionTime": NOW,
        })
    };
    json!({
        "startTime": NOW, "completionTime": NOW, "succeeded": 1, "ready": 0, "terminating": 0,
        "uncountedTerminatedPods": {},
        "conditions": [told("SuccessCriteriaMet"), told("Complete")],
    })
}
