//! Cluster roles that gather the rules of others by their labels.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    core::Core,
    object::label_selector::LabelSelector,
    status::ApiError,
    store::{Stored, WriteError},
};

/// Where cluster roles lie.
pub(super) const SHELF: &str = "clusterroles.rbac.authorization.k8s.io";

/// Brings all that gather up to date. A change of one queues this again, for those that gather from it.
pub(super) async fn gather(core: &Core) -> Result<(), ApiError> {
    let shelf: Arc<str> = SHELF.into();
    let (roles, _) = core.store.shelf(&shelf).list("", None, || 0);
    for role in &roles {
        let value = role.value();
        let Some(selectors) = value["aggregationRule"]["clusterRoleSelectors"].as_array() else { continue };
        let selectors: Vec<LabelSelector> = selectors.iter().map(LabelSelector::from_value).collect();
        let rules = rules(role, &roles, &selectors);
        if value["rules"].as_array().map_or(&[][..], Vec::as_slice) == rules {
            continue;
        }
        let mut new = value;
        new["rules"] = rules.into();
        match core.put(&shelf, &role.path, Some(role.revision), new, false).await {
            // Whoever changed it queued this again.
            Ok(_) | Err(WriteError::Changed(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The rules of all chosen roles in the order of their names, each once.
fn rules(of: &Stored, roles: &[Arc<Stored>], selectors: &[LabelSelector]) -> Vec<Value> {
    let mut rules: Vec<Value> = Vec::new();
    for role in roles.iter().filter(|role| role.path != of.path) {
        if !selectors.iter().any(|selector| selector.matches(&role.labels)) {
            continue;
        }
        for rule in role.value()["rules"].as_array().into_iter().flatten() {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    rules
}
