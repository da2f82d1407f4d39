//! The definitions and the default set that components of a benchmark stand on.

use anyhow::{Context, Result};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::wait::{await_condition, conditions::is_crd_established};
use serde_json::{Value, json};

/// Creates one object of any kind.
pub(super) async fn create(client: &Client, plural: &str, object: Value) -> Result<()> {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
    let kind = object["kind"].as_str().unwrap_or_default();
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
    let api: Api<DynamicObject> = match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let place = format!("{kind} {}", object["metadata"]["name"]);
    let object: DynamicObject = serde_json::from_value(object).with_context(|| place.clone())?;
    api.create(&PostParams::default(), &object).await.with_context(|| format!("cannot create {place}"))?;
    Ok(())
}

/// Creates one object of `openchoreo.dev`.
pub(super) async fn create_ours(client: &Client, mut object: Value) -> Result<()> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let row = model::kind_row(kind).with_context(|| format!("unknown kind {kind:?}"))?;
    object["apiVersion"] = model::API_VERSION.into();
    create(client, row.plural, object).await
}

/// Definitions, the data plane, and everything in `platform/` but the default project.
pub(super) async fn install(client: &Client) -> Result<()> {
    for definition in model::crds().into_iter().chain(node::crds::all()) {
        let name = definition["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let mut definition = definition;
        definition["apiVersion"] = "apiextensions.k8s.io/v1".into();
        definition["kind"] = "CustomResourceDefinition".into();
        create(client, "customresourcedefinitions", definition).await?;
        let api: Api<CustomResourceDefinition> = Api::all(client.clone());
        await_condition(api, &name, is_crd_established()).await?;
    }
    let plane = json!({
        "kind": "ClusterDataPlane",
        "metadata": {"name": "default"},
        "spec": {
            "planeID": "default",
            "clusterAgent": {"clientCA": {"value": "none"}},
            "gateway": {"ingress": {"external": {
                "name": "gateway-default",
                "namespace": "openchoreo-data-plane",
                "http": {"listenerName": "http", "port": 19080, "host": "openchoreoapis.localhost"},
            }}},
            "secretStoreRef": {"name": "default"},
        },
    });
    create_ours(client, plane).await?;
    for name in ["project-type", "environments", "pipeline", "service"] {
        for object in documents(name)? {
            create_ours(client, object).await?;
        }
    }
    Ok(())
}

fn documents(name: &str) -> Result<Vec<Value>> {
    let path = crate::tidy::root().join("platform").join(name).with_extension("yaml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_multiple_with_options(&text, options).with_context(|| path.display().to_string())
}
