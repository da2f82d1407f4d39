//! What keeps a workload from being ready, in the words of its pods.

use super::Inputs;
use super::health::Health;
use crate::engine::{Gvk, Unseen, World};
use model::{Kind, labels};
use serde_json::Value;

/// Waiting reasons that do not pass by themselves.
const TROUBLES: &[&str] = &[
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "CreatePodSandboxError",
    "ImageInspectError",
    "RunContainerError",
    "CrashLoopBackOff",
];

/// Adds the cause to a health that is not good. Pods are read only then, so that a healthy deployment is not woken by them.
pub(super) fn explain(health: Health, inputs: &Inputs, world: &World) -> Result<Health, Unseen> {
    if health.ready || !matches!(health.reason, "ResourcesProgressing" | "ResourcesDegraded" | "ResourcesUnknown") {
        return Ok(health);
    }
    let cluster = inputs.placement.plane.cluster();
    let pods = match world.list_dynamic(&cluster, &Gvk::new("v1", "Pod"), labels::COMPONENT_UID, inputs.component.uid())
    {
        Ok(pods) => pods,
        // A plane that does not let us see pods still tells the health of workloads.
        Err(Unseen::NotServed { .. } | Unseen::Forbidden { .. } | Unseen::Unavailable { .. }) => return Ok(health),
        Err(unseen) => return Err(unseen),
    };
    let environment = inputs.placement.environment.uid();
    let ours = |pod: &&std::sync::Arc<Value>| {
        pod.pointer("/metadata/labels").and_then(|own| own.get(labels::ENVIRONMENT_UID)).and_then(Value::as_str)
            == Some(environment)
    };
    Ok(match pods.iter().filter(ours).find_map(|pod| trouble(pod)) {
        Some(cause) => Health { message: format!("{}: {cause}", health.message), ..health },
        None => health,
    })
}

/// The first thing that keeps a pod from running.
fn trouble(pod: &Value) -> Option<String> {
    let text =
        |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = text(pod, "/metadata/name");
    let all = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let statuses = all.iter().filter_map(|pointer| pod.pointer(pointer)?.as_array()).flatten();
    for status in statuses {
        let reason = text(status, "/state/waiting/reason");
        if TROUBLES.contains(&reason.as_str()) {
            let image = text(status, "/image");
            let message = text(status, "/state/waiting/message");
            let about =
                if reason.contains("Image") && !message.contains(&image) { format!(" {image}") } else { String::new() };
            let message = if message.is_empty() { message } else { format!(": {message}") };
            return Some(format!("pod {name}: {reason}{about}{message}"));
        }
    }
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let unplaced = conditions
        .into_iter()
        .flatten()
        .find(|condition| text(condition, "/type") == "PodScheduled" && text(condition, "/status") == "False")?;
    Some(format!("pod {name} cannot be placed: {}", text(unplaced, "/message")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::creating(json!({"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}), None)]
    #[case::running(json!({"containerStatuses": [{"state": {"running": {}}}]}), None)]
    #[case::no_image(
        json!({"containerStatuses": [{"image": "shop/web:1", "state": {"waiting": {"reason": "ErrImagePull", "message": "no such host"}}}]}),
        Some("pod web-1: ErrImagePull shop/web:1: no such host")
    )]
    #[case::image_told_already(
        json!({"containerStatuses": [{"image": "shop/web:1", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"shop/web:1\""}}}]}),
        Some("pod web-1: ImagePullBackOff: Back-off pulling image \"shop/web:1\"")
    )]
    #[case::unplaced(
        json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "no room"}]}),
        Some("pod web-1 cannot be placed: no room")
    )]
    fn troubles_are_told(#[case] status: Value, #[case] expected: Option<&str>) {
        assert_eq!(trouble(&json!({"metadata": {"name": "web-1"}, "status": status})).as_deref(), expected);
    }
}
