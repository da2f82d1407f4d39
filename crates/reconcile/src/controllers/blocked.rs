//! Why a controller cannot go on: the reason for a condition, in words, and what would wake it.

use crate::engine::{ClusterId, Kind, ObjectKey, ObjectRef, Plan, Unseen};

/// Something is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blocked {
    /// The condition's reason.
    pub(super) reason: &'static str,
    /// The condition's message: what, where, and what to do.
    pub(super) message: String,
    /// The object that would have to appear or change.
    pub(super) waits_for: Option<Box<ObjectRef>>,
}

impl Blocked {
    pub(super) fn new(reason: &'static str, message: impl Into<String>) -> Blocked {
        Blocked { reason, message: message.into(), waits_for: None }
    }

    /// An object on the control plane is not there.
    pub(super) fn missing<K: Kind>(
        reason: &'static str,
        key: impl Into<ObjectKey>,
        message: impl Into<String>,
    ) -> Blocked {
        Blocked {
            reason,
            message: message.into(),
            waits_for: Some(Box::new(ObjectRef::to::<K>(&ClusterId::control_plane(), key))),
        }
    }

    /// Tells in the plan what it waits for.
    pub(super) fn wait(&self, plan: Plan) -> Plan {
        match &self.waits_for {
            Some(object) => plan.wait(object.as_ref().clone(), self.message.clone()),
            None => plan,
        }
    }
}

impl From<Unseen> for Blocked {
    fn from(unseen: Unseen) -> Blocked {
        Blocked::new("NotReadable", unseen.to_string())
    }
}
