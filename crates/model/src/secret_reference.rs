//! A secret reference: which values of an outside store become a secret, without the values.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::kind;
use crate::wire_enum::wire_enum;
use crate::{GoDuration, schema};

kind! {
    /// Names values of an outside secret store. Holds no value itself.
    SecretReference("secretreferences", Namespaced) { spec: SecretReferenceSpec, status: SecretReferenceStatus }
}

wire_enum! {
    /// The kinds of plane whose store can hold a secret.
    pub enum SecretPlaneKind {
        #[default] WorkflowPlane = "WorkflowPlane",
        ClusterWorkflowPlane = "ClusterWorkflowPlane",
        DataPlane = "DataPlane",
        ClusterDataPlane = "ClusterDataPlane",
    }
}
wire_enum! {
    /// The types of Secret that can be made.
    pub enum SecretType {
        #[default] Opaque = "Opaque",
        DockerConfigJson = "kubernetes.io/dockerconfigjson",
        DockerCfg = "kubernetes.io/dockercfg",
        BasicAuth = "kubernetes.io/basic-auth",
        SshAuth = "kubernetes.io/ssh-auth",
        Tls = "kubernetes.io/tls",
        BootstrapToken = "bootstrap.kubernetes.io/token",
    }
}

/// Which values, and what Secret they become.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretReferenceSpec {
    /// The plane whose store holds the values; for people and for the secret API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_plane: Option<SecretPlaneRef>,
    /// The Secret that is made.
    pub template: SecretTemplate,
    /// The values.
    #[schemars(length(min = 1))]
    pub data: Vec<SecretDataSource>,
    /// How often the store is asked again.
    #[serde(default = "hourly")]
    #[schemars(extend("default" = "1h"))]
    pub refresh_interval: GoDuration,
}

fn hourly() -> GoDuration {
    GoDuration::from_hours(1)
}

/// A plane by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretPlaneRef {
    /// Kind of the plane.
    pub kind: SecretPlaneKind,
    /// Name of the plane.
    #[schemars(length(min = 1))]
    pub name: String,
}

/// Type and metadata of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretTemplate {
    /// Its type.
    #[serde(rename = "type", default)]
    pub type_: SecretType,
    /// Its labels and annotations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<SecretTemplateMetadata>,
}

/// Labels and annotations of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretTemplateMetadata {
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// One value: its key in the Secret, and where it is in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretDataSource {
    /// Key in the Secret.
    #[schemars(length(min = 1))]
    pub secret_key: String,
    /// Place in the store.
    pub remote_ref: RemoteRef,
}

/// A place in a secret store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemoteRef {
    /// Key or path.
    #[schemars(length(min = 1))]
    pub key: String,
    /// Field of the value that is there, if it has several.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub property: String,
    /// Version of the value; the newest if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
}

/// What was observed of a secret reference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretReferenceStatus {
    /// Conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// When the values were last asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_refresh_time: Option<Time>,
    /// The stores that were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_stores: Vec<SecretStoreSeen>,
}

/// A store that was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretStoreSeen {
    /// Name of the store.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its kind.
    pub kind: String,
}
