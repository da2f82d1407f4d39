//! The rules of ownership: who owns what after a write, and what goes when an applier stops sending it.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::compare::Comparison;
use super::conflict::{ApplyError, Conflict, Conflicts};
use super::managed::{ManagedFields, ManagerFields, ManagerId};
use super::set::FieldSet;
use super::typing::Type;
use super::{Request, extent, merge, reconcile, remove};

/// Managers of one object with the request that changes it.
pub(crate) struct Ownership<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) place: Type<'a>,
}

impl Ownership<'_> {
    /// Takes changed and removed fields from everybody but `writer`; without `force`, changed fields of others are conflicts.
    fn take(
        &self,
        old: &Value,
        new: &Value,
        managed: &mut ManagedFields,
        writer: Option<&ManagerId>,
        force: bool,
    ) -> Result<Comparison, Conflicts> {
        let changes = Comparison::of(self.place, old, new).without(self.request.reset_fields);
        let changed = changes.modified.union(&changes.added);
        let mut conflicts = Vec::new();
        for (id, fields) in &managed.managers {
            if Some(id) != writer {
                let lost = fields.set.intersection(&changed);
                conflicts.extend(lost.paths().into_iter().map(|path| Conflict { manager: id.clone(), path }));
            }
        }
        if !force && !conflicts.is_empty() {
            return Err(Conflicts(conflicts));
        }
        let gone = changed.union(&changes.removed);
        for (id, fields) in &mut managed.managers {
            if Some(id) != writer {
                fields.set = fields.set.difference(&gone);
            }
        }
        managed.managers.retain(|_, fields| !fields.set.is_empty());
        Ok(changes)
    }

    fn fit_to_schema(&self, managed: &mut ManagedFields) {
        for fields in managed.managers.values_mut() {
            fields.set = reconcile::fit(self.place, &fields.set);
        }
    }

    /// Tracks a create, update or patch from `old` to `new` under the request's manager.
    pub(crate) fn update(&self, old: &Value, new: &Value, managed: &mut ManagedFields, manager: &str) {
        let mut after = managed.clone();
        self.fit_to_schema(&mut after);
        // With force there are no conflicts.
        let Ok(changes) = self.take(old, new, &mut after, None, true) else { return };
        let mut set = changes.modified.union(&changes.added);
        set = set.recursive_difference(self.request.reset_fields).difference(&SYSTEM_FIELDS);
        if !set.is_empty() {
            let id = self.request.manager_id(manager, false);
            let owned = after.managers.remove(&id).map_or(FieldSet::new(), |fields| fields.set);
            let fields = ManagerFields {
                set: set.union(&owned),
                api_version: self.request.api_version.to_owned(),
                time: Some(self.request.time()),
            };
            after.managers.insert(id, fields);
        }
        *managed = after;
    }

    /// Merges `applied` into `live`. Returns the new object, or `None` when nothing of it changed.
    pub(crate) fn apply(
        &self,
        live: &Value,
        applied: &Value,
        managed: &mut ManagedFields,
        manager: &str,
        force: bool,
    ) -> Result<Option<Value>, ApplyError> {
        let id = self.request.manager_id(manager, true);
        let mut after = managed.clone();
        self.fit_to_schema(&mut after);
        let merged = merge::merge(self.place, Some(live), Some(applied)).unwrap_or_else(|| json!({}));
        let last = after.managers.get(&id).cloned();
        let set = extent::of(self.place, applied).recursive_difference(self.request.reset_fields);
        let fields = ManagerFields {
            set,
            api_version: self.request.api_version.to_owned(),
            time: last.as_ref().and_then(|last| last.time.clone()),
        };
        after.managers.insert(id.clone(), fields);
        let new = match &last {
            Some(last) if !last.set.is_empty() => self.prune(&merged, &after, &last.set),
            _ => merged,
        };
        self.take(live, &new, &mut after, Some(&id), force).map_err(ApplyError::Conflicts)?;
        let unchanged = super::element::compare(live, &new).is_eq();
        if let Some(fields) = after.managers.get_mut(&id) {
            fields.set = fields.set.difference(&SYSTEM_FIELDS);
            if !unchanged {
                fields.time = Some(self.request.time());
            }
        }
        after.managers.retain(|_, fields| !fields.set.is_empty());
        *managed = after;
        Ok((!unchanged).then_some(new))
    }

    /// Takes out what this applier sent last time, sends no more, and nobody else owns.
    fn prune(&self, merged: &Value, managed: &ManagedFields, last: &FieldSet) -> Value {
        let place = self.place;
        let named = |set: &FieldSet| set.with_named_fields(place);
        let extent_of = |value: &Value| named(&extent::of(place, value));
        let without = |set: &FieldSet| remove::remove(place, merged, set).unwrap_or_else(|| json!({}));

        let everything = extent_of(merged);
        let last = named(last);
        let owned = managed.managers.values().fold(FieldSet::new(), |all, fields| all.union(&fields.set));
        let pruned = without(&last);
        // What others, or this applier's new object, own comes back.
        let kept = extent_of(&pruned).union(&named(&owned));
        let pruned = without(&everything.difference(&kept));
        // So does what was never this applier's.
        let gone = everything.difference(&extent_of(&pruned)).intersection(&last);
        without(&gone)
    }
}

/// Fields that the server owns and nobody manages.
static SYSTEM_FIELDS: LazyLock<FieldSet> = LazyLock::new(|| {
    FieldSet::of_fields(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
});
