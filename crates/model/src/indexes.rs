//! How caches find objects of ours by what they refer to. A value starts with the namespace that it is meant in, its
//! parts are joined by `/`; [`value`] makes one for a lookup.

use crate::references::{DataPlaneKind, TraitKind};
use crate::{
    Component, ComponentRelease, DeploymentPipeline, Environment, Kind, ObservabilityAlertsNotificationChannel,
    Project, ProjectRelease, ProjectReleaseBinding, ReleaseBinding, RenderedRelease, Resource, ResourceRelease,
    ResourceReleaseBinding, WorkflowRun, Workload, labels,
};

/// An index over the objects of one kind.
#[derive(Debug)]
pub struct Index<K> {
    /// Its name, unique within the kind.
    pub name: &'static str,
    /// The values that an object is found under; each once, in no particular order.
    pub values: fn(&K) -> Vec<String>,
}

impl<K> Clone for Index<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Index<K> {}

impl<K> Index<K> {
    const fn new(name: &'static str, values: fn(&K) -> Vec<String>) -> Self {
        Self { name, values }
    }
}

/// The value to look up: the namespace and the parts that the index says.
pub fn value(namespace: &str, parts: &[&str]) -> String {
    let mut text = namespace.to_owned();
    for part in parts {
        text.push('/');
        text.push_str(part);
    }
    text
}

fn one(object: &impl Kind, parts: &[&str]) -> Vec<String> {
    if parts.iter().all(|part| part.is_empty()) { Vec::new() } else { vec![value(object.namespace(), parts)] }
}

fn each<'a>(object: &impl Kind, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut values: Vec<String> = names.into_iter().map(|name| value(object.namespace(), &[name])).collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Environments by kind and name of their data plane: `ns/DataPlane/name`. One that names none is under both defaults.
pub const ENVIRONMENTS_BY_DATA_PLANE: Index<Environment> = Index::new("data-plane", |environment| {
    let under = |kind: DataPlaneKind, name: &str| value(environment.namespace(), &[kind.as_str(), name]);
    match &environment.spec.data_plane_ref {
        Some(plane) => vec![under(plane.kind, &plane.name)],
        None => vec![under(DataPlaneKind::DataPlane, "default"), under(DataPlaneKind::ClusterDataPlane, "default")],
    }
});

/// Pipelines by each environment on them: `ns/environment`.
pub const PIPELINES_BY_ENVIRONMENT: Index<DeploymentPipeline> =
    Index::new("environment", |pipeline| each(pipeline, pipeline.spec.environment_names()));

/// Notification channels by environment: `ns/environment`.
pub const CHANNELS_BY_ENVIRONMENT: Index<ObservabilityAlertsNotificationChannel> =
    Index::new("environment", |channel| one(channel, &[&channel.spec.environment]));

/// Projects by pipeline: `ns/pipeline`.
pub const PROJECTS_BY_PIPELINE: Index<Project> =
    Index::new("pipeline", |project| one(project, &[&project.spec.deployment_pipeline_ref.name]));

/// Projects by type: `ns/ProjectType/name`.
pub const PROJECTS_BY_TYPE: Index<Project> =
    Index::new("type", |project| one(project, &[project.spec.type_.kind.as_str(), &project.spec.type_.name]));

/// Resources by project: `ns/project`.
pub const RESOURCES_BY_PROJECT: Index<Resource> =
    Index::new("project", |resource| one(resource, &[&resource.spec.owner.project_name]));

/// Resources by type: `ns/ResourceType/name`.
pub const RESOURCES_BY_TYPE: Index<Resource> =
    Index::new("type", |resource| one(resource, &[resource.spec.type_.kind.as_str(), &resource.spec.type_.name]));

/// Components by project: `ns/project`.
pub const COMPONENTS_BY_PROJECT: Index<Component> =
    Index::new("project", |component| one(component, &[&component.spec.owner.project_name]));

/// Components by type: `ns/ComponentType/workloadType/name`.
pub const COMPONENTS_BY_TYPE: Index<Component> = Index::new("type", |component| {
    one(component, &[component.spec.component_type.kind.as_str(), &component.spec.component_type.name])
});

/// Components by each trait that they add: `ns/Trait/name`.
pub const COMPONENTS_BY_TRAIT: Index<Component> = Index::new("trait", |component| {
    let mut used: Vec<(TraitKind, &str)> =
        component.spec.traits.iter().map(|added| (added.kind, added.name.as_str())).collect();
    used.sort_unstable();
    used.dedup();
    used.into_iter().map(|(kind, name)| value(component.namespace(), &[kind.as_str(), name])).collect()
});

/// Components by workflow: `ns/ClusterWorkflow/name`.
pub const COMPONENTS_BY_WORKFLOW: Index<Component> = Index::new("workflow", |component| {
    component
        .spec
        .workflow
        .iter()
        .map(|workflow| value(component.namespace(), &[workflow.kind.as_str(), &workflow.name]))
        .collect()
});

/// Workloads by component: `ns/project/component`.
pub const WORKLOADS_BY_COMPONENT: Index<Workload> = Index::new("component", |workload| {
    one(workload, &[&workload.spec.owner.project_name, &workload.spec.owner.component_name])
});

/// Workflow runs by the component that they build: `ns/project/component`.
pub const RUNS_BY_COMPONENT: Index<WorkflowRun> =
    Index::new("component", |run| match (run.label(labels::PROJECT), run.label(labels::COMPONENT)) {
        (Some(project), Some(component)) => one(run, &[project, component]),
        _ => Vec::new(),
    });

/// Project releases by project: `ns/project`.
pub const PROJECT_RELEASES_BY_PROJECT: Index<ProjectRelease> =
    Index::new("project", |release| one(release, &[&release.spec.owner.project_name]));

/// Project release bindings by project: `ns/project`.
pub const PROJECT_BINDINGS_BY_PROJECT: Index<ProjectReleaseBinding> =
    Index::new("project", |binding| one(binding, &[&binding.spec.owner.project_name]));

/// Project release bindings by environment: `ns/environment`.
pub const PROJECT_BINDINGS_BY_ENVIRONMENT: Index<ProjectReleaseBinding> =
    Index::new("environment", |binding| one(binding, &[&binding.spec.environment]));

/// Project release bindings by project and environment: `ns/project/environment`.
pub const PROJECT_BINDINGS_BY_PROJECT_AND_ENVIRONMENT: Index<ProjectReleaseBinding> =
    Index::new("project-environment", |binding| {
        one(binding, &[&binding.spec.owner.project_name, &binding.spec.environment])
    });

/// Resource releases by resource: `ns/resource`.
pub const RESOURCE_RELEASES_BY_RESOURCE: Index<ResourceRelease> =
    Index::new("resource", |release| one(release, &[&release.spec.owner.resource_name]));

/// Resource release bindings by resource: `ns/resource`.
pub const RESOURCE_BINDINGS_BY_RESOURCE: Index<ResourceReleaseBinding> =
    Index::new("resource", |binding| one(binding, &[&binding.spec.owner.resource_name]));

/// Resource release bindings by environment: `ns/environment`.
pub const RESOURCE_BINDINGS_BY_ENVIRONMENT: Index<ResourceReleaseBinding> =
    Index::new("environment", |binding| one(binding, &[&binding.spec.environment]));

/// Resource release bindings by resource and environment: `ns/project/resource/environment`.
pub const RESOURCE_BINDINGS_BY_RESOURCE_AND_ENVIRONMENT: Index<ResourceReleaseBinding> =
    Index::new("resource-environment", |binding| {
        let owner = &binding.spec.owner;
        one(binding, &[&owner.project_name, &owner.resource_name, &binding.spec.environment])
    });

/// Resource release bindings by release: `ns/release`.
pub const RESOURCE_BINDINGS_BY_RELEASE: Index<ResourceReleaseBinding> =
    Index::new("release", |binding| one(binding, &[&binding.spec.resource_release]));

/// Component releases by component: `ns/component`.
pub const COMPONENT_RELEASES_BY_COMPONENT: Index<ComponentRelease> =
    Index::new("component", |release| one(release, &[&release.spec.owner.component_name]));

/// Release bindings by component: `ns/component`.
pub const BINDINGS_BY_COMPONENT: Index<ReleaseBinding> =
    Index::new("component", |binding| one(binding, &[&binding.spec.owner.component_name]));

/// Release bindings by environment: `ns/environment`.
pub const BINDINGS_BY_ENVIRONMENT: Index<ReleaseBinding> =
    Index::new("environment", |binding| one(binding, &[&binding.spec.environment]));

/// Release bindings by component and environment: `ns/project/component/environment`.
pub const BINDINGS_BY_COMPONENT_AND_ENVIRONMENT: Index<ReleaseBinding> =
    Index::new("component-environment", |binding| {
        let owner = &binding.spec.owner;
        one(binding, &[&owner.project_name, &owner.component_name, &binding.spec.environment])
    });

/// Release bindings by each SecretReference that they use: `ns/name`.
pub const BINDINGS_BY_SECRET_REFERENCE: Index<ReleaseBinding> = Index::new("secret-reference", |binding| {
    each(binding, binding.status.iter().flat_map(|status| &status.secret_reference_names).map(String::as_str))
});

/// Release bindings by each target of their connections: `ns/project/component/environment`, the target's namespace.
pub const BINDINGS_BY_CONNECTION_TARGET: Index<ReleaseBinding> = Index::new("connection-target", |binding| {
    let targets = binding.status.iter().flat_map(|status| &status.connection_targets);
    let mut values: Vec<String> = targets
        .map(|target| value(&target.namespace, &[&target.project, &target.component, &target.environment]))
        .collect();
    values.sort_unstable();
    values.dedup();
    values
});

/// Release bindings by each resource that they depend on: `ns/project/resource/environment`, the resource's namespace.
pub const BINDINGS_BY_RESOURCE_TARGET: Index<ReleaseBinding> = Index::new("resource-target", |binding| {
    let targets = binding.status.iter().flat_map(|status| &status.resource_dependency_targets);
    let mut values: Vec<String> = targets
        .map(|target| value(&target.namespace, &[&target.project, &target.resource_name, &target.environment]))
        .collect();
    values.sort_unstable();
    values.dedup();
    values
});

/// Rendered releases by environment: `ns/environment`.
pub const RENDERED_RELEASES_BY_ENVIRONMENT: Index<RenderedRelease> =
    Index::new("environment", |release| one(release, &[&release.spec.environment_name]));

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn under<K: Kind>(index: Index<K>, object: serde_json::Value) -> Vec<String> {
        (index.values)(&serde_json::from_value(object).expect("object"))
    }

    #[test]
    fn an_environment_without_a_plane_is_under_both_defaults() {
        let environment = json!({"metadata": {"name": "dev", "namespace": "ns"}});
        assert_eq!(
            under(ENVIRONMENTS_BY_DATA_PLANE, environment),
            ["ns/DataPlane/default", "ns/ClusterDataPlane/default"]
        );
    }

    #[test]
    fn a_pipeline_is_under_each_of_its_environments_once() {
        let pipeline = json!({
            "metadata": {"name": "default", "namespace": "ns"},
            "spec": {"promotionPaths": [
                {"sourceEnvironmentRef": {"name": "dev"}, "targetEnvironmentRefs": [{"name": "staging"}]},
                {"sourceEnvironmentRef": {"name": "staging"}, "targetEnvironmentRefs": [{"name": "prod"}]},
            ]},
        });
        assert_eq!(under(PIPELINES_BY_ENVIRONMENT, pipeline), ["ns/dev", "ns/prod", "ns/staging"]);
    }

    #[test]
    fn a_trait_used_twice_counts_once_and_its_kind_may_go_without_saying() {
        let component = json!({
            "metadata": {"name": "web", "namespace": "ns"},
            "spec": {
                "owner": {"projectName": "shop"},
                "componentType": {"name": "deployment/service"},
                "traits": [
                    {"name": "volume", "instanceName": "a"},
                    {"name": "volume", "instanceName": "b"},
                    {"kind": "ClusterTrait", "name": "volume", "instanceName": "c"},
                ],
            },
        });
        assert_eq!(under(COMPONENTS_BY_TRAIT, component.clone()), ["ns/Trait/volume", "ns/ClusterTrait/volume"]);
        assert_eq!(under(COMPONENTS_BY_TYPE, component), ["ns/ComponentType/deployment/service"]);
    }

    #[test]
    fn a_binding_is_under_the_namespace_of_its_targets() {
        let binding = json!({
            "metadata": {"name": "web-dev", "namespace": "ns"},
            "spec": {"owner": {"projectName": "shop", "componentName": "web"}, "environment": "dev"},
            "status": {"connectionTargets": [{
                "namespace": "other", "project": "p", "component": "c", "endpoint": "http",
                "visibility": "namespace", "environment": "dev",
            }]},
        });
        assert_eq!(under(BINDINGS_BY_CONNECTION_TARGET, binding.clone()), [value("other", &["p", "c", "dev"])]);
        assert_eq!(
            under(BINDINGS_BY_COMPONENT_AND_ENVIRONMENT, binding.clone()),
            [value("ns", &["shop", "web", "dev"])]
        );
        assert_eq!(under(BINDINGS_BY_SECRET_REFERENCE, binding), Vec::<String>::new());
    }
}
