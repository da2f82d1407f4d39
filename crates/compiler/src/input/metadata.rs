//! The variable `metadata` of each pipeline.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Labels, annotations or selectors.
type StringMap = BTreeMap<String, String>;

/// `metadata` of components and traits. Every name and UID must be there, labels and annotations given, and at least one
/// pod selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct ComponentMetadata {
    pub name: String,
    pub namespace: String,
    pub component_namespace: String,
    pub component_name: String,
    #[serde(rename = "componentUID")]
    pub component_uid: String,
    pub project_name: String,
    #[serde(rename = "projectUID")]
    pub project_uid: String,
    pub data_plane_name: String,
    #[serde(rename = "dataPlaneUID")]
    pub data_plane_uid: String,
    pub environment_name: String,
    #[serde(rename = "environmentUID")]
    pub environment_uid: String,
    pub labels: Option<StringMap>,
    pub annotations: Option<StringMap>,
    pub pod_selectors: StringMap,
}

/// `metadata` of project types.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct ProjectMetadata {
    pub namespace: String,
    pub project_namespace: String,
    pub project_name: String,
    #[serde(rename = "projectUID")]
    pub project_uid: String,
    pub environment_name: String,
    #[serde(rename = "environmentUID")]
    pub environment_uid: String,
    pub data_plane_name: String,
    #[serde(rename = "dataPlaneUID")]
    pub data_plane_uid: String,
    pub labels: Option<StringMap>,
    pub annotations: Option<StringMap>,
}

/// `metadata` of resource types.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct ResourceMetadata {
    pub name: String,
    pub namespace: String,
    pub resource_namespace: String,
    pub resource_name: String,
    #[serde(rename = "resourceUID")]
    pub resource_uid: String,
    pub project_name: String,
    #[serde(rename = "projectUID")]
    pub project_uid: String,
    pub environment_name: String,
    #[serde(rename = "environmentUID")]
    pub environment_uid: String,
    pub data_plane_name: String,
    #[serde(rename = "dataPlaneUID")]
    pub data_plane_uid: String,
    pub labels: Option<StringMap>,
    pub annotations: Option<StringMap>,
}

/// `metadata` of workflows; `namespace` is derived from `namespace_name`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are the contract's")]
pub struct WorkflowMetadata {
    pub namespace_name: String,
    pub workflow_run_name: String,
    pub labels: Option<StringMap>,
}

impl WorkflowMetadata {
    /// The namespace that runs of this control-plane namespace execute in.
    pub fn run_namespace(&self) -> String {
        format!("workflows-{}", self.namespace_name)
    }
}
