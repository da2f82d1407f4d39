//! Keeps one resource release in one environment, and tells components what they get of it.
//!
//! ```text
//! binding ─▶ inputs ─▶ bind, render ─▶ rendered release ─▶ what the plane says ─▶ readiness, outputs ─▶ status
//! ```

mod inputs;
mod observed;
mod rendered;
mod teardown;
#[cfg(test)]
mod tests;

use super::blocked::Blocked;
use super::condition::{State, condition};
use super::rendering;
use crate::engine::{ClusterId, Controller, Plan, Unseen, World};
use compiler::Compiler;
use inputs::Inputs;
use model::{
    Condition, Kind, ResolvedResourceOutput, ResourceRelease, ResourceReleaseBinding, ResourceReleaseBindingStatus,
    RetainPolicy, finalizers,
};
use std::sync::Arc;

/// Deploys resources.
#[derive(Debug)]
pub struct ResourceReleaseBindingController {
    compiler: Arc<Compiler>,
}

impl ResourceReleaseBindingController {
    /// With a compiler whose cache is shared.
    pub fn new(compiler: Arc<Compiler>) -> ResourceReleaseBindingController {
        ResourceReleaseBindingController { compiler }
    }
}

impl Controller for ResourceReleaseBindingController {
    const NAME: &'static str = "resource-release-binding";
    type Object = ResourceReleaseBinding;

    fn reconcile(&self, binding: &ResourceReleaseBinding, world: &World) -> Plan {
        if binding.is_being_deleted() {
            return teardown::plan(binding, world);
        }
        let plan = Plan::new().add_finalizer(finalizers::RESOURCE_RELEASE_BINDING);
        let rendered =
            Inputs::gather(binding, world).and_then(|inputs| rendered::render(&self.compiler, binding, &inputs));
        let (bound, wanted) = match rendered {
            Ok(rendered) => rendered,
            Err(blocked) => return blocked.wait(plan).status(not_synced(binding, &blocked)),
        };
        match rendering::keep(plan, world, binding.uid(), &wanted, "resource") {
            (plan, Err(blocked)) => plan.status(not_synced(binding, &blocked)),
            // The plane's first report comes within moments: a status without it would be one write for nothing.
            (plan, Ok(Some(live))) if live.status.is_none() && binding.status.is_none() => plan,
            (plan, Ok(Some(live))) => plan.status(observed::status(binding, &bound, &live)),
            (plan, Ok(None)) => plan,
        }
    }
}

/// What happens to the objects of a binding that is deleted: its own word, else that of its release's type.
pub(super) fn retain_policy(binding: &ResourceReleaseBinding, world: &World) -> Result<RetainPolicy, Unseen> {
    if let Some(policy) = binding.spec.retain_policy {
        return Ok(policy);
    }
    let pin = binding.spec.resource_release.as_str();
    if pin.is_empty() {
        return Ok(RetainPolicy::Delete);
    }
    let release = world.get_spec::<ResourceRelease>(&ClusterId::control_plane(), (binding.namespace(), pin))?;
    Ok(release.map_or(RetainPolicy::Delete, |release| release.spec.resource_type.spec.retain_policy))
}

/// The status while nothing is deployed for the binding's present wish. What was told of outputs stays known.
fn not_synced(binding: &ResourceReleaseBinding, blocked: &Blocked) -> ResourceReleaseBindingStatus {
    let generation = binding.generation();
    let later = |kind: &str| {
        let message = format!("{kind} cannot be evaluated until Synced=True");
        condition(kind, State::Unknown, "SyncedNotReady", message, generation)
    };
    let told = |kind: &str| condition(kind, State::False, blocked.reason, blocked.message.clone(), generation);
    let conditions = vec![told("Synced"), later("ResourcesReady"), later("OutputsResolved"), told("Ready")];
    ResourceReleaseBindingStatus { conditions, outputs: known_outputs(binding) }
}

fn known_outputs(binding: &ResourceReleaseBinding) -> Vec<ResolvedResourceOutput> {
    binding.status.as_ref().map(|status| status.outputs.clone()).unwrap_or_default()
}

/// Ready when all are; else the first that is not speaks.
fn ready(generation: i64, parts: &[&Condition]) -> Condition {
    match parts.iter().find(|part| part.status != "True") {
        Some(part) => condition("Ready", State::False, &part.reason, part.message.clone(), generation),
        None => condition("Ready", State::True, "Ready", "ResourceReleaseBinding is ready", generation),
    }
}
