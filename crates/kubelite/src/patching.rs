//! Patches to objects: reads the patch document in its form and computes the new object.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use crate::{
    status::ApiError,
    verbs::Call,
    wire::{Body, Media},
};

/// The object with the patch applied.
pub(crate) fn patched(call: Option<&Call>, media: Media, old: &Value, patch: &Value) -> Result<Value, ApiError> {
    let _ = call;
    let mut object = old.clone();
    match media {
        Media::JsonPatch => {
            let operations: json_patch::Patch = serde_json::from_value(patch.clone())
                .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?;
            json_patch::patch(&mut object, &operations).map_err(|error| {
                ApiError::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "Invalid",
                    format!("the server rejected our request due to an error in our request: {error}"),
                )
            })?;
        }
        Media::MergePatch => json_patch::merge(&mut object, patch),
        Media::StrategicPatch => {
            return Err(ApiError::unsupported_media(
                "application/strategic-merge-patch+json",
                &["application/json-patch+json", "application/merge-patch+json"],
            ));
        }
        Media::Json | Media::Yaml | Media::ApplyYaml => {
            return Err(ApiError::unsupported_media(
                "application/json",
                &["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"],
            ));
        }
    }
    Ok(object)
}

/// Server-side apply.
pub(crate) async fn apply(call: &Call, body: &Bytes) -> Result<Response<Body>, ApiError> {
    let _ = (call, body);
    Err(ApiError::not_implemented(
        "server-side apply is not built into this server yet: send a merge patch or an update",
    ))
}
