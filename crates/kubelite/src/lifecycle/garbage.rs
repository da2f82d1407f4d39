//! Garbage collection: dependents go when all their owners are gone; foreground deletion waits for dependents; orphaning frees them.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    core::Core,
    object::meta::{self, FOREGROUND, ORPHAN},
    status::ApiError,
    store::{Owner, Stored, WriteError},
    verbs::{DeleteOptions, Preconditions},
};

const WHO: &str = "generic-garbage-collector";

enum Presence {
    Here(Arc<Stored>),
    Gone,
    /// Nobody serves that kind: it cannot be told.
    Unknown,
}

fn find(core: &Core, owner: &Owner, namespace: &str) -> Presence {
    let kinds = core.registry.kinds();
    let Some(kind) = kinds.kind(&owner.api_version, &owner.kind) else { return Presence::Unknown };
    let path = kind.path(Some(namespace).filter(|namespace| !namespace.is_empty()), &owner.name);
    match core.store.shelf(&kind.shelf).get(&path) {
        Some(object) if *object.uid == *owner.uid => Presence::Here(object),
        _ => Presence::Gone,
    }
}

fn exactly(object: &Stored, policy: &str) -> DeleteOptions {
    DeleteOptions {
        propagation_policy: Some(policy.to_owned()),
        preconditions: Some(Preconditions {
            uid: Some(object.uid.to_string()),
            resource_version: Some(object.revision.to_string()),
        }),
        ..DeleteOptions::default()
    }
}

/// Removes the object if no owner is left, or if its last owners wait for it.
pub(super) async fn dependent(core: &Arc<Core>, shelf: &Arc<str>, path: &Arc<str>) -> Result<(), ApiError> {
    let Some(object) = core.store.shelf(shelf).get(path) else { return Ok(()) };
    if object.owners.is_empty() {
        return Ok(());
    }
    let (mut solid, mut waiting, mut dangling) = (0, 0, 0);
    for owner in &object.owners {
        match find(core, owner, object.namespace()) {
            Presence::Here(owner) if owner.deleting && owner.finalizers.iter().any(|name| name == FOREGROUND) => {
                waiting += 1;
            }
            Presence::Here(_) => solid += 1,
            Presence::Gone => dangling += 1,
            // The kind may come back; until then nothing is removed.
            Presence::Unknown => return Ok(()),
        }
    }
    let kinds = core.registry.kinds();
    let Some(kind) = kinds.shelf(shelf) else { return Ok(()) };
    if solid > 0 {
        if dangling + waiting > 0 {
            return release(core, &object, |owner| {
                matches!(find(core, owner, object.namespace()), Presence::Here(owner) if !(owner.deleting && owner.finalizers.iter().any(|name| name == FOREGROUND)))
            })
            .await;
        }
        return Ok(());
    }
    if object.deleting && object.finalizers.iter().all(|name| name != ORPHAN) && waiting == 0 {
        return Ok(());
    }
    let policy = if waiting > 0 {
        if object.deleting {
            return Ok(());
        }
        "Foreground"
    } else if object.finalizers.iter().any(|name| name == ORPHAN) {
        "Orphan"
    } else if object.finalizers.iter().any(|name| name == FOREGROUND) {
        "Foreground"
    } else {
        "Background"
    };
    super::delete(core, kind, &object, &exactly(&object, policy), WHO).await?;
    // A conflict means that it changed meanwhile: look again.
    match core.store.shelf(shelf).get(path) {
        Some(now) if now.uid == object.uid && !now.deleting => dependent_again(core, shelf, path),
        _ => {}
    }
    Ok(())
}

fn dependent_again(core: &Core, shelf: &Arc<str>, path: &Arc<str>) {
    core.lifecycle.push(super::Work::Dependent(shelf.clone(), path.clone()));
}

/// Drops the references that are not kept.
async fn release(core: &Core, object: &Stored, keep: impl Fn(&Owner) -> bool) -> Result<(), ApiError> {
    edit(core, object, |value| {
        if let Some(owners) = value.pointer_mut("/metadata/ownerReferences").and_then(Value::as_array_mut) {
            owners.retain(|owner| serde_json::from_value::<Owner>(owner.clone()).is_ok_and(|owner| keep(&owner)));
        }
    })
    .await
}

/// Changes metadata of the newest state of an object.
async fn edit(core: &Core, object: &Stored, change: impl Fn(&mut Value)) -> Result<(), ApiError> {
    let kinds = core.registry.kinds();
    let shelf = kinds
        .kind(&object.api_version, object.value()["kind"].as_str().unwrap_or_default())
        .map(|kind| kind.shelf.clone());
    let Some(shelf) = shelf else { return Ok(()) };
    loop {
        let Some(current) = core.store.shelf(&shelf).get(&object.path).filter(|current| current.uid == object.uid)
        else {
            return Ok(());
        };
        let mut value = current.value();
        change(&mut value);
        meta::tidy(&mut value);
        if value == current.value() {
            return Ok(());
        }
        let gone = meta::deleting(&value) && meta::finalizers(&value).is_empty();
        match core.put(&shelf, &current.path, Some(current.revision), value, gone).await {
            Ok(_) => return Ok(()),
            Err(WriteError::Changed(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The owner that a removed dependent named.
pub(super) async fn owner_of(
    core: &Arc<Core>,
    owner: &(String, String, String, String),
    namespace: &str,
) -> Result<(), ApiError> {
    let reference = Owner {
        api_version: owner.0.clone(),
        kind: owner.1.clone(),
        name: owner.2.clone(),
        uid: owner.3.clone(),
        block_owner_deletion: None,
    };
    let Presence::Here(object) = find(core, &reference, namespace) else { return Ok(()) };
    if !object.deleting || !object.finalizers.iter().any(|name| name == FOREGROUND) {
        return Ok(());
    }
    let kinds = core.registry.kinds();
    let Some(kind) = kinds.kind(&reference.api_version, &reference.kind) else { return Ok(()) };
    self::owner(core, &kind.shelf, &object.path).await
}

/// One step of a foreground or orphaning deletion.
pub(super) async fn owner(core: &Arc<Core>, shelf: &Arc<str>, path: &Arc<str>) -> Result<(), ApiError> {
    let Some(object) = core.store.shelf(shelf).get(path).filter(|object| object.deleting) else { return Ok(()) };
    let dependents = core.lifecycle.dependents(&object.uid);
    if object.finalizers.iter().any(|name| name == ORPHAN) {
        for (shelf, path) in &dependents {
            if let Some(dependent) = core.store.shelf(shelf).get(path) {
                release(core, &dependent, |owner| *owner.uid != *object.uid).await?;
            }
        }
        return finish(core, &object, ORPHAN).await;
    }
    if !object.finalizers.iter().any(|name| name == FOREGROUND) {
        return Ok(());
    }
    let mut blocked = false;
    for (shelf, path) in &dependents {
        let Some(dependent) = core.store.shelf(shelf).get(path) else { continue };
        let blocks =
            dependent.owners.iter().any(|owner| *owner.uid == *object.uid && owner.block_owner_deletion == Some(true));
        blocked |= blocks;
        if !dependent.deleting {
            self::dependent(core, shelf, path).await?;
        }
    }
    if blocked
        && core.lifecycle.dependents(&object.uid).iter().any(|(shelf, path)| {
            core.store.shelf(shelf).get(path).is_some_and(|dependent| {
                dependent
                    .owners
                    .iter()
                    .any(|owner| *owner.uid == *object.uid && owner.block_owner_deletion == Some(true))
            })
        })
    {
        return Ok(());
    }
    finish(core, &object, FOREGROUND).await
}

async fn finish(core: &Core, object: &Stored, finalizer: &str) -> Result<(), ApiError> {
    edit(core, object, |value| {
        let left: Vec<String> =
            meta::finalizers(value).into_iter().filter(|name| *name != finalizer).map(str::to_owned).collect();
        meta::set_finalizers(value, &left);
    })
    .await
}
