//! How objects leave.

use serde_json::{Value, json};

use crate::{kinds::Kind, object::meta};

fn is(kind: &Kind, name: &str) -> bool {
    kind.group.is_empty() && *kind.kind == *name
}

/// Seconds until the object may be removed.
pub(crate) fn grace_period(kind: &Kind, object: &Value, asked: Option<i64>) -> i64 {
    if !is(kind, "Pod") {
        return 0;
    }
    let ended = matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    let placed = object["spec"]["nodeName"].as_str().is_some_and(|node| !node.is_empty());
    if !placed || ended {
        return 0;
    }
    asked.unwrap_or_else(|| object["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(30)).max(0)
}

/// Whether an object goes by way of a state in which it is going, however little time that is.
pub(crate) fn gracious(kind: &Kind) -> bool {
    is(kind, "Pod")
}

/// Whether the deletion of an object that waits for something is told by its time alone.
pub(crate) fn ends_by_itself(kind: &Kind) -> bool {
    is(kind, "Namespace") || *kind.kind == *"CustomResourceDefinition"
}

/// What an object of a kind waits for once its deletion has begun.
pub(crate) fn last_finalizer(kind: &Kind) -> Option<&'static str> {
    (*kind.kind == *"CustomResourceDefinition").then_some(crate::crd::CLEANUP)
}

/// What becomes of the dependents of a kind's objects where nobody says it.
pub(crate) fn default_propagation(kind: &Kind) -> Option<&'static str> {
    (&*kind.group == "batch" && &*kind.kind == "Job").then_some("Orphan")
}

/// Whether something beyond `metadata.finalizers` keeps the object.
pub(crate) fn held(kind: &Kind, object: &Value) -> bool {
    is(kind, "Namespace") && object["spec"]["finalizers"].as_array().is_some_and(|finalizers| !finalizers.is_empty())
}

/// Whether an object without finalizers whose deletion has begun may be removed now.
pub(crate) fn may_go(kind: &Kind, object: &Value) -> bool {
    !held(kind, object) && meta::number(object, "deletionGracePeriodSeconds").unwrap_or(0) == 0
}

/// What deletion writes into the object.
pub(crate) fn on_deleting(kind: &Kind, object: &mut Value) {
    if is(kind, "Namespace") {
        let phase = json!("Terminating");
        if object["status"].is_object() {
            object["status"]["phase"] = phase;
        } else {
            object["status"] = json!({"phase": phase});
        }
    }
    if *kind.kind == *"CustomResourceDefinition" {
        crate::crd::terminating(object);
    }
}

/// Kinds whose deletion is answered with the object instead of a `Status`.
pub(crate) fn returns_deleted(kind: &Kind) -> bool {
    const KINDS: &[&str] = &[
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Pod",
        "PodTemplate",
        "ResourceQuota",
        "Service",
        "ServiceAccount",
    ];
    (kind.group.is_empty() && KINDS.contains(&&*kind.kind)) || &*kind.kind == "StorageClass"
}
