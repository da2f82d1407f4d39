//! Controllers of all kinds side by side.

use super::super::{ClusterId, Controller, Gvk, Kind, ObjectKey, Plan, Unseen, World};

/// A controller whose object's type is forgotten.
pub(crate) trait AnyController: Send + Sync {
    fn name(&self) -> &'static str;
    fn field_manager(&self) -> &'static str;
    fn gvk(&self) -> Gvk;
    /// The plan for this object; `None` when the object is not there.
    fn reconcile(&self, key: &ObjectKey, world: &World) -> Result<Option<Plan>, Unseen>;
}

pub(crate) struct Erased<C>(pub C);

impl<C: Controller> AnyController for Erased<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn field_manager(&self) -> &'static str {
        C::FIELD_MANAGER
    }

    fn gvk(&self) -> Gvk {
        C::Object::gvk()
    }

    fn reconcile(&self, key: &ObjectKey, world: &World) -> Result<Option<Plan>, Unseen> {
        let object = world.get::<C::Object>(&ClusterId::control_plane(), key)?;
        Ok(object.map(|object| self.0.reconcile(&object, world)))
    }
}
