//! What `up` itself owns in its store: definitions of kinds, the data plane, its gateway and its secret store.

use anyhow::{Context, Result};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::wait::await_condition;
use kube::runtime::wait::conditions::is_crd_established;
use node::gateway::DEFAULT_CONTROLLER_NAME;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a definition may take to be served.
const SERVED_WITHIN: Duration = Duration::from_secs(30);

/// The field manager of what `up` owns.
const MANAGER: &str = "openchoreo-up";

/// The host under which components answer; `*.localhost` is this computer.
pub(crate) const HOST: &str = "openchoreoapis.localhost";

/// Namespace of the data plane's own objects.
const PLANE_NAMESPACE: &str = "openchoreo-data-plane";

/// Writes the definitions of all kinds.
pub(crate) async fn kinds(client: &Client) -> Result<()> {
    let definitions: Vec<Value> = model::crds().into_iter().chain(node::crds::all()).collect();
    let names: Vec<String> = definitions
        .iter()
        .filter_map(|definition| definition["metadata"]["name"].as_str())
        .map(str::to_owned)
        .collect();
    let definitions = definitions.into_iter();
    let applied = definitions.map(|definition| {
        apply(client, "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", definition)
    });
    futures::future::try_join_all(applied)
        .await
        .context("cannot define the kinds of OpenChoreo, Gateway API and External Secrets")?;
    let served = names.iter().map(|name| {
        let api: Api<CustomResourceDefinition> = Api::all(client.clone());
        async move {
            let served = tokio::time::timeout(SERVED_WITHIN, await_condition(api, name, is_crd_established())).await;
            served
                .with_context(|| format!("{name} is defined but not served: see its status"))?
                .with_context(|| format!("cannot watch {name}"))
        }
    });
    futures::future::try_join_all(served).await?;
    Ok(())
}

/// Writes the data plane with the ports that the gateway has, for http and for https.
pub(crate) async fn data_plane(client: &Client, (gateway_port, tls_port): (u16, u16), ca_pem: &str) -> Result<()> {
    apply(client, "v1", "Namespace", "namespaces", json!({"metadata": {"name": PLANE_NAMESPACE}})).await?;
    apply(
        client,
        "v1",
        "Namespace",
        "namespaces",
        json!({"metadata": {"name": "default", "labels": {model::labels::CONTROL_PLANE: "true"}}}),
    )
    .await?;
    let class = json!({"metadata": {"name": "openchoreo"}, "spec": {"controllerName": DEFAULT_CONTROLLER_NAME}});
    apply(client, "gateway.networking.k8s.io/v1", "GatewayClass", "gatewayclasses", class).await?;
    let gateway = json!({
        "metadata": {"name": "gateway-default", "namespace": PLANE_NAMESPACE},
        "spec": {
            "gatewayClassName": "openchoreo",
            "listeners": [
                {
                    "name": "http", "port": gateway_port, "protocol": "HTTP",
                    "allowedRoutes": {"namespaces": {"from": "All"}},
                },
                {
                    "name": "https", "port": tls_port, "protocol": "HTTPS",
                    "tls": {"options": {"node.local/certificate": "local-authority"}},
                    "allowedRoutes": {"namespaces": {"from": "All"}},
                },
            ],
        },
    });
    apply(client, "gateway.networking.k8s.io/v1", "Gateway", "gateways", gateway).await?;
    let store = json!({"metadata": {"name": "default"}, "spec": {"provider": {"embedded": {}}}});
    apply(client, "external-secrets.io/v1", "ClusterSecretStore", "clustersecretstores", store).await?;
    let plane = json!({
        "metadata": {
            "name": "default",
            "annotations": {model::annotations::DISPLAY_NAME: "This computer"},
        },
        "spec": {
            "planeID": "default",
            "clusterAgent": {"clientCA": {"value": ca_pem}},
            "gateway": {"ingress": {"external": {
                "name": "gateway-default",
                "namespace": PLANE_NAMESPACE,
                "http": {"listenerName": "http", "port": gateway_port, "host": HOST},
            }}},
            "secretStoreRef": {"name": "default"},
        },
    });
    apply(client, model::API_VERSION, "ClusterDataPlane", "clusterdataplanes", plane).await
}

/// Writes one object by server-side apply.
async fn apply(client: &Client, api_version: &str, kind: &str, plural: &str, mut object: Value) -> Result<()> {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.into();
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let api: Api<DynamicObject> = match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let params = PatchParams::apply(MANAGER).force();
    api.patch(&name, &params, &Patch::Apply(&object)).await.with_context(|| format!("cannot write {kind} {name}"))?;
    Ok(())
}
