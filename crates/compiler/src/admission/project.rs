//! Projects: a pipeline given by its bare name, as manifests of older versions have it.

use serde_json::{Value, json};

const FIELD: &str = "/spec/deploymentPipelineRef";

/// Makes a reference of a bare name, and says its kind where that is empty.
pub(super) fn complete(object: &mut Value) {
    let Some(reference) = object.pointer_mut(FIELD) else { return };
    match reference {
        Value::String(name) => *reference = json!({"kind": "DeploymentPipeline", "name": name}),
        Value::Object(members) if members.get("kind").is_some_and(|kind| kind == "") => {
            members.insert("kind".to_owned(), "DeploymentPipeline".into());
        }
        _ => {}
    }
}
