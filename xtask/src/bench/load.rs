//! The components that are applied.

use super::platform::create_ours;
use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use kube::Client;
use serde_json::{Value, json};

/// Requests on their way at once.
const AT_ONCE: usize = 16;

/// A project with its place in the development environment.
pub(super) async fn project(client: &Client, name: &str) -> Result<()> {
    let project = json!({
        "kind": "Project",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "deploymentPipelineRef": {"name": "default"},
            "type": {"kind": "ClusterProjectType", "name": "default"},
        },
    });
    create_ours(client, project).await?;
    let binding = json!({
        "kind": "ProjectReleaseBinding",
        "metadata": {"name": format!("{name}-development"), "namespace": "default"},
        "spec": {"owner": {"projectName": name}, "environment": "development"},
    });
    create_ours(client, binding).await
}

/// A service with one endpoint that is visible from outside, and its workload.
pub(super) fn component(project: &str, name: &str, image: &str) -> [Value; 2] {
    let metadata = json!({"name": name, "namespace": "default"});
    let component = json!({
        "kind": "Component",
        "metadata": metadata,
        "spec": {
            "owner": {"projectName": project},
            "componentType": {"kind": "ClusterComponentType", "name": "deployment/service"},
            "autoDeploy": true,
        },
    });
    let workload = json!({
        "kind": "Workload",
        "metadata": metadata,
        "spec": {
            "owner": {"projectName": project, "componentName": name},
            "endpoints": {"http": {"type": "HTTP", "port": 8080, "visibility": ["external"]}},
            "container": {"image": image, "env": [{"key": "GREETING", "value": "Good morning"}]},
        },
    });
    [component, workload]
}

/// Creates that many components, spread evenly.
pub(super) async fn components(client: &Client, count: usize, projects: u32) -> Result<()> {
    stream::iter(0..count)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, |number| async move {
            let project = format!("bench-{}", number % projects as usize);
            for object in component(&project, &format!("service-{number}"), "localhost/none:latest") {
                create_ours(client, object).await?;
            }
            Ok(())
        })
        .await
}

/// Creates the projects.
pub(super) async fn projects(client: &Client, count: u32) -> Result<()> {
    let all = (0..count).map(|number| async move { project(client, &format!("bench-{number}")).await });
    stream::iter(all).buffer_unordered(AT_ONCE).try_collect().await
}
