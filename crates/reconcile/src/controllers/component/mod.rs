//! A component: checked against everything that it refers to; with autoDeploy, each state becomes a release that the
//! pipeline's first environment runs.
//!
//! ```text
//! component ─▶ inputs (type, workload, traits, project, pipeline) ─▶ release ─▶ binding of the first environment
//! ```

mod inputs;
mod release;
mod teardown;
#[cfg(test)]
mod tests;

use super::blocked::Blocked;
use super::condition::{State, condition};
use super::lookup;
use crate::engine::{ClusterId, Controller, Failure, FailureReason, Plan, World};
use inputs::Inputs;
use model::{
    BindingState, Component, ComponentOwner, ComponentStatus, Condition, Kind, LatestComponentRelease, ReleaseBinding,
    ReleaseBindingSpec, finalizers, indexes, names,
};
use release::Cut;
use serde_json::json;

/// Checks components and deploys those that ask for it.
#[derive(Debug, Default)]
pub struct ComponentController;

impl Controller for ComponentController {
    const NAME: &'static str = "component";
    type Object = Component;

    fn reconcile(&self, component: &Component, world: &World) -> Plan {
        if component.is_being_deleted() {
            return teardown::plan(component, world);
        }
        let plan = Plan::new().add_finalizer(finalizers::COMPONENT);
        let inputs = match Inputs::gather(component, world) {
            Ok(inputs) => inputs,
            Err(blocked) => return blocked.wait(plan).status(not_ready(component, &blocked)),
        };
        if !component.spec.auto_deploy {
            let ready = condition(
                "Ready",
                State::True,
                "Reconciled",
                "Component validated successfully",
                component.generation(),
            );
            return plan.status(status(component, ready, latest(component)));
        }
        let environment = inputs.environment.clone();
        match release::cut(component, inputs, world) {
            Ok(cut) => deploy(plan, component, &environment, &cut, world),
            Err(blocked) => blocked.wait(plan).status(not_ready(component, &blocked)),
        }
    }
}

/// Writes the release, then points the first environment's binding at it, then says so.
fn deploy(plan: Plan, component: &Component, environment: &str, cut: &Cut, world: &World) -> Plan {
    let here = ClusterId::control_plane();
    let namespace = component.namespace();
    if !cut.exists {
        let plan = plan.create(&here, &cut.object(namespace));
        return match refusal(world) {
            Some(failure) => plan.status(not_ready(
                component,
                &failed(&format!("failed to create ComponentRelease: {}", failure.message)),
            )),
            None => plan,
        };
    }
    let latest = LatestComponentRelease { name: cut.name.clone(), release_hash: cut.hash.clone() };
    let owner = &component.spec.owner.project_name;
    let parts = [owner.as_str(), component.name(), environment];
    let bindings = match lookup::list_spec(world, indexes::BINDINGS_BY_COMPONENT_AND_ENVIRONMENT, namespace, &parts) {
        Ok(bindings) => bindings,
        Err(unseen) => return plan.status(not_ready(component, &unseen.into())),
    };
    let name = match &bindings[..] {
        [] => {
            let name = names::binding(component.name(), environment);
            let plan = match world.exists::<ReleaseBinding>(&here, (namespace, name.as_str())) {
                Ok(false) => plan.create(&here, &binding(component, &name, environment, &cut.name)),
                Ok(true) => {
                    let message = format!(
                        "ReleaseBinding {name:?} exists and belongs to another component: delete it or rename this component"
                    );
                    return plan.status(not_ready(component, &failed(&message)));
                }
                Err(unseen) => return plan.status(not_ready(component, &unseen.into())),
            };
            return match refusal(world) {
                Some(failure) => plan.status(not_ready(
                    component,
                    &failed(&format!("failed to create ReleaseBinding: {}", failure.message)),
                )),
                None => plan,
            };
        }
        [binding] => binding,
        several => {
            let names: Vec<&str> = several.iter().map(|binding| binding.name()).collect();
            let message = format!(
                "environment {:?} has several ReleaseBindings for this component ({}): keep one",
                environment,
                names.join(", ")
            );
            return plan.status(not_ready(component, &failed(&message)));
        }
    };
    if name.spec.release_name != cut.name && !name.is_being_deleted() {
        let plan = plan.apply_manifest(
            &here,
            json!({
                "apiVersion": model::API_VERSION,
                "kind": "ReleaseBinding",
                "metadata": {"name": name.name(), "namespace": namespace},
                "spec": {"releaseName": cut.name},
            }),
        );
        return match refusal(world) {
            Some(failure) => plan.status(not_ready(
                component,
                &failed(&format!("failed to update ReleaseBinding: {}", failure.message)),
            )),
            None => plan,
        };
    }
    let message = format!(
        "ComponentRelease {:?} and ReleaseBinding {:?} successfully managed for environment {:?}",
        cut.name,
        name.name(),
        environment
    );
    let ready = condition("Ready", State::True, "ComponentReleaseReady", message, component.generation());
    plan.status(status(component, ready, Some(latest)))
}

/// A failure that somebody must do something about; conflicts pass by themselves.
fn refusal<'w>(world: &'w World) -> Option<&'w Failure> {
    world.last_failure().filter(|failure| failure.reason != FailureReason::Conflict)
}

fn failed(message: &str) -> Blocked {
    Blocked::new("AutoDeployFailed", format!("Failed to handle autoDeploy: {message}"))
}

fn binding(component: &Component, name: &str, environment: &str, release: &str) -> ReleaseBinding {
    let mut binding = ReleaseBinding {
        spec: ReleaseBindingSpec {
            owner: ComponentOwner {
                project_name: component.spec.owner.project_name.clone(),
                component_name: component.name().to_owned(),
            },
            environment: environment.to_owned(),
            release_name: release.to_owned(),
            state: BindingState::Active,
            ..ReleaseBindingSpec::default()
        },
        ..ReleaseBinding::default()
    };
    binding.metadata.name = Some(name.to_owned());
    binding.metadata.namespace = Some(component.namespace().to_owned());
    binding.metadata.finalizers = Some(vec![finalizers::RELEASE_BINDING.to_owned()]);
    binding
}

fn latest(component: &Component) -> Option<LatestComponentRelease> {
    component.status.as_ref().and_then(|status| status.latest_release.clone())
}

fn not_ready(component: &Component, blocked: &Blocked) -> ComponentStatus {
    let ready = condition("Ready", State::False, blocked.reason, blocked.message.clone(), component.generation());
    status(component, ready, latest(component))
}

fn status(component: &Component, ready: Condition, latest_release: Option<LatestComponentRelease>) -> ComponentStatus {
    ComponentStatus { observed_generation: component.generation(), conditions: vec![ready], latest_release }
}
