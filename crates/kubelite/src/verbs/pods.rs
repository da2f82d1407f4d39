//! Two things that are asked of a pod by creating something: a node, and to go.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{
    Call, DeleteOptions, Outcome,
    change::{self, Proposal},
    delete, read,
};
use crate::{
    object::meta,
    status::ApiError,
    wire::{Body, status_answer},
};

fn success() -> Response<Body> {
    status_answer(
        StatusCode::CREATED,
        &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
    )
}

/// Carries out a `Binding` or an `Eviction`.
pub(super) async fn act(call: &Call, object: &Value) -> Result<Response<Body>, ApiError> {
    let pods = call.kinds.resource("", "v1", "pods").cloned().ok_or_else(ApiError::no_such_path)?;
    let name = call.name.clone().unwrap_or_else(|| meta::text(object, "name").to_owned());
    let call = Call {
        core: call.core.clone(),
        kinds: call.kinds.clone(),
        kind: pods,
        namespace: call.namespace.clone(),
        name: Some(name.clone()),
        subresource: None,
        user: call.user.clone(),
        params: call.params.clone(),
        format: call.format,
        manager: call.manager.clone(),
        warnings: std::sync::Mutex::default(),
    };
    if object["kind"] == "Eviction" {
        let options: DeleteOptions = match &object["deleteOptions"] {
            Value::Null => DeleteOptions::default(),
            options => serde_json::from_value(options.clone())
                .map_err(|error| ApiError::bad_request(format!("deleteOptions: {error}")))?,
        };
        let pod = read::current(&call)?;
        let (Outcome::Gone(_) | Outcome::Waits(_)) = delete::remove(&call, &pod, &options).await?;
        return Ok(success());
    }
    let node = object["target"]["name"]
        .as_str()
        .filter(|node| !node.is_empty())
        .ok_or_else(|| ApiError::bad_request("target.name: Required value"))?;
    change::change(&call, |old| {
        if let Some(other) = old["spec"]["nodeName"].as_str().filter(|other| !other.is_empty()) {
            return Err(ApiError::conflict(
                &call.kind,
                &name,
                &format!("pod {name} is already assigned to node {other:?}"),
            ));
        }
        let mut object = old.clone();
        object["spec"]["nodeName"] = node.into();
        Ok(Proposal { object, duplicates: Vec::new(), applied: None })
    })
    .await?;
    Ok(success())
}
