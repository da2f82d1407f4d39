//! Resource releases and their bindings: a resource type with parameters, frozen, and its place in an environment.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FreeForm;
use crate::kind::kind;
use crate::references::{ConfigMapKeyRef, ResourceTypeKind, SecretKeyRef};
use crate::resource_type::{ResourceTypeSpec, RetainPolicy};
use crate::schema::{self, rules};

kind! {
    /// A resource's type and parameters at one moment. Never changes.
    ResourceRelease("resourcereleases", Namespaced) { spec: ResourceReleaseSpec, status: empty }
}

kind! {
    /// Keeps a resource in an environment: which release, with which settings.
    ResourceReleaseBinding("resourcereleasebindings", Namespaced) {
        spec: ResourceReleaseBindingSpec,
        status: ResourceReleaseBindingStatus,
    }
}

/// The resource that an object belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceOwner {
    /// The resource's project.
    #[schemars(length(min = 1))]
    pub project_name: String,
    /// The resource.
    #[schemars(length(min = 1))]
    pub resource_name: String,
}

/// The frozen resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::immutable("ResourceRelease spec"))]
pub struct ResourceReleaseSpec {
    /// The resource.
    pub owner: ResourceOwner,
    /// The resource's type, as it was.
    pub resource_type: ResourceReleaseType,
    /// Values for the type's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeForm>,
}

/// A resource type, frozen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceReleaseType {
    /// Namespaced or cluster-scoped.
    pub kind: ResourceTypeKind,
    /// Name of the type.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The type's spec.
    pub spec: ResourceTypeSpec,
}

/// Which release, with which settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceReleaseBindingSpec {
    /// The resource.
    #[schemars(transform = rules::immutable("spec.owner"))]
    pub owner: ResourceOwner,
    /// The environment.
    #[schemars(length(min = 1), transform = rules::immutable("spec.environment"))]
    pub environment: String,
    /// The resource release; nothing is deployed while it is empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_release: String,
    /// What happens to the objects when the binding is deleted; if absent, the release's type says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retain_policy: Option<RetainPolicy>,
    /// Values for the type's environment configs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type_environment_configs: Option<FreeForm>,
}

/// What was observed of a resource in an environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceReleaseBindingStatus {
    /// `Ready`, `Synced`, `ResourcesReady`, `OutputsResolved`, `Finalizing`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions_by_type")]
    pub conditions: Vec<Condition>,
    /// What components get.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub outputs: Vec<ResolvedResourceOutput>,
}

/// Something that components get: one value, or one key of a Secret or a ConfigMap on the plane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::one_source)]
pub struct ResolvedResourceOutput {
    /// Its name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The value; never empty, as an empty one is not written.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// A key of a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<SecretKeyRef>,
    /// A key of a ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_key_ref: Option<ConfigMapKeyRef>,
}
