//! Manifests of a small project, as users write them.

use super::image::IMAGE;
use serde_json::{Value, json};

/// The namespace of the control plane that everything lies in.
pub(in super::super) const NAMESPACE: &str = "default";

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": model::API_VERSION, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec})
}

/// A project in development and staging.
pub(in super::super) fn project(name: &str) -> Vec<Value> {
    let binding = |environment: &str| {
        let spec = json!({"owner": {"projectName": name}, "environment": environment});
        object("ProjectReleaseBinding", &format!("{name}-{environment}"), &spec)
    };
    let spec = json!({
        "deploymentPipelineRef": {"name": "default"},
        "type": {"kind": "ClusterProjectType", "name": "default"},
    });
    vec![object("Project", name, &spec), binding("development"), binding("staging")]
}

/// A component of a type of the default platform, as `deployment/service`.
pub(in super::super) fn component(project: &str, name: &str, component_type: &str) -> Value {
    let spec = json!({
        "owner": {"projectName": project},
        "componentType": {"kind": "ClusterComponentType", "name": component_type},
        "autoDeploy": true,
    });
    object("Component", name, &spec)
}

/// A workload without endpoints.
pub(in super::super) fn worker(project: &str, component: &str, greeting: &str) -> Value {
    let container = json!({"image": IMAGE, "command": ["/program"], "env": [{"key": "NAME", "value": greeting}]});
    object(
        "Workload",
        component,
        &json!({
            "owner": {"projectName": project, "componentName": component}, "container": container,
        }),
    )
}

/// A workload with one external HTTP endpoint and a file, that answers with `greeting`; it may need another one's endpoint.
pub(in super::super) fn service(project: &str, component: &str, greeting: &str, needs: Option<&str>) -> Value {
    let mut workload = worker(project, component, greeting);
    let spec = &mut workload["spec"];
    spec["endpoints"] = json!({"http": {"type": "HTTP", "port": 8080, "visibility": ["external"]}});
    spec["container"]["files"] = json!([{"key": "words.txt", "mountPath": "/words", "value": greeting}]);
    if let Some(other) = needs {
        spec["dependencies"] = json!({"endpoints": [{
            "component": other, "name": "http", "visibility": "project", "envBindings": {"address": "OTHER"},
        }]});
    }
    workload
}

/// A binding that puts a release into an environment.
pub(in super::super) fn binding(
    project: &str,
    component: &str,
    environment: &str,
    release: &str,
    more: Value,
) -> Value {
    let mut spec = json!({
        "owner": {"projectName": project, "componentName": component},
        "environment": environment,
        "releaseName": release,
    });
    if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
        spec.extend(more);
    }
    object("ReleaseBinding", &format!("{component}-{environment}"), &spec)
}
