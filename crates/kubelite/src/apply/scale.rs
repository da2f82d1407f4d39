//! Who owns the number of replicas after a write through `scale`.
//!
//! That path knows of no other field, so it tracks ownership by a view of its own, and what comes back from there has no time.

use serde_json::Value;

use super::{
    Request,
    element::PathElement,
    managed::{ManagedFields, ManagerFields},
    set::FieldSet,
};

/// Records the write; `path` is where the object keeps the number.
///
/// Who wrote another number owns it; a number that nobody owned stays so. The same number again stays with its appliers and with
/// whoever owned nothing else; other writers lose it.
pub fn scaled(live: &Value, new: &mut Value, request: &Request<'_>, path: &[String]) {
    let mut managed = ManagedFields::of_object(live).unwrap_or_default();
    let place: Vec<PathElement> = path.iter().map(|name| PathElement::Field(name.clone())).collect();
    let at = |object: &Value| path.iter().fold(object.clone(), |value, step| value[step.as_str()].clone());
    let changed = at(live) != at(new);
    let mut number = FieldSet::new();
    number.insert(&place);
    let alone = || ManagerFields { set: number.clone(), api_version: request.api_version.to_owned(), time: None };
    let owners: Vec<_> =
        managed.managers.iter().filter(|(_, fields)| fields.set.has(&place)).map(|(id, _)| id.clone()).collect();
    let owned = !owners.is_empty();
    for id in owners.into_iter().filter(|id| changed || !id.applied) {
        let Some(fields) = managed.managers.get_mut(&id) else { continue };
        fields.set = fields.set.difference(&number);
        if fields.set.is_empty() {
            managed.managers.remove(&id);
            if !changed {
                managed.managers.insert(id, alone());
            }
        }
    }
    if changed && owned {
        managed.managers.insert(request.manager_id(request.manager, false), alone());
    }
    managed.put_into(new);
}
