//! Objects of a running server: read, applied, deleted.

use super::manifests::NAMESPACE;
use anyhow::{Context, Result};
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::Value;

/// A client of one life of the server.
#[derive(Clone)]
pub(in super::super) struct Objects(pub(in super::super) Client);

impl Objects {
    /// Objects of a kind of OpenChoreo in the control plane's namespace.
    pub(in super::super) fn ours(&self, kind: &str) -> Result<Api<DynamicObject>> {
        let row = model::kind_row(kind).with_context(|| format!("{kind} is no kind of ours"))?;
        let gvk = GroupVersionKind::gvk(model::GROUP, model::VERSION, kind);
        let resource = ApiResource::from_gvk_with_plural(&gvk, row.plural);
        Ok(Api::namespaced_with(self.0.clone(), NAMESPACE, &resource))
    }

    pub(in super::super) async fn get(&self, kind: &str, name: &str) -> Result<Option<Value>> {
        let found = self.ours(kind)?.get_opt(name).await?;
        Ok(found.map(serde_json::to_value).transpose()?)
    }

    pub(in super::super) async fn apply(&self, document: &Value) -> Result<Value> {
        let kind = document["kind"].as_str().context("a kind")?;
        let name = document["metadata"]["name"].as_str().context("a name")?;
        let params = PatchParams::apply("soak").force();
        let applied = self.ours(kind)?.patch(name, &params, &Patch::Apply(document)).await;
        Ok(serde_json::to_value(applied.with_context(|| format!("{kind} {name}"))?)?)
    }

    /// Fine when it is gone.
    pub(in super::super) async fn delete(&self, kind: &str, name: &str) -> Result<()> {
        match self.ours(kind)?.delete(name, &DeleteParams::default()).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(error).with_context(|| format!("{kind} {name}")),
        }
    }
}

/// Whether a failed call may go better with another life of the server: the connection broke, or it is about to go.
pub(in super::super) fn is_broken_connection(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<kube::Error>() {
        Some(kube::Error::Api(_)) => false,
        Some(_) => true,
        // The engine is the server's child, and cannot describe a container that is just ending.
        None => error.root_cause().is::<std::io::Error>() || error.is::<bollard::errors::Error>(),
    }
}

/// Status, reason and message of a condition, of the generation that the object has now.
pub(in super::super) fn condition<'o>(object: &'o Value, kind: &str) -> Option<(&'o str, &'o str, &'o str)> {
    let conditions = object["status"]["conditions"].as_array()?;
    let found = conditions.iter().find(|condition| condition["type"] == kind)?;
    if found["observedGeneration"] != object["metadata"]["generation"] {
        return None;
    }
    let text = |member: &str| found[member].as_str().unwrap_or_default();
    Some((text("status"), text("reason"), text("message")))
}

pub(in super::super) fn is_ready(object: &Value) -> bool {
    condition(object, "Ready").is_some_and(|(status, ..)| status == "True")
}
