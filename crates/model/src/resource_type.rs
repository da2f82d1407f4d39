//! Resource types: databases, queues, buckets and what else components depend on, as platform engineers offer them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FreeObject;
use crate::kind::kind;
use crate::references::{ConfigMapKeyRef, SecretKeyRef};
use crate::schema::{CEL, rules};
use crate::template::SchemaSection;
use crate::wire_enum::wire_enum;

kind! {
    /// A resource type for the resources of its namespace.
    ResourceType("resourcetypes", Namespaced) { spec: ResourceTypeSpec, status: empty }
}

kind! {
    /// A resource type for the resources of all namespaces.
    ClusterResourceType("clusterresourcetypes", Cluster) { spec: ResourceTypeSpec, status: empty }
}

wire_enum! {
    /// What happens to a resource's objects when its binding is deleted.
    pub enum RetainPolicy { #[default] Delete = "Delete", Retain = "Retain" }
}

/// What a platform engineer says about resources of a type; also frozen into resource releases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceTypeSpec {
    /// Shape and defaults of a resource's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<SchemaSection>,
    /// Shape and defaults of what a resource release binding may set per environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_configs: Option<SchemaSection>,
    /// What happens to the objects of a binding that is deleted, if the binding does not say.
    #[serde(default)]
    pub retain_policy: RetainPolicy,
    /// What components get of a resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub outputs: Vec<ResourceTypeOutput>,
    /// The manifests.
    #[schemars(
        length(min = 1),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["id"])
    )]
    pub resources: Vec<ResourceTypeManifest>,
}

/// Something that components get of a resource: one value, or one key of a Secret or a ConfigMap on the plane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::one_source)]
pub struct ResourceTypeOutput {
    /// Its name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// A text with expressions. Passes through the control plane: nothing secret.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// A key of a Secret; only the reference passes through the control plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<SecretKeyRef>,
    /// A key of a ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_key_ref: Option<ConfigMapKeyRef>,
}

/// A manifest with expressions in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceTypeManifest {
    /// Name of the entry inside its type; outputs see the object's status as `applied.<id>.status`.
    #[schemars(length(min = 1))]
    pub id: String,
    /// Condition of the entry.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub include_when: String,
    /// The manifest.
    pub template: FreeObject,
    /// When the object counts as ready; if absent, its kind's health says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub ready_when: String,
}
