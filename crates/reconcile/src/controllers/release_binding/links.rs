//! What the component needs from others: secrets, addresses of other components, outputs of resources.

use super::Inputs;
use super::outputs;
use crate::controllers::blocked::Blocked;
use crate::controllers::lookup;
use crate::engine::{ClusterId, ObjectRef, Plan, World};
use compiler::dependency;
use compiler::input::{EndpointDependency, ResourceDependency, SecretSource};
use model::{
    BindingState, ConnectionTarget, ConnectionVisibility, EndpointUrl, EndpointVisibility, EnvVarValueFrom, Kind,
    PendingConnection, PendingResourceDependency, ReleaseBinding, ResolvedConnection, ResourceDependencyTarget,
    ResourceReleaseBinding, SecretReference, WorkloadConnection, WorkloadResourceDependency, indexes, names,
};
use std::collections::{BTreeMap, BTreeSet};

/// What was found of it.
#[derive(Default)]
pub(super) struct Links {
    pub(super) secrets: BTreeMap<String, Vec<SecretSource>>,
    pub(super) dependencies: Vec<EndpointDependency>,
    pub(super) targets: Vec<ConnectionTarget>,
    pub(super) resolved: Vec<ResolvedConnection>,
    pub(super) pending: Vec<PendingConnection>,
    /// What was found of the resources, in the workload's order.
    pub(super) resources: Vec<ResourceDependency>,
    pub(super) resource_targets: Vec<ResourceDependencyTarget>,
    pub(super) pending_resources: Vec<PendingResourceDependency>,
}

impl Links {
    pub(super) fn resolve(binding: &ReleaseBinding, inputs: &Inputs, world: &World) -> Result<Links, Blocked> {
        let mut links = Links { secrets: secrets(binding, inputs, world)?, ..Links::default() };
        let Some(dependencies) = &inputs.release.spec.workload.dependencies else { return Ok(links) };
        for connection in &dependencies.endpoints {
            links.connect(binding, connection, world)?;
        }
        for resource in &dependencies.resources {
            links.depend(binding, resource, world)?;
        }
        Ok(links)
    }

    /// Whether everything that is needed is there.
    pub(super) fn complete(&self) -> bool {
        self.pending.is_empty() && self.pending_resources.is_empty()
    }

    /// Tells in the plan what is waited for, by the names that bindings usually have.
    pub(super) fn wait(&self, plan: Plan, environment: &str) -> Plan {
        let here = ClusterId::control_plane();
        let plan = self.pending.iter().fold(plan, |plan, pending| {
            let name = names::binding(&pending.component, environment);
            let object = ObjectRef::to::<ReleaseBinding>(&here, (pending.namespace.as_str(), name.as_str()));
            plan.wait(object, pending.reason.clone())
        });
        self.pending_resources.iter().fold(plan, |plan, pending| {
            let name = names::binding(&pending.resource_name, environment);
            let object = ObjectRef::to::<ResourceReleaseBinding>(&here, (pending.namespace.as_str(), name.as_str()));
            plan.wait(object, pending.reason.clone())
        })
    }

    fn depend(
        &mut self,
        binding: &ReleaseBinding,
        wanted: &WorkloadResourceDependency,
        world: &World,
    ) -> Result<(), Blocked> {
        let project = &binding.spec.owner.project_name;
        self.resource_targets.push(ResourceDependencyTarget {
            namespace: binding.namespace().into(),
            project: project.clone(),
            resource_name: wanted.ref_.clone(),
            environment: binding.spec.environment.clone(),
        });
        match outputs::of(binding, wanted, world)? {
            Ok(given) => self.resources.push(given),
            Err(reason) => self.pending_resources.push(PendingResourceDependency {
                namespace: binding.namespace().into(),
                project: project.clone(),
                resource_name: wanted.ref_.clone(),
                reason,
            }),
        }
        Ok(())
    }

    fn connect(
        &mut self,
        binding: &ReleaseBinding,
        connection: &WorkloadConnection,
        world: &World,
    ) -> Result<(), Blocked> {
        let own = &binding.spec.owner.project_name;
        let project = if connection.project.is_empty() { own } else { &connection.project };
        let visibility = match connection.visibility {
            ConnectionVisibility::Project => EndpointVisibility::Project,
            ConnectionVisibility::Namespace => EndpointVisibility::Namespace,
        };
        self.targets.push(ConnectionTarget {
            namespace: binding.namespace().into(),
            project: project.clone(),
            component: connection.component.clone(),
            endpoint: connection.name.clone(),
            visibility,
            environment: binding.spec.environment.clone(),
        });
        let mut resolved = EndpointDependency {
            namespace: binding.namespace().into(),
            project: project.clone(),
            component: connection.component.clone(),
            endpoint: connection.name.clone(),
            visibility: connection.visibility.to_string(),
            env_vars: Vec::new(),
        };
        match address(binding, project, connection, world)? {
            Ok(url) => {
                resolved.env_vars = dependency::variables(connection, &url);
                self.resolved.push(ResolvedConnection {
                    namespace: binding.namespace().into(),
                    project: project.clone(),
                    component: connection.component.clone(),
                    endpoint: connection.name.clone(),
                    visibility,
                    url,
                });
            }
            Err(reason) => self.pending.push(PendingConnection {
                namespace: binding.namespace().into(),
                project: project.clone(),
                component: connection.component.clone(),
                endpoint: connection.name.clone(),
                reason,
            }),
        }
        self.dependencies.push(resolved);
        Ok(())
    }
}

/// The address of another component's endpoint in the same environment, or why there is none.
fn address(
    binding: &ReleaseBinding,
    project: &str,
    wanted: &WorkloadConnection,
    world: &World,
) -> Result<Result<EndpointUrl, String>, Blocked> {
    let parts = [project, wanted.component.as_str(), binding.spec.environment.as_str()];
    let providers = lookup::list(world, indexes::BINDINGS_BY_COMPONENT_AND_ENVIRONMENT, binding.namespace(), &parts)?;
    let provider = match &providers[..] {
        [] => return Ok(Err(format!("ReleaseBinding not found for component {project}/{}", wanted.component))),
        [provider] => provider,
        _ => return Ok(Err(format!("multiple ReleaseBindings found for component {project}/{}", wanted.component))),
    };
    if provider.spec.state == BindingState::Undeploy {
        return Ok(Err("component is undeployed".into()));
    }
    let endpoints = provider.status.iter().flat_map(|status| &status.endpoints);
    let Some(endpoint) = endpoints.into_iter().find(|endpoint| endpoint.name == wanted.name) else {
        return Ok(Err(format!("endpoint {:?} not yet resolved", wanted.name)));
    };
    Ok(endpoint
        .service_url
        .clone()
        .ok_or_else(|| format!("endpoint {:?} has no URL for visibility {}", wanted.name, wanted.visibility)))
}

/// The secret references that the workload uses, with the environment's overrides, by key of variable or file.
fn used(binding: &ReleaseBinding, inputs: &Inputs) -> Vec<(String, String)> {
    let container = &inputs.release.spec.workload.container;
    let overrides = binding.spec.workload_overrides.as_ref().and_then(|overrides| overrides.container.as_ref());
    let mut env: BTreeMap<&str, Option<&EnvVarValueFrom>> = BTreeMap::new();
    let mut files: BTreeMap<&str, Option<&EnvVarValueFrom>> = BTreeMap::new();
    for one in container.env.iter().chain(overrides.iter().flat_map(|overrides| &overrides.env)) {
        env.insert(&one.key, one.value_from.as_ref());
    }
    for one in container.files.iter().chain(overrides.iter().flat_map(|overrides| &overrides.files)) {
        files.insert(&one.key, one.value_from.as_ref());
    }
    let used: BTreeSet<(String, String)> = env
        .into_values()
        .chain(files.into_values())
        .flatten()
        .filter_map(|from| from.secret_key_ref.as_ref())
        .map(|reference| (reference.name.clone(), reference.key.clone()))
        .collect();
    used.into_iter().collect()
}

/// Names of the SecretReferences that are used, each once.
pub(super) fn secret_names(binding: &ReleaseBinding, inputs: &Inputs) -> Vec<String> {
    let mut names: Vec<String> = used(binding, inputs).into_iter().map(|(name, _)| name).collect();
    names.dedup();
    names
}

fn secrets(
    binding: &ReleaseBinding,
    inputs: &Inputs,
    world: &World,
) -> Result<BTreeMap<String, Vec<SecretSource>>, Blocked> {
    let here = ClusterId::control_plane();
    let mut found: BTreeMap<String, Vec<SecretSource>> = BTreeMap::new();
    for (name, key) in used(binding, inputs) {
        if !found.contains_key(&name) {
            let at = (binding.namespace(), name.as_str());
            let reference = world.get_spec::<SecretReference>(&here, at)?.ok_or_else(|| {
                let message = format!("Failed to render resources: SecretReference {name:?} not found");
                Blocked::missing::<SecretReference>("RenderingFailed", at, message)
            })?;
            found.insert(name.clone(), reference.spec.data.iter().map(SecretSource::from).collect());
        }
        let known = found.get(&name).is_some_and(|sources| sources.iter().any(|source| source.secret_key == key));
        if !known {
            let message =
                format!("Failed to render resources: SecretReference {name:?} has no key {key:?} in spec.data");
            return Err(Blocked::missing::<SecretReference>(
                "RenderingFailed",
                (binding.namespace(), name.as_str()),
                message,
            ));
        }
    }
    Ok(found)
}
