//! Patch: the four kinds.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::{
    Call,
    change::{self, Proposal},
    finish, scale,
};
use crate::{
    decode,
    object::meta,
    patching,
    status::ApiError,
    wire::{Body, Media},
};

/// Changes the object by the patch in the body; apply makes it when it is not there.
pub(crate) async fn patch(call: &Call, media: Media, body: &Bytes) -> Result<Response<Body>, ApiError> {
    if call.params.force.is_some() && media != Media::ApplyYaml {
        let message = "Forbidden: may not be specified for non-apply patch";
        return Err(ApiError::option("PatchOptions", "FieldValueForbidden", "force", message));
    }
    if media == Media::ApplyYaml {
        return patching::apply(call, body).await;
    }
    let (patch, duplicates) = decode::document(media, body)?;
    let name = call.named()?;
    change::change(call, |old| {
        if call.sub() == "scale" {
            let current = scale::of(&call.kind, old)?;
            let changed = patching::patched(None, media, &current, &patch)?;
            named(name, &changed)?;
            scale::precondition(&call.kind, name, old, &changed)?;
            let object = scale::with(&call.kind, old, scale::wanted(&changed)?)?;
            return Ok(Proposal { object, duplicates: Vec::new(), applied: None });
        }
        let mut object = patching::patched(Some(call), media, old, &patch)?;
        finish::same_object(call, &mut object)?;
        named(name, &object)?;
        if object["metadata"]["managedFields"].is_null()
            && patch["metadata"].get("managedFields").is_none_or(Value::is_null)
        {
            meta::copy(old, &mut object, "managedFields");
        }
        Ok(Proposal { object, duplicates: duplicates.clone(), applied: None })
    })
    .await
    .map_err(finish::unpatchable)
}

/// Refuses another name than that of the path.
pub(super) fn named(name: &str, object: &Value) -> Result<(), ApiError> {
    let given = meta::text(object, "name");
    if given.is_empty() || given == name {
        return Ok(());
    }
    Err(ApiError::bad_request(format!("the name of the object ({given}) does not match the name on the URL ({name})")))
}
