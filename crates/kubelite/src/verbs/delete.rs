//! Delete: at once, after a grace period, or when the last finalizer is gone.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::{Call, read};
use crate::{
    admission::Operation,
    convert, decode, managed,
    object::meta::{self, FOREGROUND, ORPHAN},
    shape,
    status::{self, ApiError},
    store::{Draft, Stored, Write, WriteError},
    strategy,
    wire::{self, Body, Media},
};

/// `meta/v1 DeleteOptions`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Options {
    pub(crate) grace_period_seconds: Option<i64>,
    pub(crate) preconditions: Option<Preconditions>,
    pub(crate) orphan_dependents: Option<bool>,
    pub(crate) propagation_policy: Option<String>,
    pub(crate) dry_run: Option<Vec<String>>,
}

/// What must still be so.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Preconditions {
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
}

/// What became of the object.
pub(crate) enum Outcome {
    /// It is gone; its last state.
    Gone(Value),
    /// It waits for its grace period or its finalizers.
    Waits(Value),
}

impl Options {
    /// Reads body and query; the body wins.
    pub(crate) fn of(call: &mut Call, media: Media, body: &Bytes) -> Result<Self, ApiError> {
        let mut options = if body.is_empty() {
            Self::default()
        } else {
            let (value, _) = decode::document(media, body)?;
            let given = value["kind"].as_str().unwrap_or_default();
            if !matches!(given, "" | "DeleteOptions") {
                return Err(ApiError::bad_request(format!(
                    "the kind in the data ({given}) does not match the expected kind (DeleteOptions)"
                )));
            }
            serde_json::from_value(value).map_err(|error| ApiError::bad_request(format!("DeleteOptions: {error}")))?
        };
        options.grace_period_seconds = options.grace_period_seconds.or(call.params.grace_period);
        options.propagation_policy = options.propagation_policy.or_else(|| call.params.propagation.clone());
        options.orphan_dependents = options.orphan_dependents.or(call.params.orphan);
        if let Some(mode) = options.dry_run.iter().flatten().find(|mode| *mode != "All") {
            let message = format!("Unsupported value: [{mode:?}]: supported values: \"All\"");
            return Err(ApiError::option("DeleteOptions", "FieldValueNotSupported", "dryRun", message));
        }
        call.params.dry_run |= options.dry_run.as_ref().is_some_and(|modes| modes.iter().any(|mode| mode == "All"));
        let given = options.propagation_policy.as_deref().unwrap_or_default();
        if options.orphan_dependents.is_some() && options.propagation_policy.is_some() {
            let message =
                format!("Invalid value: {given:?}: orphanDependents and deletionPropagation cannot be both set");
            return Err(ApiError::option("DeleteOptions", "FieldValueInvalid", "propagationPolicy", message));
        }
        match options.propagation_policy.as_deref() {
            None | Some("Background" | "Foreground" | "Orphan") => {}
            Some(other) => {
                let message = format!(
                    "Unsupported value: {other:?}: supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
                );
                return Err(ApiError::option("DeleteOptions", "FieldValueNotSupported", "propagationPolicy", message));
            }
        }
        if options.grace_period_seconds.is_some_and(|seconds| seconds < 0) {
            // Negative means at once, with the smallest time that is one.
            options.grace_period_seconds = Some(1);
        }
        Ok(options)
    }
}

/// Deletes the object at the call's path.
pub(crate) async fn delete(call: &mut Call, media: Media, body: &Bytes) -> Result<Response<Body>, ApiError> {
    let options = Options::of(call, media, body)?;
    let unsaid = options.propagation_policy.is_none() && options.orphan_dependents.is_none();
    if unsaid && strategy::default_propagation(&call.kind).is_some() {
        call.warn(
            "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
        );
    }
    let stored = read::current(call)?;
    let name = stored.name().to_owned();
    let first = ["default", "kube-system", "kube-public"].contains(&&*name);
    if first && call.kind.group.is_empty() && &*call.kind.kind == "Namespace" {
        return Err(ApiError::forbidden(&call.kind, &name, "this namespace may not be deleted"));
    }
    match remove(call, &stored, &options).await? {
        Outcome::Waits(object) => Ok(shape::value(call, StatusCode::OK, &object)),
        Outcome::Gone(object) if strategy::returns_deleted(&call.kind) => {
            Ok(shape::value(call, StatusCode::OK, &object))
        }
        Outcome::Gone(object) => {
            Ok(wire::status_answer(StatusCode::OK, &status::deleted(&call.kind, &name, meta::text(&object, "uid"))))
        }
    }
}

/// Starts or finishes the deletion of one object.
pub(crate) async fn remove(call: &Call, stored: &Stored, options: &Options) -> Result<Outcome, ApiError> {
    let name = stored.name().to_owned();
    let mut current = call
        .core
        .store
        .shelf(&call.kind.shelf)
        .get(&stored.path)
        .ok_or_else(|| ApiError::not_found(&call.kind, &name))?;
    loop {
        let old = shape::in_version(&call.kind, &current);
        preconditions(call, &name, &old, options)?;
        call.admit(Operation::Delete, &name, Some(&old), None).await?;
        let (new, gone) = next(call, &old, options);
        if call.params.dry_run {
            return Ok(if gone || ends_now(call, &new) { Outcome::Gone(new) } else { Outcome::Waits(new) });
        }
        if !gone && managed::same(&old, &new) {
            return Ok(Outcome::Waits(old));
        }
        let mut kept = new;
        convert::to_stored(call, &mut kept);
        let draft = Draft::new(kept).map_err(ApiError::internal)?;
        let write = Write {
            shelf: call.kind.shelf.clone(),
            path: current.path.clone(),
            expected: Some(current.revision),
            draft,
            remove: gone,
            under_way: call.under_way.clone(),
        };
        match call.core.store.write(write).await {
            Ok(stored) if !gone && ends_now(call, &stored.value()) => current = stored,
            Ok(stored) => {
                let value = shape::in_version(&call.kind, &stored);
                return Ok(if gone { Outcome::Gone(value) } else { Outcome::Waits(value) });
            }
            Err(WriteError::Changed(Some(newer))) => current = newer,
            Err(WriteError::Changed(None)) => return Err(ApiError::not_found(&call.kind, &name)),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether an object that is going by the hands of the one who deleted it has no time left.
fn ends_now(call: &Call, object: &Value) -> bool {
    strategy::gracious(&call.kind) && meta::finalizers(object).is_empty() && strategy::may_go(&call.kind, object)
}

fn preconditions(call: &Call, name: &str, old: &Value, options: &Options) -> Result<(), ApiError> {
    let Some(wanted) = &options.preconditions else { return Ok(()) };
    for (what, done, key, given) in [
        ("UID", "deleted and then recreated", "uid", &wanted.uid),
        ("ResourceVersion", "modified", "resourceVersion", &wanted.resource_version),
    ] {
        let actual = meta::text(old, key);
        if let Some(given) = given.as_deref().filter(|given| *given != actual) {
            let why = format!(
                "the {what} in the precondition ({given}) does not match the {what} in record ({actual}). The object might have been {done}"
            );
            return Err(ApiError::unmet(&call.kind, name, &why));
        }
    }
    Ok(())
}

/// The state after this step, and whether the object is gone with it.
fn next(call: &Call, old: &Value, options: &Options) -> (Value, bool) {
    let mut new = old.clone();
    let mut finalizers: Vec<String> = meta::finalizers(old).into_iter().map(str::to_owned).collect();
    let policy = match (options.propagation_policy.as_deref(), options.orphan_dependents) {
        (Some(policy), _) => Some(policy),
        (None, Some(true)) => Some("Orphan"),
        (None, Some(false)) => Some("Background"),
        (None, None) => strategy::default_propagation(&call.kind),
    };
    if let Some(policy) = policy {
        finalizers.retain(|name| name != FOREGROUND && name != ORPHAN);
        match policy {
            "Foreground" => finalizers.push(FOREGROUND.into()),
            "Orphan" => finalizers.push(ORPHAN.into()),
            _ => {}
        }
        meta::set_finalizers(&mut new, &finalizers);
    }
    if let Some(name) = strategy::last_finalizer(&call.kind).filter(|_| !meta::deleting(old))
        && !finalizers.iter().any(|known| known == name)
    {
        finalizers.push(name.to_owned());
        meta::set_finalizers(&mut new, &finalizers);
    }
    let grace = strategy::grace_period(&call.kind, old, options.grace_period_seconds);
    let held = !finalizers.is_empty() || strategy::held(&call.kind, old);
    let left = meta::number(old, "deletionGracePeriodSeconds");
    let first = !meta::deleting(old);
    if grace == 0 && !held && (!strategy::gracious(&call.kind) || left == Some(0)) {
        return (new, true);
    }
    if first || left.is_some_and(|left| grace < left) {
        let at = call.core.now() + jiff::SignedDuration::from_secs(grace);
        meta::set(&mut new, "deletionTimestamp", meta::time(at));
        if !strategy::ends_by_itself(&call.kind) {
            meta::set(&mut new, "deletionGracePeriodSeconds", grace);
        }
        if first
            && !strategy::ends_by_itself(&call.kind)
            && let Some(generation) = meta::number(old, "generation")
        {
            meta::set(&mut new, "generation", generation + 1);
        }
    }
    strategy::on_deleting(&call.kind, &mut new);
    (new, false)
}
