//! The single things that a plan asks for.

use serde_json::Value;

use crate::engine::{ClusterId, Gvk, ObjectKey, ObjectRef};

/// Position of an effect in the order of a plan: lower steps are done first, one step in parallel.
pub type Step = u16;

/// One wanted fact about a dependent object.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// The object has these fields.
    Apply {
        /// When, among the effects of the plan.
        step: Step,
        /// Where.
        cluster: ClusterId,
        /// What; a complete manifest of what we own.
        manifest: Value,
    },
    /// The object exists.
    Create {
        /// When, among the effects of the plan.
        step: Step,
        /// Where.
        cluster: ClusterId,
        /// What it is created as.
        manifest: Value,
    },
    /// The object with this UID does not exist. Deletes come after all applies and creates.
    Delete {
        /// When, among the deletes of the plan.
        step: Step,
        /// Which object.
        object: ObjectRef,
        /// Which incarnation of it.
        uid: String,
    },
}

impl Effect {
    /// The verb: `apply`, `create` or `delete`.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Apply { .. } => "apply",
            Self::Create { .. } => "create",
            Self::Delete { .. } => "delete",
        }
    }

    /// The object that it is about; `None` when its manifest does not say which.
    pub fn target(&self) -> Option<ObjectRef> {
        match self {
            Self::Apply { cluster, manifest, .. } | Self::Create { cluster, manifest, .. } => {
                Some(ObjectRef { cluster: cluster.clone(), gvk: Gvk::of(manifest)?, key: ObjectKey::of(manifest)? })
            }
            Self::Delete { object, .. } => Some(object.clone()),
        }
    }

    pub(crate) fn step(&self) -> Step {
        match self {
            Self::Apply { step, .. } | Self::Create { step, .. } | Self::Delete { step, .. } => *step,
        }
    }
}

/// Takes out of a manifest what only a server writes.
pub(crate) fn keep_intent(manifest: &mut Value) {
    let Some(map) = manifest.as_object_mut() else {
        return;
    };
    map.remove("status");
    if let Some(meta) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        for name in [
            "managedFields",
            "resourceVersion",
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
            "selfLink",
        ] {
            meta.remove(name);
        }
    }
}

/// A Kubernetes event about the object of the plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventNote {
    /// Normal or warning.
    pub kind: EventType,
    /// `CamelCase` word for programs.
    pub reason: String,
    /// Sentence for people.
    pub message: String,
}

/// The two types of Kubernetes events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventType {
    /// All is as it should be.
    Normal,
    /// Somebody may have to do something.
    Warning,
}

/// What a result waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wait {
    /// The object that must appear or change.
    pub object: ObjectRef,
    /// In words.
    pub why: String,
}
