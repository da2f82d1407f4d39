//! A component: one deployable part of a project.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::kind;
use crate::references::{ComponentTypeRef, TraitKind, WorkflowKind};
use crate::schema::{self, rules};
use crate::{FreeForm, FreeObject, zero};

kind! {
    /// One deployable part of a project.
    Component("components", Namespaced) { spec: ComponentSpec, status: ComponentStatus }
}

/// The project that an object belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectOwner {
    /// The project.
    #[schemars(length(min = 1))]
    pub project_name: String,
}

/// What a developer says about a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentSpec {
    /// The project.
    #[schemars(transform = rules::immutable("spec.owner"))]
    pub owner: ProjectOwner,
    /// The component type.
    #[schemars(transform = rules::immutable("spec.componentType"))]
    pub component_type: ComponentTypeRef,
    /// Whether every change is released to the pipeline's first environment by itself.
    #[serde(default, skip_serializing_if = "zero::is_zero")]
    pub auto_deploy: bool,
    /// Whether a push to the source repository starts a build; absent is not the same as `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_build: Option<bool>,
    /// Values for the type's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeForm>,
    /// Traits beside those of the type, applied in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traits: Vec<ComponentTrait>,
    /// How the component is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<ComponentWorkflow>,
}

/// A trait that a component adds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentTrait {
    /// Namespaced (the default) or cluster-scoped.
    #[serde(default)]
    pub kind: TraitKind,
    /// Name of the trait.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Name of this use of the trait, unique among all traits of the component.
    #[schemars(length(min = 1))]
    pub instance_name: String,
    /// Values for the trait's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeForm>,
}

/// The workflow that builds a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentWorkflow {
    /// Cluster-scoped (the default) or namespaced.
    #[serde(default)]
    pub kind: WorkflowKind,
    /// Name of the workflow.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Values for the workflow's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeObject>,
}

/// What was observed of a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentStatus {
    /// The generation that the status speaks of.
    #[serde(default, skip_serializing_if = "zero::is_zero")]
    pub observed_generation: i64,
    /// `Ready`, `Finalizing`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The release that was cut last by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_release: Option<LatestComponentRelease>,
}

/// The newest release of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatestComponentRelease {
    /// Name of the release.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Hash of its content.
    #[schemars(length(min = 1))]
    pub release_hash: String,
}
