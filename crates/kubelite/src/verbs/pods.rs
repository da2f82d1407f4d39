//! Two things that are asked of a pod by creating something: a node, and to go.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{
    Call,
    change::{self, Proposal},
    evict, finish,
};
use crate::{
    object::meta,
    status::ApiError,
    wire::{Body, status_answer},
};

pub(super) fn success() -> Response<Body> {
    status_answer(
        StatusCode::CREATED,
        &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
    )
}

/// Carries out a `Binding` or an `Eviction`.
pub(super) async fn act(call: &Call, object: &Value) -> Result<Response<Body>, ApiError> {
    let pods = call.kinds.resource("", "v1", "pods").cloned().ok_or_else(ApiError::no_such_path)?;
    let name = call.name.clone().unwrap_or_else(|| meta::text(object, "name").to_owned());
    let mut call = Call { kind: pods, name: Some(name.clone()), ..call.beside() };
    if object["kind"] == "Eviction" {
        return evict::evict(&mut call, object).await;
    }
    let mut object = object.clone();
    finish::fit_to("io.k8s.api.core.v1.Binding", &mut object)
        .map_err(|error| finish::undecodable("Binding", "v1", error))?;
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
