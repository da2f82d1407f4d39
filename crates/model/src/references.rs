//! References from one object to another, by kind and name. A namespaced kind is looked up in the referrer's namespace.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::schema::{COMPONENT_TYPE, DNS_LABEL};
use crate::wire_enum::wire_enum;

wire_enum! {
    /// Which kind of data plane is meant.
    pub enum DataPlaneKind { #[default] DataPlane = "DataPlane", ClusterDataPlane = "ClusterDataPlane" }
}
wire_enum! {
    /// Which kind of workflow plane is meant.
    pub enum WorkflowPlaneKind {
        #[default] WorkflowPlane = "WorkflowPlane",
        ClusterWorkflowPlane = "ClusterWorkflowPlane",
    }
}
wire_enum! {
    /// The workflow plane kind that cluster-scoped workflows run on.
    pub enum ClusterWorkflowPlaneKind { #[default] ClusterWorkflowPlane = "ClusterWorkflowPlane" }
}
wire_enum! {
    /// Which kind of observability plane is meant.
    pub enum ObservabilityPlaneKind {
        #[default] ObservabilityPlane = "ObservabilityPlane",
        ClusterObservabilityPlane = "ClusterObservabilityPlane",
    }
}
wire_enum! {
    /// The observability plane kind that cluster-scoped planes report to.
    pub enum ClusterObservabilityPlaneKind { #[default] ClusterObservabilityPlane = "ClusterObservabilityPlane" }
}
wire_enum! {
    /// Which kind of trait is meant; the namespaced one if not said.
    pub enum TraitKind { #[default] Trait = "Trait", ClusterTrait = "ClusterTrait" }
}
wire_enum! {
    /// The trait kind that cluster-scoped component types use.
    pub enum ClusterTraitKind { #[default] ClusterTrait = "ClusterTrait" }
}
wire_enum! {
    /// Which kind of workflow is meant; the cluster-scoped one if not said.
    pub enum WorkflowKind { Workflow = "Workflow", #[default] ClusterWorkflow = "ClusterWorkflow" }
}
wire_enum! {
    /// The workflow kind that cluster-scoped component types allow.
    pub enum ClusterWorkflowKind { #[default] ClusterWorkflow = "ClusterWorkflow" }
}
wire_enum! {
    /// Which kind of component type is meant; the namespaced one if not said.
    pub enum ComponentTypeKind {
        #[default] ComponentType = "ComponentType",
        ClusterComponentType = "ClusterComponentType",
    }
}
wire_enum! {
    /// Which kind of project type is meant; the namespaced one if not said.
    pub enum ProjectTypeKind { #[default] ProjectType = "ProjectType", ClusterProjectType = "ClusterProjectType" }
}
wire_enum! {
    /// Which kind of resource type is meant; the namespaced one if not said.
    pub enum ResourceTypeKind { #[default] ResourceType = "ResourceType", ClusterResourceType = "ClusterResourceType" }
}
wire_enum! {
    /// The kind of a deployment pipeline.
    pub enum DeploymentPipelineKind { #[default] DeploymentPipeline = "DeploymentPipeline" }
}
wire_enum! {
    /// The kind of an environment.
    pub enum EnvironmentKind { #[default] Environment = "Environment" }
}

/// The data plane that an environment runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataPlaneRef {
    /// Namespaced or cluster-scoped.
    pub kind: DataPlaneKind,
    /// Name of the data plane.
    pub name: String,
}

/// The workflow plane that workflows run on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowPlaneRef {
    /// Namespaced or cluster-scoped.
    pub kind: WorkflowPlaneKind,
    /// Name of the workflow plane.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
}

/// The workflow plane that cluster-scoped workflows run on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterWorkflowPlaneRef {
    /// Always the cluster-scoped kind.
    pub kind: ClusterWorkflowPlaneKind,
    /// Name of the workflow plane.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
}

/// The observability plane that a plane reports to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObservabilityPlaneRef {
    /// Namespaced or cluster-scoped.
    pub kind: ObservabilityPlaneKind,
    /// Name of the observability plane.
    #[schemars(length(min = 1, max = 63), regex(pattern = DNS_LABEL))]
    pub name: String,
}

/// The observability plane that a cluster-scoped plane reports to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterObservabilityPlaneRef {
    /// Always the cluster-scoped kind.
    pub kind: ClusterObservabilityPlaneKind,
    /// Name of the observability plane.
    #[schemars(length(min = 1, max = 63), regex(pattern = DNS_LABEL))]
    pub name: String,
}

/// A trait by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct TraitRef {
    /// Namespaced (the default) or cluster-scoped.
    #[serde(default)]
    pub kind: TraitKind,
    /// Name of the trait.
    #[schemars(length(min = 1))]
    pub name: String,
}

/// A cluster-scoped trait by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterTraitRef {
    /// Always the cluster-scoped kind.
    pub kind: ClusterTraitKind,
    /// Name of the trait.
    #[schemars(length(min = 1))]
    pub name: String,
}

/// A workflow by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowRef {
    /// Cluster-scoped (the default) or namespaced.
    #[serde(default)]
    pub kind: WorkflowKind,
    /// Name of the workflow.
    #[schemars(length(min = 1))]
    pub name: String,
}

/// A cluster-scoped workflow by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterWorkflowRef {
    /// Always the cluster-scoped kind.
    pub kind: ClusterWorkflowKind,
    /// Name of the workflow.
    #[schemars(length(min = 1))]
    pub name: String,
}

/// The type of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentTypeRef {
    /// Namespaced (the default) or cluster-scoped.
    #[serde(default)]
    pub kind: ComponentTypeKind,
    /// Workload type and name of the component type, as `deployment/service`.
    #[schemars(regex(pattern = COMPONENT_TYPE))]
    pub name: String,
}

impl ComponentTypeRef {
    /// Workload type and name of the component type; none if the reference is not of the form `type/name`.
    pub fn split(&self) -> Option<(&str, &str)> {
        self.name
            .split_once('/')
            .filter(|(workload_type, name)| !workload_type.is_empty() && !name.is_empty() && !name.contains('/'))
    }
}

/// The type of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectTypeRef {
    /// Namespaced (the default) or cluster-scoped.
    #[serde(default)]
    pub kind: ProjectTypeKind,
    /// Name of the project type.
    #[schemars(length(min = 1), regex(pattern = DNS_LABEL))]
    pub name: String,
}

/// The type of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceTypeRef {
    /// Namespaced (the default) or cluster-scoped.
    #[serde(default)]
    pub kind: ResourceTypeKind,
    /// Name of the resource type.
    #[schemars(length(min = 1), regex(pattern = DNS_LABEL))]
    pub name: String,
}

/// The pipeline that a project's releases are promoted along. Also read from a bare string, the name: manifests of
/// older versions have it so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeploymentPipelineRef {
    /// Always `DeploymentPipeline`.
    #[serde(default)]
    pub kind: DeploymentPipelineKind,
    /// Name of the pipeline.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
}

impl<'de> Deserialize<'de> for DeploymentPipelineRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a pipeline reference is an object with `name`, or the name alone")]
        enum Form {
            Name(String),
            Reference {
                #[serde(default)]
                kind: DeploymentPipelineKind,
                name: String,
            },
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::Name(name) => Self { kind: DeploymentPipelineKind::default(), name },
            Form::Reference { kind, name } => Self { kind, name },
        })
    }
}

/// An environment of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentRef {
    /// Always `Environment`.
    #[serde(default)]
    pub kind: EnvironmentKind,
    /// Name of the environment.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
}

/// One key of a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretKeyRef {
    /// Name of the secret; which kind of object it names is said where the reference stands.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Key inside.
    #[schemars(length(min = 1))]
    pub key: String,
}

/// One key of a config map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigMapKeyRef {
    /// Name of the config map.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Key inside.
    #[schemars(length(min = 1))]
    pub key: String,
}
