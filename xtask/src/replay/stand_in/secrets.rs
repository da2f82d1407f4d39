//! ExternalSecrets: every key is `example-value`.

use crate::replay::kinds;
use anyhow::{Context, Result};
use kube::Client;
use kube::api::{DynamicObject, PostParams};
use serde_json::{Map, Value, json};

/// Makes the Secret that is asked for; answers the status when it is not told yet.
pub(super) async fn fill(client: &Client, object: &Value) -> Result<Option<Value>> {
    let meta = &object["metadata"];
    let (name, namespace) = (meta["name"].as_str().unwrap_or_default(), meta["namespace"].as_str().unwrap_or_default());
    let target = object.pointer("/spec/target/name").and_then(Value::as_str).unwrap_or(name);
    if !object["status"].is_null() || !meta["deletionTimestamp"].is_null() {
        return Ok(None);
    }
    let keys = object.pointer("/spec/data").and_then(Value::as_array);
    let keys = keys.into_iter().flatten().filter_map(|entry| entry["secretKey"].as_str());
    let templated = object.pointer("/spec/target/template/data").and_then(Value::as_object);
    let templated = templated.into_iter().flat_map(Map::keys).map(String::as_str);
    let data: Map<String, Value> =
        keys.chain(templated).map(|key| (key.to_owned(), Value::from("ZXhhbXBsZS12YWx1ZQ=="))).collect();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": data,
        "metadata": {"name": target, "namespace": namespace, "ownerReferences": [{
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": name, "uid": meta["uid"],
            "controller": true, "blockOwnerDeletion": true,
        }]},
    });
    let secret: DynamicObject = serde_json::from_value(secret)?;
    let made = kinds::of_resource("secrets")?.api(client, namespace).create(&PostParams::default(), &secret).await;
    match made {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        Err(error) => return Err(error).context("cannot write a Secret"),
    }
    Ok(Some(json!({
        "binding": {"name": target},
        "refreshTime": "2026-01-01T00:00:00Z",
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }],
    })))
}
