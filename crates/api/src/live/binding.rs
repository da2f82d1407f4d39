//! A release binding and where its objects run.

use super::environment::data_plane;
use crate::objects::{Parts, Resource, fetch, name, namespace};
use crate::problem::Problem;
use crate::serving::App;
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::core::DynamicObject;
use serde_json::Value;

/// A binding with its plane.
pub(super) struct Deployed {
    pub(super) namespace: String,
    pub(super) component: String,
    pub(super) project: String,
    pub(super) environment: String,
    pub(super) plane: Client,
}

impl Deployed {
    /// Resolves the binding of a request's path.
    pub(super) async fn resolve(app: &App, parts: &Parts) -> Result<Deployed, Problem> {
        let row = Resource::of("ReleaseBinding").ok_or_else(|| Problem::internal(&"ReleaseBinding has no row"))?;
        let space = namespace(parts).unwrap_or_default();
        let binding = fetch(app, row, Some(space), name(parts)).await?;
        Deployed::of(app, space, &binding).await
    }

    async fn of(app: &App, namespace: &str, binding: &DynamicObject) -> Result<Deployed, Problem> {
        let text = |pointer: &str| binding.data.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let environment = text("/spec/environment");
        Ok(Deployed {
            namespace: namespace.to_owned(),
            component: text("/spec/owner/componentName"),
            project: text("/spec/owner/projectName"),
            plane: data_plane(app, namespace, &environment).await?,
            environment,
        })
    }

    /// The labels that the platform puts on the pods of this deployment.
    pub(super) fn selector(&self) -> String {
        selector(&self.namespace, &self.project, &self.component, &self.environment)
    }

    /// A pod of this deployment, and of no other.
    pub(super) async fn pod(&self, name: &str) -> Result<Pod, Problem> {
        let pods = kube::Api::<Pod>::all(self.plane.clone());
        let found = pods.list(&kube::api::ListParams::default().labels(&self.selector())).await;
        let found = found.map_err(|error| Problem::from_kube(error, "Pod", "Pod"))?;
        found.items.into_iter().find(|pod| pod.metadata.name.as_deref() == Some(name)).ok_or_else(|| {
            Problem::not_found(&format!("Pod {name:?} of component {:?} in {:?}", self.component, self.environment))
        })
    }
}

/// The labels of a component's pods in one environment.
pub(super) fn selector(namespace: &str, project: &str, component: &str, environment: &str) -> String {
    format!(
        "openchoreo.dev/namespace={namespace},openchoreo.dev/project={project},openchoreo.dev/component={component},openchoreo.dev/environment={environment}"
    )
}
