//! Everything that a component refers to, or the first thing that is missing or not allowed.

use crate::controllers::blocked::Blocked;
use crate::controllers::lookup;
use crate::engine::{ClusterId, ObjectRef, World};
use model::{
    ClusterComponentType, ClusterTrait, ClusterWorkflow, Component, ComponentType, ComponentTypeKind,
    ComponentTypeSpec, DeploymentPipeline, Kind, Project, Trait, TraitKind, TraitSpec, Workflow, WorkflowKind,
    Workload, WorkloadTemplateSpec, indexes, release_snapshot,
};
use std::collections::BTreeMap;

/// What a component is made of.
pub(super) struct Inputs {
    pub(super) component_type: ComponentTypeSpec,
    pub(super) workload: WorkloadTemplateSpec,
    pub(super) traits: BTreeMap<(TraitKind, String), TraitSpec>,
    /// The first environment of the project's pipeline.
    pub(super) environment: String,
}

impl Inputs {
    pub(super) fn gather(component: &Component, world: &World) -> Result<Inputs, Blocked> {
        let component_type = component_type(component, world)?;
        workflow(component, &component_type, world)?;
        let workload = workload(component, world)?;
        check_traits(component, &component_type)?;
        let traits = traits(component, &component_type, world)?;
        let environment = first_environment(component, world)?;
        Ok(Inputs { component_type, workload, traits, environment })
    }
}

fn component_type(component: &Component, world: &World) -> Result<ComponentTypeSpec, Blocked> {
    let here = ClusterId::control_plane();
    let reference = &component.spec.component_type;
    let Some((workload_type, name)) = reference.split() else {
        let message = format!(
            "spec.componentType.name: {:?} is not of the form workloadType/name, such as deployment/service",
            reference.name
        );
        return Err(Blocked::new("InvalidConfiguration", message));
    };
    let missing = format!("{} {name:?} not found", reference.kind);
    let spec: ComponentTypeSpec = match reference.kind {
        ComponentTypeKind::ComponentType => {
            let key = (component.namespace(), name);
            let found = world.get_spec::<ComponentType>(&here, key)?;
            found.ok_or_else(|| Blocked::missing::<ComponentType>("ComponentTypeNotFound", key, missing))?.spec.clone()
        }
        ComponentTypeKind::ClusterComponentType => {
            let found = world.get_spec::<ClusterComponentType>(&here, name)?;
            found
                .ok_or_else(|| Blocked::missing::<ClusterComponentType>("ComponentTypeNotFound", name, missing))?
                .spec
                .clone()
                .into()
        }
    };
    if spec.workload_type.as_str() != workload_type {
        let message = format!(
            "WorkloadType mismatch: component specifies {workload_type} but {} has {}",
            reference.kind, spec.workload_type
        );
        return Err(Blocked::new("InvalidConfiguration", message));
    }
    Ok(spec)
}

fn workflow(component: &Component, component_type: &ComponentTypeSpec, world: &World) -> Result<(), Blocked> {
    let Some(wanted) = &component.spec.workflow else { return Ok(()) };
    let type_name = component.spec.component_type.split().map_or("", |(_, name)| name);
    let allowed = &component_type.allowed_workflows;
    if allowed.is_empty() {
        let message = format!(
            "No workflows are allowed by ComponentType {type_name:?}, but component specifies workflow {:?}",
            wanted.name
        );
        return Err(Blocked::new("WorkflowNotAllowed", message));
    }
    if !allowed.iter().any(|one| one.kind == wanted.kind && one.name == wanted.name) {
        let names: Vec<String> = allowed.iter().map(|one| format!("{{{} {}}}", one.kind, one.name)).collect();
        let message = format!(
            "Workflow {:?} (kind {}) is not allowed by ComponentType {type_name:?}; allowed workflows: [{}]",
            wanted.name,
            wanted.kind,
            names.join(" ")
        );
        return Err(Blocked::new("WorkflowNotAllowed", message));
    }
    let here = ClusterId::control_plane();
    let message = format!("{} {:?} not found", wanted.kind, wanted.name);
    let exists = match wanted.kind {
        WorkflowKind::Workflow => world.exists::<Workflow>(&here, (component.namespace(), wanted.name.as_str()))?,
        WorkflowKind::ClusterWorkflow => world.exists::<ClusterWorkflow>(&here, wanted.name.as_str())?,
    };
    if exists {
        return Ok(());
    }
    Err(match wanted.kind {
        WorkflowKind::Workflow => {
            Blocked::missing::<Workflow>("WorkflowNotFound", (component.namespace(), wanted.name.as_str()), message)
        }
        WorkflowKind::ClusterWorkflow => {
            Blocked::missing::<ClusterWorkflow>("WorkflowNotFound", wanted.name.as_str(), message)
        }
    })
}

fn workload(component: &Component, world: &World) -> Result<WorkloadTemplateSpec, Blocked> {
    let parts = [component.spec.owner.project_name.as_str(), component.name()];
    let found = lookup::list_spec(world, indexes::WORKLOADS_BY_COMPONENT, component.namespace(), &parts)?;
    match &found[..] {
        [workload] => Ok(workload.spec.template()),
        [] => {
            let message =
                format!("Workload for component {:?} not found, waiting for workload to be created", component.name());
            let object =
                ObjectRef::to::<Workload>(&ClusterId::control_plane(), (component.namespace(), component.name()));
            Err(Blocked { waits_for: Some(Box::new(object)), ..Blocked::new("WorkloadNotFound", message) })
        }
        several => {
            let names: Vec<&str> = several.iter().map(|workload| workload.name()).collect();
            let message = format!(
                "component {:?} has {} workloads ({}): keep one",
                component.name(),
                names.len(),
                names.join(", ")
            );
            Err(Blocked::new("InvalidConfiguration", message))
        }
    }
}

/// Traits must be allowed by the type, and each use must have a name of its own.
fn check_traits(component: &Component, component_type: &ComponentTypeSpec) -> Result<(), Blocked> {
    for used in &component.spec.traits {
        if !component_type.allowed_traits.iter().any(|allowed| allowed.kind == used.kind && allowed.name == used.name) {
            let names: Vec<String> =
                component_type.allowed_traits.iter().map(|one| format!("{}/{}", one.kind, one.name)).collect();
            let allowed = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let message = format!(
                "{} {:?} is not allowed by the component's type; allowed traits: {allowed}",
                used.kind, used.name
            );
            return Err(Blocked::new("InvalidConfiguration", message));
        }
    }
    let embedded = component_type.traits.iter().map(|used| used.instance_name.as_str());
    let own = component.spec.traits.iter().map(|used| used.instance_name.as_str());
    let mut names: Vec<&str> = embedded.chain(own).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            let message =
                format!("trait instance name {:?} is used twice, by the component or by its type: rename one", pair[0]);
            Err(Blocked::new("InvalidConfiguration", message))
        }
        None => Ok(()),
    }
}

fn traits(
    component: &Component,
    component_type: &ComponentTypeSpec,
    world: &World,
) -> Result<BTreeMap<(TraitKind, String), TraitSpec>, Blocked> {
    let here = ClusterId::control_plane();
    let mut found = BTreeMap::new();
    for (kind, name) in release_snapshot::used_traits(&component.spec, component_type) {
        let missing = format!("{kind} {name:?} not found");
        let spec: TraitSpec = match kind {
            TraitKind::Trait => {
                let key = (component.namespace(), name.as_str());
                let known = world.get_spec::<Trait>(&here, key)?;
                known.ok_or_else(|| Blocked::missing::<Trait>("TraitNotFound", key, missing))?.spec.clone()
            }
            TraitKind::ClusterTrait => {
                let known = world.get_spec::<ClusterTrait>(&here, name.as_str())?;
                known
                    .ok_or_else(|| Blocked::missing::<ClusterTrait>("TraitNotFound", name.as_str(), missing))?
                    .spec
                    .clone()
            }
        };
        found.insert((kind, name), spec);
    }
    Ok(found)
}

fn first_environment(component: &Component, world: &World) -> Result<String, Blocked> {
    let here = ClusterId::control_plane();
    let namespace = component.namespace();
    let project_name = component.spec.owner.project_name.as_str();
    let project = world.get_spec::<Project>(&here, (namespace, project_name))?;
    let project = project.ok_or_else(|| {
        Blocked::missing::<Project>(
            "ProjectNotFound",
            (namespace, project_name),
            format!("Project {project_name:?} not found"),
        )
    })?;
    let name = project.spec.deployment_pipeline_ref.name.as_str();
    if name.is_empty() {
        let message =
            format!("project {project_name:?} names no deployment pipeline: set its spec.deploymentPipelineRef.name");
        return Err(Blocked::new("InvalidConfiguration", message));
    }
    let pipeline = world.get_spec::<DeploymentPipeline>(&here, (namespace, name))?;
    let pipeline = pipeline.ok_or_else(|| {
        let message = format!("DeploymentPipeline {name:?} not found");
        Blocked::missing::<DeploymentPipeline>("DeploymentPipelineNotFound", (namespace, name), message)
    })?;
    match pipeline.spec.root_environment() {
        Some(environment) => Ok(environment.to_owned()),
        None if pipeline.spec.promotion_paths.is_empty() => {
            let message = format!(
                "Invalid deployment pipeline configuration: deployment pipeline {name} has no promotion paths defined"
            );
            Err(Blocked::new("InvalidConfiguration", message))
        }
        None => {
            let message = format!(
                "Invalid deployment pipeline configuration: deployment pipeline {name} has no root environment (all sources are also targets)"
            );
            Err(Blocked::new("InvalidConfiguration", message))
        }
    }
}
