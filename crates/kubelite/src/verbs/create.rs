//! Create.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use super::{Call, finish};
use crate::{
    admission::Operation,
    convert, decode, managed,
    object::meta,
    shape,
    status::ApiError,
    store::{Draft, Write, WriteError},
    wire::{Body, Media},
};

/// Tries at a free generated name.
const NAMES: usize = 8;

/// Makes the object in the body.
pub(crate) async fn create(call: &Call, media: Media, body: &Bytes) -> Result<Response<Body>, ApiError> {
    let (mut object, duplicates) = decode::document(media, body)?;
    if object.is_null() {
        // Go's decoder takes null for an object of which nothing is said.
        object = Value::Object(serde_json::Map::new());
    }
    match (&*call.kind.group, call.sub()) {
        ("authentication.k8s.io" | "authorization.k8s.io", "") => {
            finish::identify(call, &mut object)?;
            return Ok(crate::wire::json_answer(StatusCode::CREATED, &crate::auth::review(call, object)?, call.format));
        }
        ("", "token") => {
            let accounts = call.core.accounts.get().ok_or_else(|| ApiError::unavailable("the server is starting"))?;
            return Ok(crate::wire::json_answer(StatusCode::CREATED, &accounts.request(call, &object)?, call.format));
        }
        ("", "binding" | "eviction") => return super::pods::act(call, &object).await,
        ("", "") if &*call.kind.kind == "Binding" => return super::pods::act(call, &object).await,
        _ => {}
    }
    create_value(call, object, duplicates, None)
        .await
        .map_err(|error| finish::undecodable(&call.kind.kind, &call.kind.version, error))
}

/// Makes the object that server-side apply computed.
pub(crate) async fn create_applied(call: &Call, proposal: super::Proposal) -> Result<Response<Body>, ApiError> {
    create_value(call, proposal.object, proposal.duplicates, proposal.applied).await
}

/// Makes an object; `applied` carries the managed fields of server-side apply.
async fn create_value(
    call: &Call,
    mut object: Value,
    duplicates: Vec<String>,
    applied: Option<Value>,
) -> Result<Response<Body>, ApiError> {
    finish::fit(call, &mut object)?;
    finish::identify(call, &mut object)?;
    let generated = name(call, &mut object)?;
    live_namespace(call, &object)?;
    let pinned =
        applied.is_none() && meta::text(&object, "resourceVersion").parse::<u64>().is_ok_and(|given| given > 0);
    finish::structure(call, &mut object, duplicates)?;
    crate::strategy::warnings(&call.kind, &object).into_iter().for_each(|warning| call.warn(warning));
    for attempt in 0.. {
        let mut object = object.clone();
        if let Some(prefix) = &generated {
            meta::set(&mut object, "name", format!("{}{}", prefix.chars().take(58).collect::<String>(), suffix()));
        }
        let name = meta::text(&object, "name").to_owned();
        let path = call.path(&name);
        if let Some(other) = call.core.store.shelf(&call.kind.shelf).get(&path).filter(|_| generated.is_none()) {
            let mut error = ApiError::already_exists(&call.kind, &name);
            if other.deleting {
                error.message = format!("object is being deleted: {}", error.message);
            }
            return Err(error);
        }
        managed::record(call, None, &mut object, applied.as_ref(), call.core.now());
        call.mutate(Operation::Create, &name, None, &mut object).await?;
        finish::default(call, &mut object);
        prepare(call, &mut object);
        finish::default(call, &mut object);
        let lease = crate::strategy::before_create(&call.core, &call.kind, &mut object)?;
        finish::validate(call, &object, None)?;
        call.admit(Operation::Create, &name, None, Some(&object)).await?;
        meta::tidy(&mut object);
        let mut stored = object.clone();
        convert::to_stored(call, &mut stored);
        let draft = Draft::new(stored).map_err(ApiError::internal)?;
        finish::size(draft.len())?;
        if call.params.dry_run {
            return Ok(shape::value(call, StatusCode::CREATED, &object));
        }
        if pinned {
            return Err(ApiError::unnamed("resourceVersion should not be set on objects to be created"));
        }
        let shelf = call.kind.shelf.clone();
        let under_way = call.under_way.clone();
        let write = Write { shelf, path, expected: None, draft, remove: false, under_way };
        match call.core.store.write(write).await {
            Ok(stored) => {
                lease.keep();
                return Ok(shape::one(call, StatusCode::CREATED, &stored));
            }
            Err(WriteError::Changed(_)) if generated.is_some() && attempt < NAMES => {}
            Err(WriteError::Changed(_)) => return Err(ApiError::already_exists(&call.kind, &name)),
            Err(error) => return Err(error.into()),
        }
    }
    Err(ApiError::internal("no free name was found"))
}

/// Settles the name; answers the prefix if it is to be generated.
fn name(call: &Call, object: &mut Value) -> Result<Option<String>, ApiError> {
    let given = meta::text(object, "name").to_owned();
    if let Some(name) = &call.name {
        if !given.is_empty() && given != *name {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({given}) does not match the name on the URL ({name})"
            )));
        }
        meta::set(object, "name", name.as_str());
        return Ok(None);
    }
    let prefix = meta::text(object, "generateName").to_owned();
    if !given.is_empty() {
        return Ok(None);
    }
    // A name that is absent is told with what else is wrong.
    Ok(Some(prefix).filter(|prefix| !prefix.is_empty()))
}

/// Five letters without vowels, as Kubernetes makes them.
fn suffix() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    uuid::Uuid::new_v4().as_bytes()[..5]
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect()
}

/// Objects are made only in namespaces that exist and stay.
fn live_namespace(call: &Call, object: &Value) -> Result<(), ApiError> {
    let Some(namespace) = call.namespace.as_deref().filter(|_| call.kind.namespaced) else { return Ok(()) };
    let Some(kind) = call.kinds.resource("", "v1", "namespaces") else { return Ok(()) };
    let Some(stored) = call.core.store.shelf(&kind.shelf).get(namespace) else {
        return Err(ApiError::not_found(kind, namespace));
    };
    if stored.deleting {
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        let name = meta::text(object, "name");
        let cause = finish::cause(
            "NamespaceTerminating",
            "metadata.namespace",
            format!("namespace {namespace} is being terminated"),
        );
        return Err(ApiError::forbidden(&call.kind, name, &why).with_cause(cause));
    }
    Ok(())
}

/// Fills what only the server may set.
fn prepare(call: &Call, object: &mut Value) {
    let now = call.core.now();
    if call.kind.has_status()
        && let Some(map) = object.as_object_mut()
    {
        map.remove("status");
    }
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"] {
        meta::set(object, key, Value::Null);
    }
    let uid = (call.core.uids)(&call.kind, call.namespace.as_deref().unwrap_or_default(), meta::text(object, "name"));
    meta::set(object, "uid", uid);
    meta::set(object, "creationTimestamp", meta::time(now));
    meta::set(object, "generation", if call.kind.generations { Value::from(1) } else { Value::Null });
}
