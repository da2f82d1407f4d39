//! What kubelet, the workload controllers and External Secrets do, as far as the recording had them: everything becomes
//! ready at once, except images whose name contains `fail-image`.

mod secrets;
mod workloads;

use super::control_plane::list;
use super::kinds;
use anyhow::Result;
use kube::Client;
use serde_json::Value;

/// Takes every object one state further; answers whether any moved.
pub(crate) async fn advance(client: &Client) -> Result<bool> {
    let mut moved = false;
    for resource in ["deployments", "statefulsets", "jobs", "cronjobs"] {
        let kind = kinds::of_resource(resource)?;
        for object in list(client, &kind).await? {
            if let Some(status) = workloads::next(&object) {
                moved |= write(client, &kind, &object, status).await?;
            }
        }
    }
    let kind = kinds::of_resource("externalsecrets.external-secrets.io")?;
    for object in list(client, &kind).await? {
        if let Some(status) = secrets::fill(client, &object).await? {
            moved |= write(client, &kind, &object, status).await?;
        }
    }
    Ok(moved)
}

/// Writes a status; an object that changed meanwhile is looked at again.
async fn write(client: &Client, kind: &kinds::KindName, object: &Value, status: Value) -> Result<bool> {
    use kube::api::{Patch, PatchParams};
    let meta = &object["metadata"];
    if !meta["deletionTimestamp"].is_null() {
        return Ok(false);
    }
    let name = meta["name"].as_str().unwrap_or_default();
    let api = kind.api(client, meta["namespace"].as_str().unwrap_or_default());
    let patch = serde_json::json!([
        {"op": "test", "path": "/metadata/resourceVersion", "value": meta["resourceVersion"]},
        {"op": "add", "path": "/status", "value": status},
    ]);
    let patch = Patch::<Value>::Json(serde_json::from_value(patch)?);
    match api.patch_status(name, &PatchParams::default(), &patch).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409 | 422) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
