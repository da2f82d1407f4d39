//! The variable `metadata`.

use std::collections::BTreeMap;

use cel::Value;

use super::{Object, strings};
use crate::input::{ComponentMetadata, ProjectMetadata, ResourceMetadata, WorkflowMetadata};

fn given(map: Option<&BTreeMap<String, String>>) -> Value {
    map.map_or_else(|| Value::map::<&str>([]), strings)
}

pub(crate) fn component_metadata(m: &ComponentMetadata) -> Value {
    Object::default()
        .with("annotations", given(m.annotations.as_ref()))
        .with("componentName", m.component_name.as_str())
        .with("componentNamespace", m.component_namespace.as_str())
        .with("componentUID", m.component_uid.as_str())
        .with("dataPlaneName", m.data_plane_name.as_str())
        .with("dataPlaneUID", m.data_plane_uid.as_str())
        .with("environmentName", m.environment_name.as_str())
        .with("environmentUID", m.environment_uid.as_str())
        .with("labels", given(m.labels.as_ref()))
        .with("name", m.name.as_str())
        .with("namespace", m.namespace.as_str())
        .with("podSelectors", strings(&m.pod_selectors))
        .with("projectName", m.project_name.as_str())
        .with("projectUID", m.project_uid.as_str())
        .build()
}

pub(crate) fn project_metadata(m: &ProjectMetadata) -> Value {
    Object::default()
        .with("annotations", given(m.annotations.as_ref()))
        .with("dataPlaneName", m.data_plane_name.as_str())
        .with("dataPlaneUID", m.data_plane_uid.as_str())
        .with("environmentName", m.environment_name.as_str())
        .with("environmentUID", m.environment_uid.as_str())
        .with("labels", given(m.labels.as_ref()))
        .with("namespace", m.namespace.as_str())
        .with("projectName", m.project_name.as_str())
        .with("projectNamespace", m.project_namespace.as_str())
        .with("projectUID", m.project_uid.as_str())
        .build()
}

pub(crate) fn resource_metadata(m: &ResourceMetadata) -> Value {
    Object::default()
        .with("annotations", given(m.annotations.as_ref()))
        .with("dataPlaneName", m.data_plane_name.as_str())
        .with("dataPlaneUID", m.data_plane_uid.as_str())
        .with("environmentName", m.environment_name.as_str())
        .with("environmentUID", m.environment_uid.as_str())
        .with("labels", given(m.labels.as_ref()))
        .with("name", m.name.as_str())
        .with("namespace", m.namespace.as_str())
        .with("projectName", m.project_name.as_str())
        .with("projectUID", m.project_uid.as_str())
        .with("resourceName", m.resource_name.as_str())
        .with("resourceNamespace", m.resource_namespace.as_str())
        .with("resourceUID", m.resource_uid.as_str())
        .build()
}

pub(crate) fn workflow_metadata(m: &WorkflowMetadata) -> Value {
    Object::default()
        .with("labels", given(m.labels.as_ref()))
        .with("namespace", m.run_namespace())
        .with("namespaceName", m.namespace_name.as_str())
        .with("workflowRunName", m.workflow_run_name.as_str())
        .build()
}
