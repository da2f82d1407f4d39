//! Keeps the number of `Update` managers small: the oldest are put together.

use std::collections::BTreeMap;

use super::managed::{ManagedFields, ManagerId, seconds};

/// More `Update` managers than this are put together.
const MAX_UPDATE_MANAGERS: usize = 10;

const OLD_UPDATES: &str = "ancient-changes";

/// Puts the oldest `Update` managers of one version into one entry until few enough are left.
pub(crate) fn cap_update_managers(managed: &mut ManagedFields) {
    let mut updaters: Vec<(i64, ManagerId)> = managed
        .managers
        .iter()
        .filter(|(id, _)| !id.applied)
        .map(|(id, fields)| (seconds(fields.time.as_deref()), id.clone()))
        .collect();
    let mut count = updaters.len();
    if count <= MAX_UPDATE_MANAGERS {
        return;
    }
    updaters.sort();
    let mut first_of_version: BTreeMap<String, ManagerId> = BTreeMap::new();
    for (_, id) in updaters {
        if count <= MAX_UPDATE_MANAGERS {
            break;
        }
        let Some(first) = first_of_version.get(&id.api_version) else {
            first_of_version.insert(id.api_version.clone(), id);
            continue;
        };
        let bucket = ManagerId {
            manager: OLD_UPDATES.to_owned(),
            applied: false,
            api_version: id.api_version.clone(),
            subresource: String::new(),
        };
        if !managed.managers.contains_key(&bucket)
            && let Some(fields) = managed.managers.remove(first)
        {
            managed.managers.insert(bucket.clone(), fields);
        }
        if bucket == id {
            continue;
        }
        if let Some(fields) = managed.managers.remove(&id)
            && let Some(old) = managed.managers.get_mut(&bucket)
        {
            old.set = old.set.union(&fields.set);
            old.time = fields.time;
            count -= 1;
        }
    }
}
