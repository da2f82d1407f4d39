//! Patch: the four kinds.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::{
    Call,
    change::{self, Proposal},
    scale,
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
    change::change(call, |old| {
        if call.sub() == "scale" {
            let current = scale::of(&call.kind, old)?;
            let changed = patching::patched(None, media, &current, &patch)?;
            scale::precondition(&call.kind, call.named()?, old, &changed)?;
            let object = scale::with(&call.kind, old, scale::wanted(&changed)?)?;
            return Ok(Proposal { object, duplicates: Vec::new(), applied: None });
        }
        let mut object = patching::patched(Some(call), media, old, &patch)?;
        super::finish::identify(call, &mut object)?;
        if meta::text(&object, "name") != meta::text(old, "name") {
            let message = format!("Invalid value: {:?}: field is immutable", meta::text(&object, "name"));
            let cause = super::finish::cause("FieldValueInvalid", "metadata.name", message);
            return Err(ApiError::invalid(&call.kind, call.named()?, vec![cause]));
        }
        if object["metadata"]["managedFields"].is_null()
            && patch["metadata"].get("managedFields").is_none_or(Value::is_null)
        {
            meta::copy(old, &mut object, "managedFields");
        }
        Ok(Proposal { object, duplicates: duplicates.clone(), applied: None })
    })
    .await
}
