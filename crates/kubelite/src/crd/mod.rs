//! CustomResourceDefinitions: checked when they are written, then established: names accepted, rows served.

mod check;
mod names;
mod paths;
mod rows;
mod versions;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

pub(crate) use self::check::problems;
use crate::{
    core::Core,
    kinds::{Kind, Kinds, Registry},
    managed,
    object::meta,
    status::ApiError,
    store::{Stored, WriteError},
    verbs::DeleteOptions,
};

/// Where definitions lie.
pub(crate) const SHELF: &str = "customresourcedefinitions.apiextensions.k8s.io";
/// Holds a definition until its objects are gone.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// What is served of each definition.
#[derive(Default)]
pub(crate) struct Establisher {
    served: Mutex<AllServed>,
}

struct Served {
    uid: Box<str>,
    generation: Option<i64>,
    terminating: bool,
    schemas: [u8; 32],
    /// The revision at which the schemas became what they are.
    since: u64,
    rows: Vec<Arc<Kind>>,
}

type AllServed = BTreeMap<Arc<str>, Served>;

impl Establisher {
    fn served(&self) -> MutexGuard<'_, AllServed> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves what the definition says, or stops serving it; answers whether anything changed. Afterwards the registry has it, whoever
    /// has put it there.
    fn serve(&self, registry: &Registry, name: &Arc<str>, definition: Option<(&Stored, &Value)>, now: u64) -> bool {
        let mut served = self.served();
        let changed = note(&mut served, name, definition, now);
        if changed {
            registry.set_custom(rows_of(&served));
        }
        changed
    }
}

/// Notes what is to be served; answers whether that is another than before.
fn note(served: &mut AllServed, name: &Arc<str>, definition: Option<(&Stored, &Value)>, now: u64) -> bool {
    let Some((stored, value)) = definition else { return served.remove(name).is_some() };
    let known = served.get(name);
    let generation = meta::number(value, "generation");
    if known.is_some_and(|known| {
        known.uid == stored.uid && known.terminating == stored.deleting && known.generation == generation
    }) {
        return false;
    }
    let schemas = schemas(value);
    let changed = known.is_none_or(|known| known.uid != stored.uid || known.schemas != schemas);
    let since = if changed { now } else { known.map_or(now, |known| known.since) };
    let rows = rows::of(value, stored.deleting, since);
    let (uid, terminating) = (stored.uid.clone(), stored.deleting);
    served.insert(name.clone(), Served { uid, generation, terminating, schemas, since, rows });
    true
}

fn rows_of(served: &AllServed) -> Vec<Arc<Kind>> {
    served.values().flat_map(|served| served.rows.iter().cloned()).collect()
}

/// Tells one state of all schemas of a definition from another.
fn schemas(definition: &Value) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let mut digest = Sha256::new();
    for version in definition["spec"]["versions"].as_array().into_iter().flatten() {
        digest.update(version["name"].as_str().unwrap_or_default());
        digest.update(version["schema"].to_string());
    }
    digest.finalize().into()
}

/// Serves all definitions that were established before; only at start.
pub(crate) fn recall(core: &Core) {
    let (definitions, _) = core.store.shelf(SHELF).list("", None, || 0);
    let mut served = core.establisher.served();
    for stored in definitions {
        let value = stored.value();
        if condition(&value, "Established") == Some("True") {
            note(&mut served, &stored.path, Some((&stored, &value)), stored.revision);
        }
    }
    if !served.is_empty() {
        core.registry.set_custom(rows_of(&served));
    }
}

fn condition<'a>(definition: &'a Value, kind: &str) -> Option<&'a str> {
    definition["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)?["status"]
        .as_str()
}

/// One step in the life of a definition.
pub(crate) async fn step(core: &Arc<Core>, name: &Arc<str>) -> Result<(), ApiError> {
    let shelf: Arc<str> = SHELF.into();
    let Some(stored) = core.store.shelf(&shelf).get(name) else {
        core.lifecycle.drained(name);
        if core.establisher.serve(&core.registry, name, None, 0) {
            waiting(core);
        }
        return Ok(());
    };
    let value = stored.value();
    if stored.deleting {
        return end(core, &shelf, &stored, value).await;
    }
    let new = established(core, name, &value);
    if new == value {
        shown(core, &stored);
        return Ok(());
    }
    match core.put(&shelf, name, Some(stored.revision), new, false).await {
        // A change queues the next step by itself.
        Ok(_) | Err(WriteError::Changed(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A definition is visible in this state: what it defines is served from the same moment, before any watch tells of it. Were it
/// served earlier, a client that finds it served could read the definition in a state that is about to change.
pub(crate) fn shown(core: &Core, stored: &Stored) {
    let value = stored.value();
    if stored.deleting || condition(&value, "Established") != Some("True") {
        return;
    }
    let now = core.store.revision().max(stored.revision);
    core.establisher.serve(&core.registry, &stored.path, Some((stored, &value)), now);
}

/// All kinds, for a request that has found none there. A definition can be read a moment before it is shown, and who has read that it
/// is established may ask at once for what it defines.
pub(crate) fn kinds_with(core: &Core, plural: &str, group: &str) -> Arc<Kinds> {
    let definitions = core.store.shelf(SHELF);
    if let Some(stored) = definitions.get(&format!("{plural}.{group}")) {
        shown(core, &stored);
        // It may have gone meanwhile, and nobody else would notice.
        if definitions.get(&stored.path).is_none() {
            core.establisher.serve(&core.registry, &stored.path, None, 0);
        }
    }
    core.registry.kinds()
}

/// Names may have become free: look again at definitions that wait for one.
fn waiting(core: &Core) {
    let (definitions, _) = core.store.shelf(SHELF).list("", None, || 0);
    for stored in definitions {
        if condition(&stored.value(), "NamesAccepted") != Some("True") {
            core.lifecycle.push(crate::lifecycle::Work::Definition(stored.path.clone()));
        }
    }
}

/// The definition with its status brought up to date.
fn established(core: &Core, name: &str, definition: &Value) -> Value {
    let mut new = definition.clone();
    let group = format!(".{}", definition["spec"]["group"].as_str().unwrap_or_default());
    let (definitions, _) = core.store.shelf(SHELF).list("", None, || 0);
    let others: Vec<Value> = definitions
        .iter()
        .filter(|other| other.name() != name && other.name().ends_with(&group))
        .filter_map(|other| names::used(&other.bytes))
        .collect();
    let (accepted, problem) = names::accept(definition, &others, &core.registry.kinds());
    let now = meta::time(core.now());
    if !new["status"].is_object() {
        new["status"] = json!({});
    }
    new["status"]["acceptedNames"] = accepted;
    let ok = problem.is_none();
    let (reason, message) = problem.unwrap_or_else(|| ("NoConflicts".into(), "no conflicts found".into()));
    set_condition(&mut new, "NamesAccepted", ok, &reason, &message, &now);
    let was = condition(definition, "Established") == Some("True");
    if ok {
        set_condition(
            &mut new,
            "Established",
            true,
            "InitialNamesAccepted",
            "the initial names have been accepted",
            &now,
        );
    } else if !was {
        set_condition(&mut new, "Established", false, "NotAccepted", "not all names are accepted", &now);
    }
    if ok || was {
        let storage =
            definition["spec"]["versions"].as_array().into_iter().flatten().find(|version| version["storage"] == true);
        let version = storage.map(|version| version["name"].clone()).unwrap_or_default();
        let mut versions = new["status"]["storedVersions"].as_array().cloned().unwrap_or_default();
        if !version.is_null() && !versions.contains(&version) {
            versions.push(version);
        }
        new["status"]["storedVersions"] = versions.into();
    }
    if let Some(kind) = core.registry.kinds().shelf(SHELF) {
        managed::by_server(kind, definition, &mut new, core.now());
    }
    new
}

fn set_condition(definition: &mut Value, kind: &str, on: bool, reason: &str, message: &str, now: &str) {
    let state = if on { "True" } else { "False" };
    let conditions = &mut definition["status"]["conditions"];
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(conditions) = conditions.as_array_mut() else { return };
    if let Some(known) = conditions.iter_mut().find(|condition| condition["type"] == kind) {
        if known["status"] != state {
            known["lastTransitionTime"] = now.into();
            known["status"] = state.into();
            known["reason"] = reason.into();
            known["message"] = message.into();
        }
        return;
    }
    conditions
        .push(json!({"type": kind, "status": state, "reason": reason, "message": message, "lastTransitionTime": now}));
}

/// Deletion of a definition has begun.
pub(crate) fn terminating(definition: &mut Value) {
    let now = meta::text(definition, "deletionTimestamp").to_owned();
    if definition["status"].is_object() {
        set_condition(
            definition,
            "Terminating",
            true,
            "InstanceDeletionPending",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
            &now,
        );
    }
}

/// Removes all objects of the definition, then lets it go.
async fn end(core: &Arc<Core>, shelf: &Arc<str>, stored: &Stored, value: Value) -> Result<(), ApiError> {
    core.lifecycle.drain(&stored.path);
    core.establisher.serve(&core.registry, &stored.path, Some((stored, &value)), core.store.revision());
    let kinds = core.registry.kinds();
    if let Some(kind) = kinds.shelf(&stored.path) {
        let (objects, _) = core.store.shelf(&stored.path).list("", None, || 0);
        for object in objects.iter().filter(|object| !object.deleting) {
            crate::lifecycle::delete(core, kind, object, &DeleteOptions::default(), "customresource-finalizer").await?;
        }
    }
    if core.store.shelf(&stored.path).count("") > 0 {
        return Ok(());
    }
    let mut new = value;
    let left: Vec<String> =
        meta::finalizers(&new).into_iter().filter(|name| *name != CLEANUP).map(str::to_owned).collect();
    if left.len() == meta::finalizers(&new).len() {
        return Ok(());
    }
    meta::set_finalizers(&mut new, &left);
    match core.put(shelf, &stored.path, Some(stored.revision), new, left.is_empty()).await {
        Ok(_) => Ok(()),
        Err(WriteError::Changed(_)) => {
            core.lifecycle.push(crate::lifecycle::Work::Definition(stored.path.clone()));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Kubernetes' order of versions: stable before beta before alpha, higher before lower, others last by name.
pub(crate) fn version_order(a: &str, b: &str) -> std::cmp::Ordering {
    fn parts(version: &str) -> Option<(u8, u32, u32)> {
        let rest = version.strip_prefix('v')?;
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let major = rest[..digits].parse().ok()?;
        let tail = &rest[digits..];
        if tail.is_empty() {
            return Some((2, major, 0));
        }
        for (stage, word) in [(1, "beta"), (0, "alpha")] {
            if let Some(minor) = tail.strip_prefix(word) {
                return Some((stage, major, minor.parse().ok()?));
            }
        }
        None
    }
    match (parts(a), parts(b)) {
        (Some(a), Some(b)) => b.cmp(&a),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn versions_are_ordered_by_stability_then_number() {
        let mut versions = ["foo1", "v1beta1", "v2", "v10", "v1", "v1alpha2", "v1beta2", "bar"];
        versions.sort_by(|a, b| super::version_order(a, b));
        assert_eq!(versions, ["v10", "v2", "v1", "v1beta2", "v1beta1", "v1alpha2", "bar", "foo1"]);
    }
}
