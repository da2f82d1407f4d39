//! What runs: container, configuration, endpoints and what it depends on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A workload as the compiler reads it. Dependencies arrive resolved, apart from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Workload {
    /// The container.
    pub container: Container,
    /// Endpoints by name.
    pub endpoints: BTreeMap<String, WorkloadEndpoint>,
}

/// The workload's container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct Container {
    pub image: String,
    pub command: Vec<String>,
    pub args: Vec<String>,
    pub env: Vec<EnvVar>,
    pub files: Vec<FileVar>,
}

/// A configured environment variable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct EnvVar {
    pub key: String,
    pub value: String,
    pub value_from: Option<ValueFrom>,
}

/// A configured file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct FileVar {
    pub key: String,
    pub mount_path: String,
    pub value: String,
    pub value_from: Option<ValueFrom>,
}

/// Where a value comes from if it is not given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ValueFrom {
    /// A SecretReference and one of its keys.
    pub secret_key_ref: Option<KeyRef>,
}

/// A key of a named object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct KeyRef {
    pub name: String,
    pub key: String,
}

/// Where a secret lies in the outside store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct RemoteRef {
    pub key: String,
    pub property: String,
    pub version: String,
}

/// Something the workload offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct WorkloadEndpoint {
    #[serde(rename = "type")]
    pub kind: String,
    pub port: i32,
    pub target_port: i32,
    pub display_name: String,
    pub base_path: String,
    pub visibility: Vec<String>,
    pub schema: Option<EndpointSchema>,
}

/// An endpoint's interface definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct EndpointSchema {
    #[serde(rename = "type")]
    pub kind: String,
    pub content: String,
}

/// A dependency on another component's endpoint, resolved as far as it could be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct EndpointDependency {
    pub namespace: String,
    pub project: String,
    pub component: String,
    pub endpoint: String,
    pub visibility: String,
    /// Variables to inject; empty while the endpoint is not resolved.
    #[serde(deserialize_with = "null_is_empty")]
    pub env_vars: Vec<Variable>,
}

/// A dependency on a resource, resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct ResourceDependency {
    #[serde(rename = "ref")]
    pub name: String,
    #[serde(deserialize_with = "null_is_empty")]
    pub env_vars: Vec<Variable>,
    #[serde(deserialize_with = "null_is_empty")]
    pub volume_mounts: Vec<VolumeMount>,
    #[serde(deserialize_with = "null_is_empty")]
    pub volumes: Vec<Volume>,
}

/// An environment variable as Kubernetes has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct Variable {
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<VariableSource>,
}

/// Where a variable's value comes from on the plane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct VariableSource {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<KeyRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map_key_ref: Option<KeyRef>,
}

/// Where a volume appears in the container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct VolumeMount {
    pub name: String,
    pub mount_path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sub_path: String,
}

/// A volume made of one ConfigMap or one Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct Volume {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapVolume>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretVolume>,
}

/// The ConfigMap behind a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct ConfigMapVolume {
    pub name: String,
}

/// The Secret behind a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct SecretVolume {
    pub secret_name: String,
}

fn null_is_empty<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
