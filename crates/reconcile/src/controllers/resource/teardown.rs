//! Takes a resource down: its bindings first, then the releases that they ran from.

use crate::controllers::condition::{State, condition, set};
use crate::controllers::departure::{self, blocked_by, remove};
use crate::controllers::lookup;
use crate::controllers::resource_release_binding::retain_policy;
use crate::engine::{Plan, Unseen, World};
use model::{Kind, Resource, ResourceStatus, RetainPolicy, finalizers, indexes};

pub(super) fn plan(resource: &Resource, world: &World) -> Plan {
    steps(resource, world).unwrap_or_else(|unseen| Plan::with_status(status(resource, unseen.to_string())))
}

fn steps(resource: &Resource, world: &World) -> Result<Plan, Unseen> {
    let (namespace, name) = (resource.namespace(), resource.name());
    let bindings = lookup::list_spec(world, indexes::RESOURCE_BINDINGS_BY_RESOURCE, namespace, &[name])?;
    if !bindings.is_empty() {
        let (mut retained, mut others) = (Vec::new(), Vec::new());
        for binding in bindings.iter().cloned() {
            let kept = retain_policy(&binding, world)? == RetainPolicy::Retain;
            if kept { retained.push(binding) } else { others.push(binding) }
        }
        let plan = remove(Plan::new(), &others);
        let plan = blocked_by(plan, &retained, "it retains what it deployed: set its spec.retainPolicy to Delete");
        let mut message = departure::message("Resource is finalizing", &plan);
        if !retained.is_empty() {
            let names: Vec<&str> = retained.iter().map(|binding| binding.name()).collect();
            message.push_str("; ");
            message.push_str(&names.join(", "));
            message.push_str(
                " retain what they deployed: set their spec.retainPolicy to Delete once it is not needed any more",
            );
        }
        return Ok(plan.status(status(resource, message)));
    }
    let releases = lookup::list_spec(world, indexes::RESOURCE_RELEASES_BY_RESOURCE, namespace, &[name])?;
    if releases.is_empty() {
        return Ok(Plan::new().remove_finalizer(finalizers::RESOURCE));
    }
    let plan = remove(Plan::new(), &releases);
    let message = departure::message("Resource is finalizing", &plan);
    Ok(plan.status(status(resource, message)))
}

fn status(resource: &Resource, message: String) -> ResourceStatus {
    let mut status = resource.status.clone().unwrap_or_default();
    set(&mut status.conditions, condition("Finalizing", State::True, "Finalizing", message, resource.generation()));
    status
}
