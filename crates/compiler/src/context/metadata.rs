//! The variable `metadata`.

use std::collections::BTreeMap;

use cel::Value;

use super::{Object, strings};
use crate::input::{ComponentMetadata, ProjectMetadata, ResourceMetadata, WorkflowMetadata};

fn given(map: Option<&BTreeMap<String, String>>) -> Value {
    map.map_or_else(|| Value::map::<&str>([]), strings)
}

pub(crate) fn component_metadata(m: &ComponentMetadata) -> Value {
    Object::with_capacity(14)
        .with(key!("annotations"), given(m.annotations.as_ref()))
        .with(key!("componentName"), m.component_name.as_str())
        .with(key!("componentNamespace"), m.component_namespace.as_str())
        .with(key!("componentUID"), m.component_uid.as_str())
        .with(key!("dataPlaneName"), m.data_plane_name.as_str())
        .with(key!("dataPlaneUID"), m.data_plane_uid.as_str())
        .with(key!("environmentName"), m.environment_name.as_str())
        .with(key!("environmentUID"), m.environment_uid.as_str())
        .with(key!("labels"), given(m.labels.as_ref()))
        .with(key!("name"), m.name.as_str())
        .with(key!("namespace"), m.namespace.as_str())
        .with(key!("podSelectors"), strings(&m.pod_selectors))
        .with(key!("projectName"), m.project_name.as_str())
        .with(key!("projectUID"), m.project_uid.as_str())
        .build()
}

pub(crate) fn project_metadata(m: &ProjectMetadata) -> Value {
    Object::with_capacity(10)
        .with(key!("annotations"), given(m.annotations.as_ref()))
        .with(key!("dataPlaneName"), m.data_plane_name.as_str())
        .with(key!("dataPlaneUID"), m.data_plane_uid.as_str())
        .with(key!("environmentName"), m.environment_name.as_str())
        .with(key!("environmentUID"), m.environment_uid.as_str())
        .with(key!("labels"), given(m.labels.as_ref()))
        .with(key!("namespace"), m.namespace.as_str())
        .with(key!("projectName"), m.project_name.as_str())
        .with(key!("projectNamespace"), m.project_namespace.as_str())
        .with(key!("projectUID"), m.project_uid.as_str())
        .build()
}

pub(crate) fn resource_metadata(m: &ResourceMetadata) -> Value {
    Object::with_capacity(13)
        .with(key!("annotations"), given(m.annotations.as_ref()))
        .with(key!("dataPlaneName"), m.data_plane_name.as_str())
        .with(key!("dataPlaneUID"), m.data_plane_uid.as_str())
        .with(key!("environmentName"), m.environment_name.as_str())
        .with(key!("environmentUID"), m.environment_uid.as_str())
        .with(key!("labels"), given(m.labels.as_ref()))
        .with(key!("name"), m.name.as_str())
        .with(key!("namespace"), m.namespace.as_str())
        .with(key!("projectName"), m.project_name.as_str())
        .with(key!("projectUID"), m.project_uid.as_str())
        .with(key!("resourceName"), m.resource_name.as_str())
        .with(key!("resourceNamespace"), m.resource_namespace.as_str())
        .with(key!("resourceUID"), m.resource_uid.as_str())
        .build()
}

pub(crate) fn workflow_metadata(m: &WorkflowMetadata) -> Value {
    Object::default()
        .with(key!("labels"), given(m.labels.as_ref()))
        .with(key!("namespace"), m.run_namespace())
        .with(key!("namespaceName"), m.namespace_name.as_str())
        .with(key!("workflowRunName"), m.workflow_run_name.as_str())
        .build()
}
