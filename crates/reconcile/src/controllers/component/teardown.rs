//! Takes a component down: what runs first, then the releases and workloads that it ran from.

use crate::controllers::condition::{State, condition, set};
use crate::controllers::departure::{self, remove};
use crate::controllers::lookup;
use crate::engine::{Plan, Unseen, World};
use model::{Component, ComponentStatus, Kind, finalizers, indexes};

pub(super) fn plan(component: &Component, world: &World) -> Plan {
    steps(component, world).unwrap_or_else(|unseen| Plan::with_status(status(component, unseen.to_string())))
}

fn steps(component: &Component, world: &World) -> Result<Plan, Unseen> {
    let (namespace, name) = (component.namespace(), component.name());
    let project = component.spec.owner.project_name.as_str();
    let bindings: Vec<_> =
        lookup::list_spec(world, indexes::BINDINGS_BY_COMPONENT, namespace, &[name])?.into_iter().collect();
    let runs: Vec<_> =
        lookup::list_spec(world, indexes::RUNS_BY_COMPONENT, namespace, &[project, name])?.into_iter().collect();
    let releases: Vec<_> =
        lookup::list_spec(world, indexes::COMPONENT_RELEASES_BY_COMPONENT, namespace, &[name])?.into_iter().collect();
    let workloads: Vec<_> =
        lookup::list_spec(world, indexes::WORKLOADS_BY_COMPONENT, namespace, &[project, name])?.into_iter().collect();
    let mut plan = remove(remove(Plan::new(), &bindings), &runs);
    // Releases and workload stay until nothing runs from them, so that what is still running can be explained.
    if bindings.is_empty() && runs.is_empty() {
        plan = remove(remove(plan, &releases), &workloads);
        if releases.is_empty() && workloads.is_empty() {
            return Ok(plan.remove_finalizer(finalizers::COMPONENT));
        }
    }
    let message = departure::message("Component is finalizing", &plan);
    Ok(plan.status(status(component, message)))
}

fn status(component: &Component, message: String) -> ComponentStatus {
    let mut status = component.status.clone().unwrap_or_default();
    set(&mut status.conditions, condition("Finalizing", State::True, "Finalizing", message, component.generation()));
    status
}
