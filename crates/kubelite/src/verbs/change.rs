//! Update, and what update and patch share: read, compute, check, store if nobody else did meanwhile.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use super::{Call, finish, read, scale};
use crate::{
    admission::Operation,
    convert, decode,
    kinds::Origin,
    managed,
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
    super::patch::named(name, &object)?;
    if call.sub() == "scale" {
        return change(call, |old| {
            let replicas = scale::wanted(&object)?;
            scale::precondition(&call.kind, name, old, &object)?;
            Ok(Proposal { object: scale::with(&call.kind, old, replicas)?, duplicates: Vec::new(), applied: None })
        })
        .await
        .map_err(|error| finish::undecodable("Scale", "v1", error));
    }
    change(call, |old| {
        let mut object = object.clone();
        finish::identify(call, &mut object)?;
        let (given, is) = (meta::text(&object, "uid"), meta::text(old, "uid"));
        if !given.is_empty() && given != is {
            let why = format!("Precondition failed: UID in precondition: {given}, UID in object meta: {is}");
            return Err(ApiError::conflict(&call.kind, name, &why));
        }
        if object["metadata"]["managedFields"].is_null() {
            meta::copy(old, &mut object, "managedFields");
        }
        Ok(Proposal { object, duplicates: duplicates.clone(), applied: None })
    })
    .await
    .map_err(|error| finish::undecodable(&call.kind.kind, &call.kind.version, error))
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
        pinned(call, name, &old, &proposal.object)?;
        if let Some(response) = settle(call, &stored, &old, proposal).await? {
            return Ok(response);
        }
    }
    Err(ApiError::modified(call.kind.as_ref(), name))
}

/// Kubernetes' own kinds whose updates must say which state they change.
const NEVER_BLIND: &[(&str, &str)] = &[
    ("coordination.k8s.io", "Lease"),
    ("policy", "PodDisruptionBudget"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
];

/// Refuses a change of another state than the current one; none, or 0, stands for whichever is current.
fn pinned(call: &Call, name: &str, old: &Value, new: &Value) -> Result<(), ApiError> {
    let given = meta::text(new, "resourceVersion");
    let revision = match given {
        "" => 0,
        given => given
            .parse::<u64>()
            .map_err(|_| ApiError::unnamed(format!("strconv.ParseUint: parsing {given:?}: invalid syntax")))?,
    };
    if revision != 0 {
        let same = given == meta::text(old, "resourceVersion");
        return if same { Ok(()) } else { Err(ApiError::modified(&call.kind, name)) };
    }
    let kind = &call.kind;
    let blind = kind.origin == Origin::Builtin && !NEVER_BLIND.contains(&(&*kind.group, &*kind.kind));
    if blind {
        return Ok(());
    }
    let message = "Invalid value: 0: must be specified for an update";
    let cause = finish::cause("FieldValueInvalid", "metadata.resourceVersion", message);
    Err(ApiError::invalid_kind(&kind.group, &kind.plural, name, vec![cause]))
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
    finish::structure(call, &mut new, duplicates)?;
    managed::record(call, Some(old), &mut new, applied.as_ref(), call.core.now());
    call.mutate(Operation::Update, name, Some(old), &mut new).await?;
    finish::default(call, &mut new);
    isolate(call, old, &mut new);
    let lease = crate::strategy::before_update(&call.core, &call.kind, old, &mut new, call.sub())?;
    generation(call, old, &mut new);
    meta::tidy(&mut new);
    crate::strategy::warnings(&call.kind, &new).into_iter().for_each(|warning| call.warn(warning));
    finish::validate(call, &new, Some(old))?;
    call.admit(Operation::Update, name, Some(old), Some(&new)).await?;
    if managed::same(old, &new) {
        return answer(call, stored).map(Some);
    }
    let remove = meta::deleting(&new) && meta::finalizers(&new).is_empty() && crate::strategy::may_go(&call.kind, &new);
    let rehearsed = call.params.dry_run.then(|| new.clone());
    convert::to_stored(call, &mut new);
    // What goes with its last finalizer goes as it was; the client is shown what it asked for.
    let shown = remove.then(|| new.clone());
    let draft = Draft::new(if remove { stored.value() } else { new }).map_err(ApiError::internal)?;
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
        under_way: call.under_way.clone(),
    };
    match call.core.store.write(write).await {
        Ok(stored) => {
            lease.keep();
            match shown {
                Some(new) => Ok(Some(shape::value(call, StatusCode::OK, &new))),
                None => answer(call, &stored).map(Some),
            }
        }
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
fn isolate(call: &Call, old: &Value, new: &mut Value) {
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
    for key in ["name", "namespace", "generation"] {
        meta::copy(old, new, key);
    }
    // What a client leaves out stays; what it says otherwise is refused where metadata is checked.
    for key in ["uid", "creationTimestamp", "deletionGracePeriodSeconds"] {
        if new["metadata"].get(key).is_none_or(|value| value.is_null() || value == "") {
            meta::copy(old, new, key);
        }
    }
    meta::set(new, "resourceVersion", meta::text(old, "resourceVersion"));
    if meta::deleting(old) {
        meta::copy(old, new, "deletionTimestamp");
    }
}

/// Counts changes of what is wanted: not of metadata, and not of `status` where it has a path of its own.
fn generation(call: &Call, old: &Value, new: &mut Value) {
    if !call.kind.generations || call.sub() == "status" {
        return;
    }
    // What of metadata is carried on: a Deployment's annotations to its ReplicaSets, the labels of a slice to proxies.
    let carried = match &*call.kind.kind {
        _ if call.kind.origin == Origin::Custom => None,
        "PriorityClass" => return,
        "Deployment" => Some("annotations"),
        "EndpointSlice" => Some("labels"),
        _ => None,
    };
    let annotated = carried.is_some_and(|field| old["metadata"][field] != new["metadata"][field]);
    let skipped = |key: &str| key == "metadata" || (key == "status" && call.kind.has_status());
    let wanted = |object: &Value| -> usize {
        object.as_object().map_or(0, |object| object.keys().filter(|key| !skipped(key)).count())
    };
    let is_so = |(key, value): (&String, &Value)| skipped(key) || old.get(key) == Some(value);
    if annotated || wanted(old) != wanted(new) || !new.as_object().into_iter().flatten().all(is_so) {
        let next = meta::number(old, "generation").unwrap_or(0) + 1;
        meta::set(new, "generation", next);
    }
}
