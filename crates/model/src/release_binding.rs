//! A release binding: one component release, in one environment.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FreeObject;
use crate::kind::kind;
use crate::release_binding_status::ReleaseBindingStatus;
use crate::schema::rules;
use crate::wire_enum::wire_enum;
use crate::workload::ComponentOwner;
use crate::workload_template::{EnvVar, FileVar};
use crate::zero;

kind! {
    /// Keeps a component in an environment: which release, with which settings.
    ReleaseBinding("releasebindings", Namespaced) { spec: ReleaseBindingSpec, status: ReleaseBindingStatus }
}

wire_enum! {
    /// Whether the component is to be in the environment.
    pub enum BindingState { #[default] Active = "Active", Undeploy = "Undeploy" }
}

/// Which release, with which settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseBindingSpec {
    /// The component.
    #[schemars(transform = rules::immutable("spec.owner"))]
    pub owner: ComponentOwner,
    /// The environment.
    #[schemars(transform = rules::immutable("spec.environment"))]
    pub environment: String,
    /// The component release; an update that leaves it out keeps what was there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub release_name: String,
    /// Values for the component type's environment configs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component_type_environment_configs: Option<FreeObject>,
    /// Values for the traits' environment configs, by instance name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trait_environment_configs: BTreeMap<String, FreeObject>,
    /// Changes to the release's workload for this environment.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "zero::absent_if_empty")]
    pub workload_overrides: Option<WorkloadOverrides>,
    /// Whether the component is to be there.
    #[serde(default)]
    pub state: BindingState,
}

/// Changes to a release's workload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
pub struct WorkloadOverrides {
    /// Changes to its container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerOverride>,
}

/// Variables and files for one environment: one with a known key replaces it in place, others are appended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContainerOverride {
    /// Environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// Files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileVar>,
}
