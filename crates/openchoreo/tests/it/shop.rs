//! Manifests of a small project, as users write them.

use serde_json::{Value, json};

fn meta(name: &str) -> Value {
    json!({"name": name, "namespace": "default"})
}

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": model::API_VERSION, "kind": kind, "metadata": meta(name), "spec": spec})
}

/// A project in development and staging.
pub(crate) fn project(name: &str) -> Vec<Value> {
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

/// A project with one service, which answers with its name.
pub(crate) fn with_service(project: &str, service: &str, image: &str) -> Vec<Value> {
    let mut all = self::project(project);
    all.extend([component(project, service, "service"), workload(project, service, image, service)]);
    all
}

/// A component of a cluster component type.
pub(crate) fn component(project: &str, name: &str, component_type: &str) -> Value {
    let spec = json!({
        "owner": {"projectName": project},
        "componentType": {"kind": "ClusterComponentType", "name": format!("deployment/{component_type}")},
        "autoDeploy": true,
    });
    object("Component", name, &spec)
}

/// A workload with one external HTTP endpoint, whose program answers with `greeting`.
pub(crate) fn workload(project: &str, component: &str, image: &str, greeting: &str) -> Value {
    let spec = json!({
        "owner": {"projectName": project, "componentName": component},
        "endpoints": {"http": {"type": "HTTP", "port": 8080, "visibility": ["external"]}},
        "container": {"image": image, "command": ["/program"], "env": [{"key": "NAME", "value": greeting}]},
    });
    object("Workload", component, &spec)
}

/// A binding that promotes a release.
pub(crate) fn binding(project: &str, component: &str, environment: &str, release: &str, more: Value) -> Value {
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
