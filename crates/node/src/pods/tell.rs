//! The pod's status written to the API, as the smallest patch that makes it so.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Map, Value, json};

use super::environment::Addresses;
use super::status::{Facts, pod_status};
use super::worker::Worker;

/// Fields of a pod's status that are taken away when they no longer hold.
const REMOVABLE: [&str; 5] = ["podIP", "podIPs", "reason", "message", "initContainerStatuses"];

impl Worker {
    /// Writes the status where it differs from what the API has.
    pub(super) async fn write_status(&mut self) {
        self.write_again = false;
        let noted = self.noted();
        let facts = Facts {
            addresses: Addresses { pod: self.addresses(), host: self.ground.host_ip.clone() },
            probed: self.probes.iter().map(|(name, set)| (name.clone(), set.verdict())).collect(),
            last_words: self.last_words.clone(),
            out_of_memory: self.out_of_memory.clone(),
            engine_scheme: self.ground.engine_scheme(),
            unsupported: self.unsupported.clone(),
        };
        let status = pod_status(&self.seen(&noted), &facts);
        let wanted = serde_json::to_value(&status).unwrap_or_default();
        let held = serde_json::to_value(&self.pod.status).unwrap_or_default();
        let Some(patch) = merge_patch(&held, &wanted) else { return };
        let pods: Api<Pod> = Api::namespaced(self.ground.client.clone(), &self.pod.namespace().unwrap_or_default());
        // The UID keeps the status from a new pod of the same name.
        let patch = json!({"metadata": {"uid": self.pod.uid()}, "status": patch});
        match pods.patch_status(&self.pod.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(written) => {
                let written = std::sync::Arc::new(written);
                self.ground.pods.apply(written.clone());
                self.pod = written;
            }
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => {
                tracing::warn!(pod = %self.pod.name_any(), %error, "a pod's status was not written; trying again");
                self.write_again = true;
            }
        }
    }
}

/// The merge patch that turns `held` into `wanted`; `None` where they are equal. Fields of the first level that others
/// write stay.
fn merge_patch(held: &Value, wanted: &Value) -> Option<Value> {
    let empty = Map::new();
    let held = held.as_object().unwrap_or(&empty);
    let wanted = wanted.as_object().unwrap_or(&empty);
    let mut patch = Map::new();
    for (name, value) in wanted {
        if held.get(name) != Some(value) {
            patch.insert(name.clone(), value.clone());
        }
    }
    for name in REMOVABLE {
        if held.contains_key(name) && !wanted.contains_key(name) {
            patch.insert(name.to_owned(), Value::Null);
        }
    }
    if patch.is_empty() { None } else { Some(Value::Object(patch)) }
}

#[cfg(test)]
mod tests {
    use super::merge_patch;
    use serde_json::json;

    #[test]
    fn the_patch_is_the_difference_and_leaves_what_others_wrote() {
        let held = json!({"phase": "Running", "podIP": "10.0.0.2", "nominatedNodeName": "x", "hostIP": "1"});
        assert_eq!(merge_patch(&held, &json!({"phase": "Running", "podIP": "10.0.0.2", "hostIP": "1"})), None);
        assert_eq!(
            merge_patch(&held, &json!({"phase": "Failed", "hostIP": "1"})),
            Some(json!({"phase": "Failed", "podIP": null}))
        );
    }
}
