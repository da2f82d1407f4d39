//! What a controller is.

use super::{Kind, Plan, World};

/// Decides, for one object, what should be: a plain function that reads and never acts.
///
/// The engine calls it again whenever something it read through the [`World`] has changed, and only then. It must be
/// deterministic: same object, same world, same plan.
pub trait Controller: Send + Sync + 'static {
    /// Short name in logs, metrics and `why`: `release-binding`.
    const NAME: &'static str;

    /// The field manager of its server-side applies.
    const FIELD_MANAGER: &'static str = Self::NAME;

    /// The kind it is responsible for; its objects are on the control plane.
    type Object: Kind;

    /// What should be for this object, given everything that can be seen.
    fn reconcile(&self, object: &Self::Object, world: &World) -> Plan;
}
