//! Takes a project down: components and resources first, then its namespaces, then its releases.

use crate::controllers::condition::{State, condition, set};
use crate::controllers::departure::{self, remove};
use crate::controllers::lookup;
use crate::engine::{Plan, Unseen, World};
use model::{Kind, Project, ProjectStatus, finalizers, indexes};

pub(super) fn plan(project: &Project, world: &World) -> Plan {
    steps(project, world).unwrap_or_else(|unseen| Plan::with_status(status(project, &unseen.to_string())))
}

fn steps(project: &Project, world: &World) -> Result<Plan, Unseen> {
    let (namespace, name) = (project.namespace(), project.name());
    let components = lookup::list_spec(world, indexes::COMPONENTS_BY_PROJECT, namespace, &[name])?;
    let resources = lookup::list_spec(world, indexes::RESOURCES_BY_PROJECT, namespace, &[name])?;
    let bindings = lookup::list_spec(world, indexes::PROJECT_BINDINGS_BY_PROJECT, namespace, &[name])?;
    let releases = lookup::list_spec(world, indexes::PROJECT_RELEASES_BY_PROJECT, namespace, &[name])?;
    let mut plan = remove(remove(Plan::new(), &components), &resources);
    // A namespace takes everything in it along, so it goes only when nothing of the project runs any more: what a
    // resource retains is then the operator's decision, not an accident.
    if components.is_empty() && resources.is_empty() {
        plan = remove(plan, &bindings);
        if bindings.is_empty() {
            plan = remove(plan, &releases);
            if releases.is_empty() {
                return Ok(plan.remove_finalizer(finalizers::PROJECT));
            }
        }
    }
    let message = departure::message("Project is finalizing", &plan);
    Ok(plan.status(status(project, &message)))
}

fn status(project: &Project, message: &str) -> ProjectStatus {
    let mut status = project.status.clone().unwrap_or_default();
    set(
        &mut status.conditions,
        condition("Finalizing", State::True, "ProjectFinalizing", message, project.generation()),
    );
    status
}
