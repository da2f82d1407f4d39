//! Workflows: the service account of their runs, and the plane that cluster workflows run on.

use schema::FieldError;
use serde_json::{Map, Value};

use super::text;

/// The account that every run has.
const SERVICE_ACCOUNT: &str = "workflow-sa";

/// Sets the service account; a run template whose spec is no object is left for [`check`].
pub(super) fn complete(object: &mut Value) {
    let Some(template) = object.pointer_mut("/spec/runTemplate").and_then(Value::as_object_mut) else { return };
    let spec = template.entry("spec").or_insert(Value::Null);
    if spec.is_null() {
        *spec = Value::Object(Map::new());
    }
    if let Some(spec) = spec.as_object_mut() {
        spec.insert("serviceAccountName".to_owned(), SERVICE_ACCOUNT.into());
    }
}

/// Checks what templates do not say.
pub(super) fn check(spec: &Value, cluster: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(run) = spec.pointer("/runTemplate/spec").filter(|run| !run.is_object()) {
        errors.push(FieldError::invalid("spec.runTemplate.spec", run.clone(), "must be an object"));
    }
    if let Some(plane) = spec.get("workflowPlaneRef").filter(|_| cluster)
        && text(plane, "kind") != "ClusterWorkflowPlane"
    {
        let detail = "a ClusterWorkflow can only run on a ClusterWorkflowPlane";
        errors.push(FieldError::invalid("spec.workflowPlaneRef.kind", text(plane, "kind").into(), detail));
    }
    errors
}
