//! What controllers report of workloads: how many there are of what.

use serde_json::Value;

use super::Report;

/// Kind and counts that are never negative.
const COUNTS: &[(&str, &[&str])] = &[
    (
        "Deployment",
        &[
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
            "collisionCount",
        ],
    ),
    (
        "ReplicaSet",
        &[
            "replicas",
            "fullyLabeledReplicas",
            "readyReplicas",
            "availableReplicas",
            "observedGeneration",
            "terminatingReplicas",
        ],
    ),
    (
        "StatefulSet",
        &[
            "replicas",
            "readyReplicas",
            "currentReplicas",
            "updatedReplicas",
            "availableReplicas",
            "observedGeneration",
            "collisionCount",
        ],
    ),
    (
        "DaemonSet",
        &[
            "currentNumberScheduled",
            "numberMisscheduled",
            "desiredNumberScheduled",
            "numberReady",
            "observedGeneration",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberUnavailable",
            "collisionCount",
        ],
    ),
];

/// Kind and counts that are no more than there are replicas.
const PARTS: &[(&str, &[&str])] = &[
    ("Deployment", &["updatedReplicas", "readyReplicas", "availableReplicas"]),
    ("ReplicaSet", &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"]),
    ("StatefulSet", &["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"]),
];

/// Checks a status.
pub(super) fn check(kind: &str, object: &Value, old: &Value, report: &mut Report) {
    let status = &object["status"];
    let count = |name: &str| status[name].as_i64().unwrap_or(0);
    let listed = |table: &'static [(&str, &[&str])]| {
        table.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, names)| names)
    };
    for name in listed(COUNTS) {
        report.not_negative(format!("status.{name}"), &status[*name]);
    }
    let parts = listed(PARTS);
    for name in parts.iter().filter(|name| count(name) > count("replicas")) {
        report.invalid(format!("status.{name}"), &count(name).into(), "cannot be greater than status.replicas");
    }
    if parts.contains(&"availableReplicas") && count("availableReplicas") > count("readyReplicas") {
        let than = if kind == "StatefulSet" { "status.readyReplicas" } else { "readyReplicas" };
        let detail = format!("cannot be greater than {than}");
        report.invalid("status.availableReplicas", &count("availableReplicas").into(), &detail);
    }
    let collisions = old["status"]["collisionCount"].as_i64().unwrap_or(0);
    if matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet") && count("collisionCount") < collisions {
        report.invalid("status.collisionCount", &count("collisionCount").into(), "cannot be decremented");
    }
}
