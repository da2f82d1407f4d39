//! The variable `metadata` of each pipeline.

use std::collections::BTreeMap;

use model::{labels, names};
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

/// Stands for every UID where there is no control plane.
const UID: &str = "00000000-0000-0000-0000-000000000000";

impl ComponentMetadata {
    /// What a control plane would fill in, with UIDs of zeros: for checks without a cluster.
    pub fn stand_in(namespace: &str, project: &str, component: &str, environment: &str) -> Self {
        let own = StringMap::from(
            [
                (labels::NAMESPACE, namespace),
                (labels::PROJECT, project),
                (labels::PROJECT_UID, UID),
                (labels::COMPONENT, component),
                (labels::COMPONENT_UID, UID),
                (labels::ENVIRONMENT, environment),
                (labels::ENVIRONMENT_UID, UID),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        Self {
            name: names::component_base(component, environment),
            namespace: names::runtime_namespace(namespace, project, environment),
            component_namespace: namespace.to_owned(),
            component_name: component.to_owned(),
            component_uid: UID.to_owned(),
            project_name: project.to_owned(),
            project_uid: UID.to_owned(),
            data_plane_name: "default".to_owned(),
            data_plane_uid: UID.to_owned(),
            environment_name: environment.to_owned(),
            environment_uid: UID.to_owned(),
            labels: Some(own.clone()),
            annotations: Some(StringMap::new()),
            pod_selectors: own,
        }
    }
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

impl ResourceMetadata {
    /// What a control plane would fill in, with UIDs of zeros: for checks without a cluster.
    pub fn stand_in(namespace: &str, project: &str, resource: &str, environment: &str) -> Self {
        let labels = [
            (labels::NAMESPACE, namespace),
            (labels::PROJECT, project),
            (labels::PROJECT_UID, UID),
            (labels::RESOURCE, resource),
            (labels::RESOURCE_UID, UID),
            (labels::ENVIRONMENT, environment),
            (labels::ENVIRONMENT_UID, UID),
        ];
        Self {
            name: names::resource_base(resource, environment),
            namespace: names::runtime_namespace(namespace, project, environment),
            resource_namespace: namespace.to_owned(),
            resource_name: resource.to_owned(),
            resource_uid: UID.to_owned(),
            project_name: project.to_owned(),
            project_uid: UID.to_owned(),
            environment_name: environment.to_owned(),
            environment_uid: UID.to_owned(),
            data_plane_name: "default".to_owned(),
            data_plane_uid: UID.to_owned(),
            labels: Some(labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
            annotations: Some(StringMap::new()),
        }
    }
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
