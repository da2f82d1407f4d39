//! Pods.

use super::facts::Facts;
use super::{Assessment, Health};

/// Reasons of a waiting container that do not go away by waiting: something else must happen first.
const STUCK: [&str; 10] = [
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
    "CreatePodSandboxError",
    "ImageInspectError",
    "RunContainerError",
];

pub(super) fn pod(facts: &Facts<'_>) -> Assessment {
    let containers = ["initContainerStatuses", "containerStatuses"]
        .iter()
        .flat_map(|name| facts.status(name).as_array().into_iter().flatten());
    let stuck = containers.clone().find_map(|container| {
        let waiting = &container["state"]["waiting"];
        let reason = waiting["reason"].as_str().filter(|reason| STUCK.contains(reason))?;
        let message = waiting["message"].as_str().unwrap_or("no message");
        Some(format!("container {}: {reason}: {message}", container["name"].as_str().unwrap_or("?")))
    });
    match (facts.status("phase").as_str().unwrap_or_default(), stuck) {
        ("Pending" | "Running", Some(why)) => Assessment::new(Health::Degraded, why),
        ("Pending", None) => Assessment::new(Health::Progressing, "pending"),
        ("Running", None) => {
            let ready = facts.condition("Ready").is_some_and(|condition| condition.is("True"));
            Assessment::new(
                if ready { Health::Healthy } else { Health::Progressing },
                if ready { "ready" } else { "not ready" },
            )
        }
        ("Succeeded", _) => Assessment::new(Health::Healthy, "succeeded"),
        ("Failed", _) => Assessment::new(Health::Degraded, failure(facts)),
        _ => Assessment::new(Health::Unknown, "the pod has no phase that is known"),
    }
}

fn failure(facts: &Facts<'_>) -> String {
    let words = ["reason", "message"].iter().filter_map(|name| facts.status(name).as_str());
    let words: Vec<&str> = words.collect();
    if words.is_empty() { "failed".to_owned() } else { format!("failed: {}", words.join(": ")) }
}
