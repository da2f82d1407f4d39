//! The same on the API server that ships.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client};
use kubelite::{Options, Server};
use reconcile::ClusterId;
use reconcile::engine::{Cluster as EngineCluster, Engine, EngineHandle};
use serde_json::{Value, json};

use crate::copies::{Copies, plane};

async fn server() -> (Server, Client) {
    let server = Server::open(Options::default()).await.expect("a server in memory");
    let client = server.client();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for name in ["ns", "copies"] {
        let namespace = serde_json::from_value(json!({"metadata": {"name": name}})).expect("a namespace");
        namespaces.create(&PostParams::default(), &namespace).await.expect("a namespace is created");
    }
    (server, client)
}

fn start(client: &Client) -> EngineHandle {
    let engine = Engine::builder().controller(Copies).threads(2);
    let engine = engine.cluster(EngineCluster::new(ClusterId::control_plane(), client.clone()));
    engine.cluster(EngineCluster::new(plane(), client.clone())).start().expect("the engine starts")
}

fn deployment(name: &str) -> Deployment {
    let manifest = json!({"metadata": {"name": name}, "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": "none"}]}},
    }});
    serde_json::from_value(manifest).expect("a deployment")
}

async fn copies(client: &Client) -> Vec<Value> {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "copies");
    let maps = maps.list(&ListParams::default().labels("openchoreo.dev/managed-by")).await.expect("a list");
    maps.items.into_iter().map(|map| json!([map.metadata.name, map.data])).collect()
}

#[tokio::test]
async fn create_drift_restart_delete() {
    let (server, client) = server().await;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "ns");
    deployments.create(&PostParams::default(), &deployment("web")).await.expect("a deployment is created");
    let engine = start(&client);
    assert_eq!(engine.settled().await.failing, []);
    let copied = vec![json!(["ns-web", {"friends": "", "replicas": "1", "value": "none"}])];
    assert_eq!(copies(&client).await, copied);
    let status = deployments.get("web").await.expect("the deployment").status.expect("a status");
    assert_eq!(status.conditions.expect("conditions")[0].reason.as_deref(), Some("Copied"));
    assert_eq!(engine.metrics().requests, 3);

    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "copies");
    maps.delete("ns-web", &DeleteParams::default()).await.expect("deleted by hand");
    engine.settled().await;
    assert_eq!(copies(&client).await, copied);
    engine.shutdown().await;

    let engine = start(&client);
    engine.settled().await;
    // The conditions of a Deployment have no observed generation, so the server stores the status differently from what
    // is desired. One write shows that, and is remembered.
    assert_eq!(engine.metrics().requests, 1);

    deployments.delete("web", &DeleteParams::default()).await.expect("deleted");
    engine.settled().await;
    assert_eq!(deployments.list(&ListParams::default()).await.expect("a list").items, []);
    assert_eq!(copies(&client).await, Vec::<Value>::new());
    engine.shutdown().await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_namespace_that_is_not_there_is_told_and_found_when_it_appears() {
    let server = Server::open(Options::default()).await.expect("a server in memory");
    let client = server.client();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let named = |name: &str| serde_json::from_value(json!({"metadata": {"name": name}})).expect("a namespace");
    namespaces.create(&PostParams::default(), &named("ns")).await.expect("a namespace is created");
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "ns");
    deployments.create(&PostParams::default(), &deployment("web")).await.expect("a deployment is created");
    let engine = start(&client);
    let failing = engine.settled().await.failing;
    assert_eq!(failing.len(), 1, "{failing:?}");
    assert!(failing[0].2.contains("namespaces \"copies\" not found"), "{failing:?}");
    namespaces.create(&PostParams::default(), &named("copies")).await.expect("a namespace is created");
    engine.until(|snapshot| snapshot.unsettled.iter().all(|key| key.failure.is_none())).await;
    assert_eq!(engine.settled().await.failing, []);
    assert_eq!(copies(&client).await.len(), 1);
    engine.shutdown().await;
    server.shutdown().await;
}
