//! Server-side apply and the tracking of field ownership.
//!
//! Pure functions: objects in, objects (with `metadata.managedFields`) out. The caller reads and stores, defaults and validates.
//!
//! ```text
//!  PATCH apply:   live + applied ── apply() ──▶ new object ── default ── admission ── validate ──▶ store
//!  other writes:  live + new ── (admission) ── update() ──▶ new object with managedFields ──▶ store
//! ```
//!
//! On purpose other than in Kubernetes: a map that loses its last entry but is itself still owned becomes `{}`, and such a list goes
//! away; there both become null, which the schema of a custom resource then refuses.

mod cap;
mod check;
mod compare;
mod conflict;
mod element;
mod extent;
mod fields_v1;
mod last_applied;
mod managed;
mod merge;
mod ownership;
mod reconcile;
mod remove;
mod scale;
mod set;
#[cfg(test)]
mod tests;
mod typing;

use schema::Schema;
use serde_json::{Value, json};

pub use conflict::{ApplyError, Conflict, Conflicts};
pub use element::{ElementError, PathElement};
pub use fields_v1::FieldsError;
pub use managed::{ManagedError, ManagedFields, ManagerFields, ManagerId};
pub use scale::scaled;
pub use set::FieldSet;

use ownership::Ownership;
use typing::Type;

/// Who owns what stood in an object before its first apply.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// The manager whose client-side apply is migrated.
const KUBECTL: &str = "kubectl";

/// The circumstances of a write.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The object's schema; [`Schema::any`] where there is none (objects merge by key, lists are atomic).
    pub schema: &'a Schema,
    /// The field manager; empty becomes `unknown`.
    pub manager: &'a str,
    /// Group and version of the request (`apps/v1`, `v1`).
    pub api_version: &'a str,
    /// The subresource written through; empty for the object itself.
    pub subresource: &'a str,
    /// Fields that this write cannot change, because the server puts back what was there: `status` for the object itself where
    /// status is a subresource; `metadata` and `spec` for the status subresource.
    pub reset_fields: &'a FieldSet,
    /// The time of the write; recorded in seconds.
    pub now: jiff::Timestamp,
}

impl Request<'_> {
    fn manager_id(&self, manager: &str, applied: bool) -> ManagerId {
        ManagerId {
            manager: if manager.is_empty() { "unknown".to_owned() } else { manager.to_owned() },
            applied,
            api_version: if applied { String::new() } else { self.api_version.to_owned() },
            subresource: self.subresource.to_owned(),
        }
    }

    fn time(&self) -> String {
        self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

/// Applies an object: merges it into the live one (or creates it), takes out what the manager applied before and sends no more, and
/// records ownership in `metadata.managedFields` of the result.
///
/// The result is neither defaulted nor validated. Where nothing of the object changes, its times stay as they are.
///
/// # Errors
/// [`ApplyError`]: conflicts (unless `force`), or an object that cannot be applied. Nothing is changed then.
pub fn apply(live: Option<&Value>, applied: &Value, request: &Request<'_>, force: bool) -> Result<Value, ApplyError> {
    if !applied.is_object() {
        return Err(ApplyError::BadRequest("the applied object must be a JSON object".to_owned()));
    }
    let version = applied.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if version != request.api_version {
        return Err(ApplyError::BadRequest(format!(
            "Incorrect version specified in apply patch. Specified patch version: {version}, expected: {}",
            request.api_version
        )));
    }
    if applied.pointer("/metadata/managedFields").is_some_and(|fields| !fields.is_null()) {
        return Err(ApplyError::BadRequest("metadata.managedFields must be nil".to_owned()));
    }
    let ownership = Ownership { request, place: Type::root(request.schema) };
    let problems = check::problems(ownership.place, applied);
    if !problems.is_empty() {
        return Err(ApplyError::Typed { object: describe(applied), problems });
    }
    let empty = json!({"apiVersion": request.api_version, "kind": applied.get("kind").cloned().unwrap_or_default()});
    let live = live.unwrap_or(&empty);
    let mut managed = ManagedFields::of_object(live)?;
    let live = without_managed_fields(live);
    if managed.managers.is_empty() {
        ownership.update(&empty, &live, &mut managed, BEFORE_FIRST_APPLY);
    }
    let outcome = match ownership.apply(&live, applied, &mut managed, request.manager, force) {
        Err(ApplyError::Conflicts(conflicts)) if request.manager == KUBECTL => {
            match last_applied::forgive(ownership.place, &live, request.api_version, &conflicts) {
                None => return Err(ApplyError::Conflicts(conflicts)),
                Some(rest) if !rest.is_empty() => return Err(ApplyError::Conflicts(Conflicts(rest))),
                Some(_) => ownership.apply(&live, applied, &mut managed, request.manager, true)?,
            }
        }
        outcome => outcome?,
    };
    let mut object = outcome.unwrap_or(live);
    if request.manager == KUBECTL {
        last_applied::refresh(&mut object, applied);
    }
    managed.put_into(&mut object);
    Ok(object)
}

/// Records who owns what after a create, update or patch: `new` is the object to be stored, its `metadata.managedFields` are written.
///
/// What the client sent in `metadata.managedFields` counts, as on a server: an empty list resets them, other entries replace those
/// of the live object (not through a subresource). A live object that nobody manages stays so.
pub fn update(live: Option<&Value>, new: &mut Value, request: &Request<'_>) {
    let empty = json!({});
    let stored = live.map(|live| ManagedFields::of_object(live).unwrap_or_default()).unwrap_or_default();
    let mut managed = sent_or_stored(new, &stored, !request.subresource.is_empty());
    let live_object = live.map_or_else(|| empty.clone(), without_managed_fields);
    *new = without_managed_fields(new);
    let exists = live_object.pointer("/metadata/uid").and_then(Value::as_str).is_some_and(|uid| !uid.is_empty());
    if managed.managers.is_empty() && exists {
        return;
    }
    let ownership = Ownership { request, place: Type::root(request.schema) };
    ownership.update(&live_object, new, &mut managed, request.manager);
    cap::cap_update_managers(&mut managed);
    if managed.same_but_times(&stored) && values_equal(&live_object, new) {
        managed = stored;
    }
    managed.put_into(new);
}

/// Equality of JSON values with numbers compared by value (`1` equals `1.0`).
pub(crate) fn values_equal(a: &Value, b: &Value) -> bool {
    element::compare(a, b).is_eq()
}

/// The managed fields to go on from.
fn sent_or_stored(new: &Value, stored: &ManagedFields, subresource: bool) -> ManagedFields {
    if subresource {
        return stored.clone();
    }
    match new.pointer("/metadata/managedFields") {
        Some(Value::Array(entries)) if entries.is_empty() => return ManagedFields::default(),
        Some(Value::Array(entries))
            if entries.len() == 1 && entries[0].as_object().is_some_and(serde_json::Map::is_empty) =>
        {
            return ManagedFields::default();
        }
        _ => {}
    }
    match ManagedFields::of_object(new) {
        Ok(sent) if !sent.managers.is_empty() => sent,
        _ => stored.clone(),
    }
}

fn without_managed_fields(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("managedFields");
    }
    object
}

/// `namespace/name; group/version, Kind=Kind`.
fn describe(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let (version, kind) = (text("/apiVersion"), text("/kind"));
    let version = if version.contains('/') { version.to_owned() } else { format!("/{version}") };
    format!("{namespace}/{name}; {version}, Kind={kind}")
}
