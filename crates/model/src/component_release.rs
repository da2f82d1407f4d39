//! A component release: everything of a component at one moment, frozen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FreeForm;
use crate::component_type::ComponentTypeSpec;
use crate::kind::kind;
use crate::references::{ComponentTypeKind, TraitKind};
use crate::schema::rules;
use crate::traits::TraitSpec;
use crate::workload::ComponentOwner;
use crate::workload_template::WorkloadTemplateSpec;

kind! {
    /// Everything of a component at one moment: what bindings pin. Never changes.
    ComponentRelease("componentreleases", Namespaced) { spec: ComponentReleaseSpec, status: empty }
}

/// The frozen component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentReleaseSpec {
    /// The component.
    #[schemars(transform = rules::immutable("spec.owner"))]
    pub owner: ComponentOwner,
    /// The component's type, as it was.
    #[schemars(transform = rules::immutable("spec.componentType"))]
    pub component_type: ComponentReleaseType,
    /// Every trait used, of the type and of the component, each once, sorted by kind and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), transform = rules::immutable("spec.traits"))]
    pub traits: Vec<ComponentReleaseTrait>,
    /// The component's own parameters and traits; absent when it has neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(transform = rules::immutable("spec.componentProfile"))]
    pub component_profile: Option<ComponentProfile>,
    /// What is run.
    #[schemars(transform = rules::immutable("spec.workload"))]
    pub workload: WorkloadTemplateSpec,
}

/// A component type, frozen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentReleaseType {
    /// Namespaced or cluster-scoped.
    pub kind: ComponentTypeKind,
    /// Workload type and name, as the component says it.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The type's spec.
    pub spec: ComponentTypeSpec,
}

/// A trait, frozen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentReleaseTrait {
    /// Namespaced or cluster-scoped.
    pub kind: TraitKind,
    /// Name of the trait.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The trait's spec.
    pub spec: TraitSpec,
}

/// What the component itself said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentProfile {
    /// Values for the type's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeForm>,
    /// The component's traits, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traits: Vec<ComponentProfileTrait>,
}

/// A trait as the component uses it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentProfileTrait {
    /// Namespaced or cluster-scoped.
    pub kind: TraitKind,
    /// Name of the trait.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Name of this use.
    #[schemars(length(min = 1))]
    pub instance_name: String,
    /// Values for the trait's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeForm>,
}
