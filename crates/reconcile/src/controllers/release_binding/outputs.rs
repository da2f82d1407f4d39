//! What a resource in the same environment gives to the workload.

use crate::controllers::blocked::Blocked;
use crate::controllers::condition::find;
use crate::controllers::lookup;
use crate::engine::World;
use compiler::dependency;
use compiler::input::ResourceDependency;
use compiler::{OutputKeyRef, ResolvedOutput, ResolvedValue};
use model::{
    Kind, ReleaseBinding, ResolvedResourceOutput, ResourceReleaseBinding, WorkloadResourceDependency, indexes,
};

/// The variables and files that the workload asks for, or why it cannot have them yet.
pub(super) fn of(
    binding: &ReleaseBinding,
    wanted: &WorkloadResourceDependency,
    world: &World,
) -> Result<Result<ResourceDependency, String>, Blocked> {
    let (project, environment) = (binding.spec.owner.project_name.as_str(), binding.spec.environment.as_str());
    let parts = [project, wanted.ref_.as_str(), environment];
    let index = indexes::RESOURCE_BINDINGS_BY_RESOURCE_AND_ENVIRONMENT;
    let providers = lookup::list(world, index, binding.namespace(), &parts)?;
    let told = |how: &str| format!("{how} for {project}/{} in environment {environment}", wanted.ref_);
    let provider = match &providers[..] {
        [] => return Ok(Err(told("ResourceReleaseBinding not found"))),
        [provider] => provider,
        _ => return Ok(Err(told("multiple ResourceReleaseBindings found"))),
    };
    if !is_ready(provider) {
        return Ok(Err(format!("ResourceReleaseBinding {:?} not ready", provider.name())));
    }
    let outputs: Vec<ResolvedOutput> = provider.status.iter().flat_map(|status| &status.outputs).map(output).collect();
    Ok(dependency::resource(wanted, &outputs).map_err(|missing| {
        let reasons: Vec<String> = missing.iter().map(ToString::to_string).collect();
        reasons.join("; ")
    }))
}

/// Fenced by generation: what was ready before the last change is not known to be ready now.
fn is_ready(provider: &ResourceReleaseBinding) -> bool {
    let ready = provider.status.as_ref().and_then(|status| find(&status.conditions, "Ready"));
    !provider.is_being_deleted()
        && ready.is_some_and(|ready| ready.status == "True" && ready.observed_generation == Some(provider.generation()))
}

fn output(told: &ResolvedResourceOutput) -> ResolvedOutput {
    let key = |name: &String, key: &String| OutputKeyRef { name: name.clone(), key: key.clone() };
    let value = match (&told.secret_key_ref, &told.config_map_key_ref) {
        (Some(of), _) => ResolvedValue::SecretKeyRef(key(&of.name, &of.key)),
        (None, Some(of)) => ResolvedValue::ConfigMapKeyRef(key(&of.name, &of.key)),
        (None, None) => ResolvedValue::Value(told.value.clone()),
    };
    ResolvedOutput { name: told.name.clone(), value }
}
