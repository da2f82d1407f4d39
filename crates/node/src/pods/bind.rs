//! The scheduler of one computer: a pod without a node goes to this one, or is told why not.

use k8s_openapi::api::core::v1::{Binding, ObjectReference};
use kube::Api;
use kube::api::{ObjectMeta, PostParams};

use super::ground::Ground;
use crate::recorder::{Tone, reference};
use crate::watch::Key;

/// Binds a pod to the node.
pub(crate) async fn bind(ground: &Ground, key: &Key) {
    let Some(pod) = ground.pods.get(key) else { return };
    let spec = pod.spec.clone().unwrap_or_default();
    if spec.node_name.as_deref().is_some_and(|name| !name.is_empty()) || pod.metadata.deletion_timestamp.is_some() {
        return;
    }
    let about = reference(&*pod);
    let wanted = spec.node_selector.unwrap_or_default();
    let missing = wanted.iter().find(|(label, value)| ground.node_labels.get(*label) != Some(value));
    if let Some((label, value)) = missing {
        let message = format!(
            "0/1 nodes are available: node {} has no label {label}={value}, which spec.nodeSelector asks for",
            ground.node_name
        );
        ground.recorder.tell(&about, Tone::Warning, "FailedScheduling", message);
        return;
    }
    let binding = Binding {
        metadata: ObjectMeta {
            name: Some(key.name.clone()),
            namespace: Some(key.namespace.clone()),
            ..ObjectMeta::default()
        },
        target: ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Node".to_owned()),
            name: Some(ground.node_name.clone()),
            ..ObjectReference::default()
        },
    };
    let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(ground.client.clone(), &key.namespace);
    let bound: Result<serde_json::Value, _> =
        pods.create_subresource("binding", &key.name, &PostParams::default(), &binding).await;
    match bound {
        Ok(_) => {
            let message = format!("Successfully assigned {key} to {}", ground.node_name);
            ground.recorder.tell(&about, Tone::Normal, "Scheduled", message);
        }
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) && ground.pods.get(key).is_none() => {}
        Err(error) => {
            ground.recorder.tell(&about, Tone::Warning, "FailedScheduling", format!("the pod was not bound: {error}"));
        }
    }
}
