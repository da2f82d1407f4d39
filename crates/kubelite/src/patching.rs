//! Patches to objects: reads the patch document in its form and computes the new object.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use crate::{
    apply::{self, ApplyError},
    decode,
    kinds::Origin,
    managed,
    object::meta,
    patch::{self, PatchError},
    status::{ApiError, Cause},
    verbs::{self, Call},
    wire::{Body, Media},
};

/// Media types that every kind takes.
const KNOWN: &[&str] = &["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];

/// The object with the patch applied.
pub(crate) fn patched(call: Option<&Call>, media: Media, old: &Value, patch: &Value) -> Result<Value, ApiError> {
    let outcome = match media {
        Media::JsonPatch => patch::json(old, patch),
        Media::MergePatch => patch::merge(old, patch),
        Media::StrategicPatch => match call {
            // A Scale has no lists: the two patches are the same for it.
            None => patch::merge(old, patch),
            Some(call) => match call.kind.schema().filter(|_| call.kind.origin == Origin::Builtin) {
                Some(schema) => patch::strategic(old, patch, schema),
                None => return Err(ApiError::unsupported_media(KNOWN)),
            },
        },
        Media::Json | Media::Yaml | Media::Protobuf | Media::ApplyYaml => {
            return Err(ApiError::unsupported_media(KNOWN));
        }
    };
    outcome.map_err(|error| match error {
        PatchError::BadRequest(message) => ApiError::bad_request(message),
        PatchError::TooLarge(message) => ApiError::too_large(message),
        PatchError::Failure(message) => ApiError::unnamed(message),
        PatchError::Unprocessable(message) => ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Invalid",
            format!("the server rejected our request due to an error in our request: {message}"),
        )
        .with_empty_details(),
    })
}

/// Server-side apply: changes the object, or makes it.
pub(crate) async fn apply(call: &Call, body: &Bytes) -> Result<Response<Body>, ApiError> {
    if call.params.field_manager.is_empty() {
        let cause = Cause {
            reason: "FieldValueRequired".into(),
            message: "Required value: is required for apply patch".into(),
            field: "fieldManager".into(),
        };
        return Err(ApiError::invalid_kind("meta.k8s.io", "PatchOptions", "", vec![cause]));
    }
    if call.sub() == "scale" {
        return Err(ApiError::not_implemented(
            "server-side apply to the scale subresource is not supported by this server: send a merge patch",
        ));
    }
    let (mut document, duplicates) = decode::document(Media::ApplyYaml, body)?;
    let name = call.named()?.to_owned();
    let given = meta::text(&document, "name");
    if !given.is_empty() && given != name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({name})"
        )));
    }
    // Said as nothing, it is as if it were not there: the object's own stays.
    if let Some(map) = document.as_object_mut()
        && map.get("kind").is_some_and(|kind| kind.is_null() || kind.as_str() == Some(""))
    {
        map.remove("kind");
    }
    let kind = document["kind"].as_str().unwrap_or_default();
    let version = document["apiVersion"].as_str().unwrap_or_default();
    if (!kind.is_empty() && *kind != *call.kind.kind) || *version != call.kind.api_version() {
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        return Err(ApiError::bad_request(format!("invalid object type: {group}/{version}, Kind={kind}")));
    }
    for (place, value) in [("kind", &document["kind"]), ("metadata.name", &document["metadata"]["name"])] {
        if !value.is_string() && !value.is_null() {
            return Err(ApiError::bad_request(format!("{place}: must be a string")));
        }
    }
    for attempt in 0.. {
        let exists = call.core.store.shelf(&call.kind.shelf).get(&call.path(&name)).is_some();
        if exists {
            return verbs::change(call, |old| compute(call, Some(old), &document, duplicates.clone())).await;
        }
        if !call.sub().is_empty() {
            return Err(ApiError::not_found(&call.kind, &name));
        }
        let mut document = document.clone();
        meta::set(&mut document, "name", name.as_str());
        if call.kind.namespaced {
            meta::set(&mut document, "namespace", call.namespace.clone());
        }
        if !meta::text(&document, "uid").is_empty() {
            let why = format!(
                "uid mismatch: the provided object specified uid {}, and no existing object was found",
                meta::text(&document, "uid")
            );
            return Err(ApiError::conflict(&call.kind, &name, &why));
        }
        // There is no state yet that could be another one.
        meta::set(&mut document, "resourceVersion", Value::Null);
        let proposal = compute(call, None, &document, duplicates.clone())?;
        match verbs::create_applied(call, proposal).await {
            // Somebody made it meanwhile: then it is a change.
            Err(error) if error.reason == "AlreadyExists" && attempt < 8 => {}
            outcome => return outcome,
        }
    }
    Err(ApiError::modified(&call.kind, &name))
}

fn compute(
    call: &Call,
    live: Option<&Value>,
    document: &Value,
    duplicates: Vec<String>,
) -> Result<verbs::Proposal, ApiError> {
    let version = call.kind.api_version();
    let request = managed::request(call, &version, call.core.now());
    let mut object =
        apply::apply(live, document, &request, call.params.force == Some(true)).map_err(|error| refused(&error))?;
    let fields = object["metadata"]["managedFields"].take();
    meta::set(&mut object, "managedFields", fields.clone());
    Ok(verbs::Proposal { object, duplicates, applied: Some(fields) })
}

fn refused(error: &ApplyError) -> ApiError {
    match error {
        ApplyError::Conflicts(conflicts) => conflicts.0.iter().fold(
            ApiError::new(StatusCode::CONFLICT, "Conflict", conflicts.to_string()),
            |error, conflict| {
                error.with_cause(Cause {
                    reason: "FieldManagerConflict".into(),
                    message: conflict.cause(),
                    field: conflict.field(),
                })
            },
        ),
        ApplyError::BadRequest(message) => ApiError::bad_request(message.clone()),
        ApplyError::Typed { .. } => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "", error.to_string()),
        ApplyError::Managed(error) => ApiError::bad_request(format!("metadata.managedFields: {error}")),
    }
}
