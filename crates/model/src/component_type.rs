//! Component types: the golden paths that platform engineers offer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FreeForm;
use crate::kind::kind;
use crate::references::{
    ClusterTraitKind, ClusterTraitRef, ClusterWorkflowRef, TraitKind, TraitRef, WorkflowKind, WorkflowRef,
};
use crate::schema::rules;
use crate::template::{PostRenderValidation, ResourceTemplate, SchemaSection, ValidationRule};
use crate::wire_enum::wire_enum;

kind! {
    /// A component type for the components of its namespace.
    ComponentType("componenttypes", Namespaced) { spec: ComponentTypeSpec, status: empty }
}

kind! {
    /// A component type for the components of all namespaces.
    ClusterComponentType("clustercomponenttypes", Cluster) { spec: ClusterComponentTypeSpec, status: empty }
}

wire_enum! {
    /// What kind of workload a component of the type becomes; `proxy` has none of its own.
    pub enum WorkloadType {
        #[default] Deployment = "deployment",
        StatefulSet = "statefulset",
        CronJob = "cronjob",
        Job = "job",
        Proxy = "proxy",
    }
}

/// What a platform engineer says about components of a type; also frozen into component releases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::has_primary_resource, transform = rules::one_list_of_pre_render_rules)]
pub struct ComponentTypeSpec {
    /// The kind of workload.
    #[schemars(transform = rules::immutable("spec.workloadType"))]
    pub workload_type: WorkloadType,
    /// The workflows that components of the type may be built with; empty means none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_workflows: Vec<WorkflowRef>,
    /// Shape and defaults of a component's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<SchemaSection>,
    /// Shape and defaults of what a release binding may set per environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_configs: Option<SchemaSection>,
    /// Traits that every component of the type has, applied before the component's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traits: Vec<ComponentTypeTrait>,
    /// Traits that a component may add; empty means none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_traits: Vec<TraitRef>,
    /// Deprecated name of `preRenderValidations`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validations: Vec<ValidationRule>,
    /// Rules that must hold before anything is rendered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pre_render_validations: Vec<ValidationRule>,
    /// Rules about the rendered manifests, checked after all traits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_render_validations: Vec<PostRenderValidation>,
    /// The manifests; the one whose id is the workload type is the primary.
    #[schemars(length(min = 1))]
    pub resources: Vec<ResourceTemplate>,
}

impl ComponentTypeSpec {
    /// The rules before rendering, under whichever name they were given.
    pub fn rules_before_rendering(&self) -> &[ValidationRule] {
        if self.pre_render_validations.is_empty() { &self.validations } else { &self.pre_render_validations }
    }
}

/// A trait that a component type embeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentTypeTrait {
    /// Namespaced (the default) or cluster-scoped.
    #[serde(default)]
    pub kind: TraitKind,
    /// Name of the trait.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Name of this use of the trait, unique among all traits of a component.
    #[schemars(length(min = 1))]
    pub instance_name: String,
    /// The trait's parameters: literals, or expressions over the component type's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeForm>,
    /// The trait's environment configs: literals, or expressions over the component type's environment configs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_configs: Option<FreeForm>,
}

/// As [`ComponentTypeSpec`], with references to cluster-scoped kinds only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::has_primary_resource, transform = rules::one_list_of_pre_render_rules)]
pub struct ClusterComponentTypeSpec {
    /// The kind of workload.
    #[schemars(transform = rules::immutable("spec.workloadType"))]
    pub workload_type: WorkloadType,
    /// The workflows that components of the type may be built with; empty means none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_workflows: Vec<ClusterWorkflowRef>,
    /// Shape and defaults of a component's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<SchemaSection>,
    /// Shape and defaults of what a release binding may set per environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_configs: Option<SchemaSection>,
    /// Traits that every component of the type has, applied before the component's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traits: Vec<ClusterComponentTypeTrait>,
    /// Traits that a component may add; empty means none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_traits: Vec<ClusterTraitRef>,
    /// Deprecated name of `preRenderValidations`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validations: Vec<ValidationRule>,
    /// Rules that must hold before anything is rendered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pre_render_validations: Vec<ValidationRule>,
    /// Rules about the rendered manifests, checked after all traits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_render_validations: Vec<PostRenderValidation>,
    /// The manifests; the one whose id is the workload type is the primary.
    #[schemars(length(min = 1))]
    pub resources: Vec<ResourceTemplate>,
}

/// A trait that a cluster-scoped component type embeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterComponentTypeTrait {
    /// Always the cluster-scoped kind.
    #[serde(default)]
    pub kind: ClusterTraitKind,
    /// Name of the trait.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Name of this use of the trait, unique among all traits of a component.
    #[schemars(length(min = 1))]
    pub instance_name: String,
    /// The trait's parameters: literals, or expressions over the component type's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeForm>,
    /// The trait's environment configs: literals, or expressions over the component type's environment configs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_configs: Option<FreeForm>,
}

/// Releases store only this shape, whichever kind the type had; references keep their cluster kinds.
impl From<ClusterComponentTypeSpec> for ComponentTypeSpec {
    fn from(cluster: ClusterComponentTypeSpec) -> Self {
        Self {
            workload_type: cluster.workload_type,
            allowed_workflows: cluster
                .allowed_workflows
                .into_iter()
                .map(|workflow| WorkflowRef { kind: WorkflowKind::ClusterWorkflow, name: workflow.name })
                .collect(),
            parameters: cluster.parameters,
            environment_configs: cluster.environment_configs,
            traits: cluster
                .traits
                .into_iter()
                .map(|embedded| ComponentTypeTrait {
                    kind: TraitKind::ClusterTrait,
                    name: embedded.name,
                    instance_name: embedded.instance_name,
                    parameters: embedded.parameters,
                    environment_configs: embedded.environment_configs,
                })
                .collect(),
            allowed_traits: cluster
                .allowed_traits
                .into_iter()
                .map(|allowed| TraitRef { kind: TraitKind::ClusterTrait, name: allowed.name })
                .collect(),
            validations: cluster.validations,
            pre_render_validations: cluster.pre_render_validations,
            post_render_validations: cluster.post_render_validations,
            resources: cluster.resources,
        }
    }
}
