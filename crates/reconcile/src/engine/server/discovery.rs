//! How a cluster calls a kind.

use kube::Client;
use serde::Deserialize;

use super::{Call, Refusal, call};
use crate::engine::Gvk;

/// The plural under which a kind is served, and whether its objects live in namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub plural: String,
    pub namespaced: bool,
}

#[derive(Deserialize)]
struct ResourceList {
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    kind: String,
    #[serde(default)]
    namespaced: bool,
}

/// Asks the cluster; `None` when it does not serve the kind.
pub(crate) async fn discover(client: &Client, gvk: &Gvk) -> Result<Option<Mapping>, Refusal> {
    let root = if gvk.group().is_empty() { "/api/" } else { "/apis/" };
    let body = match call(client, Call::get(format!("{root}{}", gvk.api_version))).await {
        Ok(body) => body,
        Err(refusal) if refusal.code == 404 => return Ok(None),
        Err(refusal) => return Err(refusal),
    };
    let list: ResourceList = serde_json::from_slice(&body).map_err(|error| Refusal {
        code: 500,
        reason: "InternalError".into(),
        message: format!("the list of resources of {} cannot be read: {error}", gvk.api_version),
    })?;
    let found = list.resources.into_iter().find(|resource| resource.kind == gvk.kind && !resource.name.contains('/'));
    Ok(found.map(|resource| Mapping { plural: resource.name, namespaced: resource.namespaced }))
}
