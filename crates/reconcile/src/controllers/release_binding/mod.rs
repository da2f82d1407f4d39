//! One component release in one environment: compiled for that environment, carried to the plane as a rendered release,
//! and told about.
//!
//! ```text
//! binding ─▶ inputs ─▶ links (connections, resources, secrets) ─▶ compile ─▶ rendered release ─▶ what the plane says ─▶ status
//! ```

mod addresses;
mod causes;
mod health;
mod inputs;
mod links;
mod outputs;
mod rendered;
mod status;
mod teardown;
#[cfg(test)]
mod tests;

use super::blocked::Blocked;
use super::rendering::{self, Live};
use crate::engine::{ClusterId, Controller, Plan, World};
use compiler::Compiler;
use inputs::Inputs;
use links::Links;
use model::{BindingState, Kind, ReleaseBinding, finalizers, names};
use rendered::Wanted;
use status::Told;
use std::sync::Arc;

/// Deploys components.
#[derive(Debug)]
pub struct ReleaseBindingController {
    compiler: Arc<Compiler>,
}

impl ReleaseBindingController {
    /// With a compiler whose cache is shared.
    pub fn new(compiler: Arc<Compiler>) -> ReleaseBindingController {
        ReleaseBindingController { compiler }
    }
}

impl Controller for ReleaseBindingController {
    const NAME: &'static str = "release-binding";
    type Object = ReleaseBinding;

    fn reconcile(&self, binding: &ReleaseBinding, world: &World) -> Plan {
        if binding.is_being_deleted() {
            return teardown::plan(binding, world);
        }
        let plan = Plan::new().add_finalizer(finalizers::RELEASE_BINDING);
        let told = Told::new(binding, world);
        if binding.spec.state == BindingState::Undeploy {
            return teardown::undeploy(plan, binding, world, told);
        }
        let inputs = match Inputs::gather(binding, world) {
            Ok(inputs) => inputs,
            Err(blocked) => return blocked.wait(plan).status(told.not_synced(&blocked)),
        };
        let links = match Links::resolve(binding, &inputs, world) {
            Ok(links) => links,
            Err(blocked) => return blocked.wait(plan).status(told.with_secrets(&inputs).not_synced(&blocked)),
        };
        let told = told.with_secrets(&inputs).with_links(&links);
        let wanted = match rendered::compile(&self.compiler, binding, &inputs, &links, world) {
            Ok(wanted) => wanted,
            Err(blocked) => return blocked.wait(plan).status(told.not_synced(&blocked)),
        };
        let told = told.with_endpoints(addresses::of(&inputs, &wanted));
        match deploy(plan.clone(), binding, &inputs, &links, &wanted, world, told) {
            Ok(plan) => plan,
            Err(blocked) => plan.status(Told::new(binding, world).with_links(&links).not_synced(&blocked)),
        }
    }
}

/// Writes the rendered releases that differ from what is wanted; tells what the plane says of those that do not.
fn deploy(
    plan: Plan,
    binding: &ReleaseBinding,
    inputs: &Inputs,
    links: &Links,
    wanted: &Wanted,
    world: &World,
    told: Told,
) -> Result<Plan, Blocked> {
    let here = ClusterId::control_plane();
    let live = rendering::live(world, binding.namespace(), wanted.data_plane.name(), binding.uid())?;
    if let Live::Foreign = live {
        return Err(rendering::foreign(&wanted.data_plane, "component"));
    }
    let plan = observability(plan, binding, world)?;
    // A dependency without an address would start the program without it, and restart it when the address comes: what
    // runs is left as it is until everything is there.
    if !links.complete() {
        return Ok(links.wait(plan, &binding.spec.environment).status(match &live {
            Live::Ours(release) => told.with_enforcement(release).held(Some(wanted.summary())),
            _ => told.held(None),
        }));
    }
    match &live {
        Live::Ours(release) if rendering::is_so(release, &wanted.data_plane) => {
            // The plane's first report comes within moments: a first status without it would be one write for nothing.
            if release.status.is_none() && binding.status.is_none() {
                return Ok(plan);
            }
            let health = causes::explain(health::of(release, inputs), inputs, world)?;
            Ok(plan.status(told.with_enforcement(release).deployed(wanted.summary(), health)))
        }
        _ => {
            let plan = plan.apply(&here, &wanted.data_plane);
            Ok(match world.last_failure() {
                Some(failure) => plan.status(told.not_synced(&rendering::unwritten(&wanted.data_plane, failure))),
                // Until the manifests are written, nothing is known of them.
                None => plan,
            })
        }
    }
}

/// An observability release that nothing asks for any more goes.
fn observability(plan: Plan, binding: &ReleaseBinding, world: &World) -> Result<Plan, Blocked> {
    let name =
        names::component_observability_rendered_release(&binding.spec.owner.component_name, &binding.spec.environment);
    Ok(match rendering::live(world, binding.namespace(), &name, binding.uid())? {
        Live::Ours(release) if !release.is_being_deleted() => {
            plan.delete(&ClusterId::control_plane(), release.as_ref())
        }
        _ => plan,
    })
}
