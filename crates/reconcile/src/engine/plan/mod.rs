//! What should be, as plain data. A function returns it; the executor carries it out.

mod compare;
mod conditions;
mod effect;
mod print;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{ClusterId, Kind, ObjectRef};

pub(crate) use compare::{same_ignoring_times, strip_times};
pub(crate) use conditions::stamp;
pub use effect::{Effect, EventNote, EventType, Step, Wait};

/// What should be for one object. Two plans are equal when they differ in times only.
///
/// Carried out in this order: finalizers are added; dependents are applied and created, step by step, in parallel
/// within a step; deletes; the status with its events; finalizers are removed. What is so already costs nothing.
/// When an effect fails, what comes after it is left out, and the function runs again with
/// [`World::last_failure`](super::World::last_failure) for its status.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Plan {
    pub(crate) add_finalizers: Vec<String>,
    pub(crate) remove_finalizers: Vec<String>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) status: Option<Value>,
    pub(crate) events: Vec<EventNote>,
    pub(crate) wake_at: Option<Timestamp>,
    pub(crate) waits: Vec<Wait>,
    /// A value of the plan that could not be written as JSON; the plan is then not carried out.
    pub(crate) broken: Option<String>,
    step: Step,
}

impl Plan {
    /// Nothing to do.
    pub fn new() -> Self {
        Self::default()
    }

    /// A plan of a status only.
    pub fn with_status(status: impl Serialize) -> Self {
        Self::new().status(status)
    }

    /// The object must carry this finalizer before anything else is done for it.
    pub fn add_finalizer(mut self, finalizer: impl Into<String>) -> Self {
        self.add_finalizers.push(finalizer.into());
        self
    }

    /// Nothing of the object is left to clean up: this finalizer goes, last of all.
    pub fn remove_finalizer(mut self, finalizer: impl Into<String>) -> Self {
        self.remove_finalizers.push(finalizer.into());
        self
    }

    /// What is added from here on belongs to this step. Steps are carried out in ascending order; the first is 0.
    pub fn at_step(mut self, step: Step) -> Self {
        self.step = step;
        self
    }

    /// What is added from here on is done after what was added before.
    pub fn then(mut self) -> Self {
        self.step = self.step.saturating_add(1);
        self
    }

    /// This object, as far as its fields are set, is there: by server-side apply with the controller's field manager.
    /// Its status is not part of it.
    pub fn apply<K: Kind>(self, cluster: &ClusterId, object: &K) -> Self {
        match manifest(object) {
            Ok(manifest) => self.apply_manifest(cluster, manifest),
            Err(why) => self.broken(&why),
        }
    }

    /// As [`Plan::apply`], for a manifest of any kind.
    pub fn apply_manifest(mut self, cluster: &ClusterId, mut manifest: Value) -> Self {
        effect::keep_intent(&mut manifest);
        self.effects.push(Effect::Apply { step: self.step, cluster: cluster.clone(), manifest });
        self
    }

    /// This object exists: it is created when absent and never changed by this effect. Give it its finalizers here.
    pub fn create<K: Kind>(self, cluster: &ClusterId, object: &K) -> Self {
        match manifest(object) {
            Ok(manifest) => self.create_manifest(cluster, manifest),
            Err(why) => self.broken(&why),
        }
    }

    /// As [`Plan::create`], for a manifest of any kind.
    pub fn create_manifest(mut self, cluster: &ClusterId, mut manifest: Value) -> Self {
        effect::keep_intent(&mut manifest);
        self.effects.push(Effect::Create { step: self.step, cluster: cluster.clone(), manifest });
        self
    }

    /// This very object (by UID) goes; another of the same name stays. Its dependents go in the background.
    pub fn delete<K: Kind>(self, cluster: &ClusterId, object: &K) -> Self {
        let uid = object.meta().uid.clone().unwrap_or_default();
        self.delete_ref(ObjectRef::to::<K>(cluster, object.object_key()), uid)
    }

    /// As [`Plan::delete`], for any kind.
    pub fn delete_ref(mut self, object: ObjectRef, uid: impl Into<String>) -> Self {
        self.effects.push(Effect::Delete { step: self.step, object, uid: uid.into() });
        self
    }

    /// The whole new status, computed from what was observed. Fields that it leaves out are removed. Conditions get
    /// their transition time and, where they have none, their observed generation from the engine.
    pub fn status(mut self, status: impl Serialize) -> Self {
        match serde_json::to_value(status) {
            Ok(status) => self.status = Some(status),
            Err(why) => return self.broken(&why),
        }
        self
    }

    /// Tells of a change. Events are written together with the status, when the status has changed, and not otherwise.
    pub fn event(mut self, kind: EventType, reason: impl Into<String>, message: impl Into<String>) -> Self {
        self.events.push(EventNote { kind, reason: reason.into(), message: message.into() });
        self
    }

    /// The function runs again at this time at the latest.
    pub fn wake_at(mut self, at: Timestamp) -> Self {
        self.wake_at = Some(self.wake_at.map_or(at, |earlier| earlier.min(at)));
        self
    }

    /// Says, for `why` and the portal, which object the result waits for.
    pub fn wait(mut self, object: ObjectRef, why: impl Into<String>) -> Self {
        self.waits.push(Wait { object, why: why.into() });
        self
    }

    /// The applies, creates and deletes, in the order they were added.
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// The new status, if the plan has one.
    pub fn new_status(&self) -> Option<&Value> {
        self.status.as_ref()
    }

    /// What the result waits for.
    pub fn waits(&self) -> &[Wait] {
        &self.waits
    }

    /// The finalizers to be added.
    pub fn added_finalizers(&self) -> &[String] {
        &self.add_finalizers
    }

    /// The finalizers to be removed.
    pub fn removed_finalizers(&self) -> &[String] {
        &self.remove_finalizers
    }

    /// The events.
    pub fn events(&self) -> &[EventNote] {
        &self.events
    }

    fn broken(mut self, why: &serde_json::Error) -> Self {
        self.broken.get_or_insert_with(|| why.to_string());
        self
    }
}

fn manifest<K: Kind>(object: &K) -> serde_json::Result<Value> {
    let mut manifest = serde_json::to_value(object)?;
    if let Some(map) = manifest.as_object_mut() {
        let gvk = K::gvk();
        map.insert("apiVersion".into(), gvk.api_version.into());
        map.insert("kind".into(), gvk.kind.into());
    }
    Ok(manifest)
}
