//! Update, and what update and patch share: read, compute, check, store if nobody else did meanwhile.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use super::{Call, finish, read, scale};
use crate::{
    admission::Operation,
    convert, decode, managed,
    object::meta,
    shape,
    status::ApiError,
    store::{Draft, Stored, Write, WriteError},
    wire::{Body, Media},
};

/// How often a change that does not name a resource version is computed anew when others are faster.
const TRIES: usize = 16;

/// What a computation makes of the current object.
pub(crate) struct Proposal {
    pub(crate) object: Value,
    pub(crate) duplicates: Vec<String>,
    /// The managed fields of server-side apply.
    pub(crate) applied: Option<Value>,
}

/// Replaces the object by the one in the body.
pub(crate) async fn update(call: &Call, media: Media, body: &Bytes) -> Result<Response<Body>, ApiError> {
    let (object, duplicates) = decode::document(media, body)?;
    let name = call.named()?;
    if call.sub() == "scale" {
        return change(call, |old| {
            let replicas = scale::wanted(&object)?;
            scale::precondition(&call.kind, name, old, &object)?;
            Ok(Proposal { object: scale::with(&call.kind, old, replicas)?, duplicates: Vec::new(), applied: None })
        })
        .await;
    }
    let given = meta::text(&object, "name");
    if !given.is_empty() && given != name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({name})"
        )));
    }
    change(call, |old| {
        let mut object = object.clone();
        if meta::text(&object, "resourceVersion").is_empty() && call.kind.origin == crate::kinds::Origin::Custom {
            let cause = finish::cause(
                "FieldValueInvalid",
                "metadata.resourceVersion",
                "Invalid value: 0x0: must be specified for an update",
            );
            return Err(ApiError::invalid(&call.kind, name, vec![cause]));
        }
        finish::identify(call, &mut object)?;
        if object["metadata"]["managedFields"].is_null() {
            meta::copy(old, &mut object, "managedFields");
        }
        Ok(Proposal { object, duplicates: duplicates.clone(), applied: None })
    })
    .await
    .map_err(|error| finish::undecodable(call, error))
}

/// Computes a new state from the current one and stores it.
pub(crate) async fn change(
    call: &Call,
    mut compute: impl FnMut(&Value) -> Result<Proposal, ApiError>,
) -> Result<Response<Body>, ApiError> {
    let name = call.named()?;
    for _ in 0..TRIES {
        let stored = read::current(call)?;
        let old = shape::in_version(&call.kind, &stored);
        let proposal = compute(&old)?;
        let pinned = !meta::text(&proposal.object, "resourceVersion").is_empty()
            && meta::text(&proposal.object, "resourceVersion") != meta::text(&old, "resourceVersion");
        if pinned {
            return Err(ApiError::modified(&call.kind, name));
        }
        if let Some(response) = settle(call, &stored, &old, proposal).await? {
            return Ok(response);
        }
    }
    Err(ApiError::modified(call.kind.as_ref(), name))
}

/// Checks and stores; `None`: someone else was faster.
async fn settle(
    call: &Call,
    stored: &Stored,
    old: &Value,
    proposal: Proposal,
) -> Result<Option<Response<Body>>, ApiError> {
    let name = call.named()?;
    let Proposal { object: mut new, duplicates, applied } = proposal;
    let given = meta::text(&new, "uid");
    if !given.is_empty() && given != meta::text(old, "uid") {
        let why = format!(
            "Precondition failed: UID in precondition: {given}, UID in object meta: {}",
            meta::text(old, "uid")
        );
        return Err(ApiError::conflict(&call.kind, name, &why));
    }
    finish::structure(call, &mut new, duplicates)?;
    managed::record(call, Some(old), &mut new, applied.as_ref(), call.core.now());
    call.mutate(Operation::Update, name, Some(old), &mut new).await?;
    finish::default(call, &mut new);
    isolate(call, old, &mut new)?;
    crate::strategy::before_update(&call.core, &call.kind, old, &mut new, call.sub())?;
    generation(call, old, &mut new);
    meta::tidy(&mut new);
    finish::validate(call, &new, Some(old))?;
    call.admit(Operation::Update, name, Some(old), Some(&new)).await?;
    if managed::same(old, &new) {
        return answer(call, stored).map(Some);
    }
    let remove = meta::deleting(&new) && meta::finalizers(&new).is_empty() && crate::strategy::may_go(&call.kind, &new);
    let rehearsed = call.params.dry_run.then(|| new.clone());
    convert::to_stored(call, &mut new);
    let draft = Draft::new(new).map_err(ApiError::internal)?;
    finish::size(draft.len())?;
    if let Some(new) = rehearsed {
        return if call.sub() == "scale" {
            scaled(call, &new).map(Some)
        } else {
            Ok(Some(shape::value(call, StatusCode::OK, &new)))
        };
    }
    let write = Write {
        shelf: call.kind.shelf.clone(),
        path: stored.path.clone(),
        expected: Some(stored.revision),
        draft,
        remove,
    };
    match call.core.store.write(write).await {
        Ok(stored) => answer(call, &stored).map(Some),
        Err(WriteError::Changed(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The object, or its scale where that was written.
fn answer(call: &Call, stored: &Stored) -> Result<Response<Body>, ApiError> {
    if call.sub() == "scale" { scaled(call, &stored.value()) } else { Ok(shape::one(call, StatusCode::OK, stored)) }
}

fn scaled(call: &Call, object: &Value) -> Result<Response<Body>, ApiError> {
    Ok(crate::wire::json_answer(StatusCode::OK, &scale::of(&call.kind, object)?, call.format))
}

/// Puts back what this path may not change: the server's metadata, and `status` or everything but it.
fn isolate(call: &Call, old: &Value, new: &mut Value) -> Result<(), ApiError> {
    if call.sub() == "status" {
        let status = new.get("status").cloned();
        let managed = new["metadata"]["managedFields"].clone();
        let wished = new["metadata"].clone();
        *new = old.clone();
        meta::set(new, "managedFields", managed);
        crate::strategy::status_metadata(&call.kind, &wished, new);
        if let Some(map) = new.as_object_mut() {
            match status {
                Some(status) => map.insert("status".into(), status),
                None => map.remove("status"),
            };
        }
    } else if call.kind.has_status()
        && let Some(map) = new.as_object_mut()
    {
        match old.get("status") {
            Some(status) => map.insert("status".into(), status.clone()),
            None => map.remove("status"),
        };
    }
    let before = meta::finalizers(old);
    let added: Vec<&str> = meta::finalizers(new).into_iter().filter(|name| !before.contains(name)).collect();
    if meta::deleting(old) && !added.is_empty() {
        let message = format!(
            "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            added.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
        );
        return Err(ApiError::invalid(
            &call.kind,
            meta::text(old, "name"),
            vec![finish::cause("FieldValueForbidden", "metadata.finalizers", message)],
        ));
    }
    for key in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "generateName",
    ] {
        meta::copy(old, new, key);
    }
    Ok(())
}

/// Counts changes of what is wanted: not of metadata, and not of `status` where it has a path of its own.
fn generation(call: &Call, old: &Value, new: &mut Value) {
    if !call.kind.generations || call.sub() == "status" {
        return;
    }
    let skipped = |key: &str| key == "metadata" || (key == "status" && call.kind.has_status());
    let wanted = |object: &Value| -> usize {
        object.as_object().map_or(0, |object| object.keys().filter(|key| !skipped(key)).count())
    };
    let is_so = |(key, value): (&String, &Value)| skipped(key) || old.get(key) == Some(value);
    if wanted(old) != wanted(new) || !new.as_object().into_iter().flatten().all(is_so) {
        let next = meta::number(old, "generation").unwrap_or(0) + 1;
        meta::set(new, "generation", next);
    }
}
