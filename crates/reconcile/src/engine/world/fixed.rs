//! A world of plain objects, for table tests without a server.

use std::cell::RefCell;

use jiff::Timestamp;
use serde_json::Value;

use super::{Reads, StoreRef, World};
use crate::engine::cache::{Intake, PlaneSight, Sight, Store};
use crate::engine::{ClusterId, Failure, Gvk, Kind};

/// Builds a [`World`] from plain objects. The control plane is reachable; every other plane must be named.
///
/// ```
/// use k8s_openapi::api::core::v1::ConfigMap;
/// use reconcile::{ClusterId, World};
///
/// let mut map = ConfigMap::default();
/// map.metadata.namespace = Some("default".into());
/// map.metadata.name = Some("settings".into());
/// let world = World::fixed().with(&map).build();
/// let control_plane = ClusterId::control_plane();
/// assert!(world.exists::<ConfigMap>(&control_plane, ("default", "settings")).unwrap());
/// assert!(!world.exists::<ConfigMap>(&control_plane, ("default", "other")).unwrap());
/// ```
pub struct FixedWorld {
    store: Store,
    intake: Intake,
    failure: Option<Failure>,
    now: Timestamp,
}

impl Default for FixedWorld {
    fn default() -> Self {
        let mut store = Store::new(usize::MAX);
        store.set_plane(&ClusterId::control_plane(), Some(&PlaneSight::Reachable), &mut Vec::new());
        // 2026-01-01T00:00:00Z.
        let now = Timestamp::from_second(1_767_225_600).unwrap_or_default();
        Self { store, intake: Intake::new(Vec::new()), failure: None, now }
    }
}

impl FixedWorld {
    /// Puts an object on the control plane.
    #[must_use]
    pub fn with<K: Kind>(self, object: &K) -> Self {
        self.with_on(&ClusterId::control_plane(), object)
    }

    /// Puts an object on a cluster.
    ///
    /// # Panics
    /// When the object has no name or cannot be written as JSON: the test is wrong.
    #[must_use]
    pub fn with_on<K: Kind>(self, cluster: &ClusterId, object: &K) -> Self {
        let value = serde_json::to_value(object).expect("the object can be written as JSON");
        self.put(cluster, &K::gvk(), &value)
    }

    /// Puts an object of any kind, given as a manifest, on a cluster.
    ///
    /// # Panics
    /// When the manifest has no `apiVersion`, `kind` or name: the test is wrong.
    #[must_use]
    pub fn with_manifest(self, cluster: &ClusterId, manifest: &Value) -> Self {
        let gvk = Gvk::of(manifest).expect("the manifest has apiVersion and kind");
        self.put(cluster, &gvk, manifest)
    }

    /// A plane that can be reached.
    #[must_use]
    pub fn plane(mut self, cluster: &ClusterId) -> Self {
        self.store.set_plane(cluster, Some(&PlaneSight::Reachable), &mut Vec::new());
        self
    }

    /// A plane that cannot be reached, and why.
    #[must_use]
    pub fn unavailable(mut self, cluster: &ClusterId, why: &str) -> Self {
        self.store.set_plane(cluster, Some(&PlaneSight::Unavailable(why.into())), &mut Vec::new());
        self
    }

    /// A kind that a cluster does not serve.
    #[must_use]
    pub fn not_served(mut self, cluster: &ClusterId, gvk: &Gvk) -> Self {
        self.store.set_sight(cluster, gvk, Sight::NotServed, &mut Vec::new());
        self
    }

    /// A kind that we may not read on a cluster.
    #[must_use]
    pub fn forbidden(mut self, cluster: &ClusterId, gvk: &Gvk, why: &str) -> Self {
        self.store.set_sight(cluster, gvk, Sight::Forbidden(why.into()), &mut Vec::new());
        self
    }

    /// Field managers whose managed fields are looked at in what is put in after this.
    #[must_use]
    pub fn managers(mut self, managers: &[&'static str]) -> Self {
        self.intake = Intake::new(managers.to_vec());
        self
    }

    /// The effect that did not work last time.
    #[must_use]
    pub fn failure(mut self, failure: Failure) -> Self {
        self.failure = Some(failure);
        self
    }

    /// The time of the run; 2026-01-01T00:00:00Z when not set.
    #[must_use]
    pub fn now(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// The world.
    pub fn build(self) -> World<'static> {
        World {
            store: StoreRef::Own(Box::new(self.store)),
            fixed: true,
            failure: self.failure,
            now: self.now,
            reads: RefCell::new(Reads::default()),
        }
    }

    fn put(mut self, cluster: &ClusterId, gvk: &Gvk, object: &Value) -> Self {
        let (key, entry) =
            self.intake.take(gvk, object.to_string().as_bytes(), |_| None).expect("the object has a name");
        let (cache, decoded) = self.store.kind_or(cluster, gvk, Sight::Clear);
        cache.put(&key, entry, decoded, &mut Vec::new());
        self
    }
}
