//! What a killed server, a deleted Deployment and a removed container leave: the same end state.

use crate::cluster::Cluster;
use crate::remains::{Remains, in_podman};
use crate::server::{Server, possible};
use crate::steady_load::Load;
use crate::{images, shop, web};
use bollard::Docker;
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptions, RemoveContainerOptions};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use nix::sys::signal::Signal;
use reqwest::StatusCode;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const PROJECT: &str = "crash";
const IMAGE: &str = "localhost/oc-e2e-crash:1";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_goes_on_where_it_was_and_what_is_taken_away_comes_back() {
    if !possible() {
        return;
    }
    let mut server = Server::start(&[]);
    let gateway_port = server.gateway_port().to_string();
    let engine = images::engine(&server).await;
    images::bring(&engine, IMAGE, "program").await;
    let cluster = Cluster(server.client().await);
    cluster.apply_all(shop::with_service(PROJECT, "steady", IMAGE)).await;
    let url = web::address(&cluster.ready("default", "steady-development").await, "http");
    assert_eq!(web::get(&url).await, (StatusCode::OK, "steady at /".into()));
    let before = started(&engine, "steady").await;
    assert!(!before.is_empty());

    // In the middle of another deployment.
    cluster.apply_one(shop::component(PROJECT, "late", "service")).await;
    cluster.apply_one(shop::workload(PROJECT, "late", IMAGE, "late")).await;
    let load = Load::on(&url);
    let (server_again, killed_at) = tokio::task::spawn_blocking(move || {
        let killed_at = Instant::now();
        assert!(!server.end(Signal::SIGKILL).success());
        server.start_again(&["--gateway-port", &gateway_port]);
        (server, killed_at)
    })
    .await
    .expect("it starts again");
    server = server_again;
    let ready_at = Instant::now();
    assert_eq!(web::get(&url).await, (StatusCode::OK, "steady at /".into()));
    let told = load.end().await;
    let mut outside =
        told.bad.iter().filter(|(begun, _)| *begun > ready_at || *begun + Duration::from_secs(1) < killed_at);
    assert!(told.good > 0 && outside.next().is_none(), "requests fail only while the server is down: {told:?}");
    let engine = images::engine(&server).await;
    let cluster = Cluster(server.client().await);
    let late = web::address(&cluster.ready("default", "late-development").await, "http");
    cluster.ready("default", "steady-development").await;
    assert_eq!(web::get(&late).await, (StatusCode::OK, "late at /".into()));
    assert_eq!(web::get(&url).await, (StatusCode::OK, "steady at /".into()));
    assert_eq!(started(&engine, "steady").await, before, "running containers are not restarted");

    a_deleted_deployment_comes_back(&cluster, &url).await;
    a_removed_container_comes_back(&cluster, &engine, &url).await;

    // Requests under way are answered before the end; then nothing is left.
    let slow = tokio::spawn({
        let url = format!("{url}/slow/1500");
        async move { web::get(&url).await }
    });
    cluster_sees(&cluster, "steady", "asked for /slow/1500").await;
    let remains = Remains::of(&server.place);
    assert!(!remains.now().is_empty());
    let status = tokio::task::spawn_blocking(move || (server.end(Signal::SIGTERM), server)).await.expect("ends");
    assert_eq!(slow.await.expect("asked"), (StatusCode::OK, "at last".into()));
    assert_eq!(status.0.code(), Some(0), "{}", status.1.place.log());
    assert_eq!(remains.now(), Vec::<String>::new());
    if let Some(left) = in_podman(&status.1) {
        assert_eq!(left, "");
    }
}

async fn a_deleted_deployment_comes_back(cluster: &Cluster, url: &str) {
    let namespace = model::names::runtime_namespace("default", PROJECT, "development");
    let name = model::names::component_base("steady", "development");
    let first = cluster.api::<Deployment>(&namespace).get(&name).await.expect("there");
    cluster.delete::<Deployment>(&namespace, &name).await;
    let again = |deployment: &Deployment| {
        let available = deployment.status.as_ref().and_then(|status| status.available_replicas);
        deployment.metadata.uid != first.metadata.uid && available == Some(1)
    };
    cluster.until(&namespace, &name, "back", again).await;
    web::until(url, (StatusCode::OK, "steady at /")).await;
}

async fn a_removed_container_comes_back(cluster: &Cluster, engine: &Docker, url: &str) {
    let before = started(engine, "steady").await;
    let force = RemoveContainerOptions { force: true, ..RemoveContainerOptions::default() };
    for id in before.keys() {
        engine.remove_container(id, Some(force.clone())).await.expect("removed");
    }
    web::until(url, (StatusCode::OK, "steady at /")).await;
    let after = started(engine, "steady").await;
    assert!(!after.is_empty() && after.keys().all(|id| !before.contains_key(id)), "{before:?} {after:?}");
    cluster.ready("default", "steady-development").await;
}

/// Start times of the running containers with the program of a component, by id.
async fn started(engine: &Docker, component: &str) -> BTreeMap<String, String> {
    let options = ListContainersOptions::default();
    let mut found = BTreeMap::new();
    for container in engine.list_containers(Some(options)).await.expect("listed") {
        let named = container.names.iter().flatten().any(|name| name.contains(&format!("k8s_main_{component}-")));
        if !named || container.image.as_deref() != Some(IMAGE) {
            continue;
        }
        let id = container.id.expect("an id");
        let details = engine.inspect_container(&id, None::<InspectContainerOptions>).await.expect("inspected");
        found.insert(id, details.state.and_then(|state| state.started_at).expect("a start"));
    }
    found
}

/// Waits until a component's log has a line.
async fn cluster_sees(cluster: &Cluster, component: &str, line: &str) {
    use futures::{AsyncBufReadExt as _, TryStreamExt as _};
    let namespace = model::names::runtime_namespace("default", PROJECT, "development");
    let pods = cluster.all::<Pod>(&namespace).await;
    let running = |pod: &&Pod| {
        pod.metadata.deletion_timestamp.is_none()
            && pod.metadata.name.as_ref().is_some_and(|name| name.starts_with(component))
    };
    let pod = pods.iter().find(running).expect("a pod");
    let params = kube::api::LogParams { follow: true, ..kube::api::LogParams::default() };
    let name = pod.metadata.name.as_deref().expect("a name");
    let log = cluster.api::<Pod>(&namespace).log_stream(name, &params).await.expect("a log");
    let mut lines = log.lines();
    let seen = async {
        while let Some(found) = lines.try_next().await.expect("a line") {
            if found == line {
                return;
            }
        }
        panic!("the log ended without {line:?}");
    };
    tokio::time::timeout(crate::server::PATIENCE, seen).await.expect("the line comes");
}
