//! Objects that must be gone before another may go: deleted, waited for, and told by name.

use crate::engine::{ClusterId, Kind as EngineKind, ObjectRef, Plan};
use model::Kind;
use std::sync::Arc;

/// How many objects a message names.
const NAMED: usize = 5;

/// Deletes those that are not on their way out yet, and waits for all.
pub(super) fn remove<K: EngineKind + Kind>(plan: Plan, objects: &[Arc<K>]) -> Plan {
    let here = ClusterId::control_plane();
    objects.iter().fold(plan, |plan, object| {
        let plan = plan.wait(ObjectRef::to::<K>(&here, object.object_key()), "it is still being deleted");
        if object.is_being_deleted() { plan } else { plan.delete(&here, object.as_ref()) }
    })
}

/// Waits for objects that somebody else must delete or change first.
pub(super) fn blocked_by<K: EngineKind + Kind>(plan: Plan, objects: &[Arc<K>], why: &str) -> Plan {
    let here = ClusterId::control_plane();
    objects.iter().fold(plan, |plan, object| plan.wait(ObjectRef::to::<K>(&here, object.object_key()), why))
}

/// What a condition says of an object that is kept: what the plan waits for, by kind and name.
pub(super) fn message(what: &str, plan: &Plan) -> String {
    let waits = plan.waits();
    if waits.is_empty() {
        return what.to_owned();
    }
    let named: Vec<String> =
        waits.iter().take(NAMED).map(|wait| format!("{} {}", wait.object.gvk.kind, wait.object.key.name)).collect();
    let more = waits.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{what}: waiting for {}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::testing::{deleting, named};
    use model::Component;

    #[test]
    fn what_is_waited_for_is_named_and_the_rest_counted() {
        let web: Component = named("ns", "web");
        let plan = remove(Plan::new(), &[Arc::new(web), Arc::new(deleting(named("ns", "api")))]);
        assert_eq!((plan.effects().len(), plan.waits().len()), (1, 2));
        assert_eq!(message("it goes", &plan), "it goes: waiting for Component web, Component api");
        let many: Vec<Arc<Component>> = (0..7).map(|n| Arc::new(named("ns", &format!("c{n}")))).collect();
        let plan = blocked_by(Plan::new(), &many, "it uses this");
        assert_eq!(plan.effects(), []);
        assert!(message("it goes", &plan).ends_with("Component c4 and 2 more"));
        assert_eq!(message("it goes", &Plan::new()), "it goes");
    }
}
