//! A container engine that ends, hangs, or loses what it had: told, and recovered from.

use crate::cluster::{Cluster, condition};
use crate::server::{PATIENCE, Server, possible};
use crate::{images, shop, web};
use bollard::query_parameters::{ListNetworksOptions, RemoveContainerOptions};
use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::{Event, Node, Pod};
use kube::api::Api;
use kube::runtime::wait::await_condition;
use kube::runtime::{WatchStreamExt as _, watcher};
use model::{Component, Project, ReleaseBinding};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::StatusCode;

const PROJECT: &str = "engine";
const IMAGE: &str = "localhost/oc-e2e-engine:1";

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_ends_hangs_or_loses_a_network_is_told_and_recovered_from() {
    if !possible() {
        return;
    }
    let server = Server::start(&[]);
    let engine = images::engine(&server).await;
    images::bring(&engine, IMAGE, "program").await;
    let cluster = Cluster(server.client().await);
    cluster.apply_all(shop::with_service(PROJECT, "firm", IMAGE)).await;
    let url = web::address(&cluster.ready("default", "firm-development").await, "http");
    web::until(&url, (StatusCode::OK, "firm at /")).await;

    if server.line("engine").contains("podman.sock") {
        let pods = pods(&cluster).await;
        a_service_that_ends_is_told_and_started_again(&server, &cluster, &url).await;
        a_service_that_hangs_is_told_and_what_was_wanted_meanwhile_is_done(&server, &cluster, &url).await;
        assert_eq!(self::pods(&cluster).await, pods, "the pods are the same, and none was restarted");
    } else {
        println!("skipped in part: the engine's service is not this server's child");
    }
    a_network_that_vanished_is_made_again(&server, &cluster, &url).await;

    for name in ["firm", "late"] {
        if cluster.api::<Component>("default").get_opt(name).await.expect("asked").is_some() {
            cluster.delete::<Component>("default", name).await;
            cluster.gone::<Component>("default", name).await;
        }
    }
    cluster.delete::<Project>("default", PROJECT).await;
    cluster.gone::<Project>("default", PROJECT).await;
    tokio::task::spawn_blocking(move || drop(server)).await.expect("ends");
}

async fn a_service_that_ends_is_told_and_started_again(server: &Server, cluster: &Cluster, url: &str) {
    kill(service(server), Signal::SIGKILL).expect("it runs");
    let message = node_event(cluster, "NodeNotReady").await;
    assert!(message.contains("does not answer") && message.contains(server.line("engine")), "{message}");
    assert_eq!(web::get(url).await, (StatusCode::OK, "firm at /".into()), "containers do not need the service");
    node_event(cluster, "NodeReady").await;
    node_is(cluster, "True").await;
    assert_eq!(web::get(url).await, (StatusCode::OK, "firm at /".into()));
}

async fn a_service_that_hangs_is_told_and_what_was_wanted_meanwhile_is_done(
    server: &Server,
    cluster: &Cluster,
    url: &str,
) {
    kill(service(server), Signal::SIGSTOP).expect("it runs");
    let message = node_is(cluster, "False").await;
    assert!(message.contains("no answer within 5 seconds"), "{message}");
    cluster.apply_one(shop::component(PROJECT, "late", "service")).await;
    cluster.apply_one(shop::workload(PROJECT, "late", IMAGE, "late")).await;
    let waits = |binding: &ReleaseBinding| condition(binding, "Ready").0 == "False";
    cluster.until("default", "late-development", "told as not ready", waits).await;
    assert_eq!(web::get(url).await, (StatusCode::OK, "firm at /".into()));
    kill(service(server), Signal::SIGCONT).expect("it runs");
    node_is(cluster, "True").await;
    let late = web::address(&cluster.ready("default", "late-development").await, "http");
    web::until(&late, (StatusCode::OK, "late at /")).await;
}

async fn a_network_that_vanished_is_made_again(server: &Server, cluster: &Cluster, url: &str) {
    let engine = &images::engine(server).await;
    let namespace = model::names::runtime_namespace("default", PROJECT, "development");
    let ours = async || -> Vec<(String, String)> {
        let all = engine.list_networks(None::<ListNetworksOptions>).await.expect("listed").into_iter();
        let labelled = all.filter(|network| {
            let labels = network.labels.as_ref();
            labels.and_then(|labels| labels.get(node::NETWORK_NAMESPACE_LABEL)) == Some(&namespace)
        });
        labelled.filter_map(|network| Some((network.name?, network.id?))).collect()
    };
    let before = ours().await;
    let [(name, id)] = before.as_slice() else { panic!("{before:?}") };
    // An engine gives a network up only without its containers, which the server would bring back.
    let process = Pid::from_raw(server.pid().cast_signed());
    kill(process, Signal::SIGSTOP).expect("it runs");
    let force = RemoveContainerOptions { force: true, ..RemoveContainerOptions::default() };
    for container in images::running(engine, IMAGE).await {
        let _ = engine.remove_container(&container, Some(force.clone())).await;
    }
    let removed = engine.remove_network(name).await;
    kill(process, Signal::SIGCONT).expect("it is stopped");
    removed.expect("the network goes");
    web::until(url, (StatusCode::OK, "firm at /")).await;
    let after = ours().await;
    assert!(after.len() == 1 && after[0].0 == *name && after[0].1 != *id, "{before:?} {after:?}");
    cluster.ready("default", "firm-development").await;
}

/// The process of the engine's service.
fn service(server: &Server) -> Pid {
    let text = std::fs::read_to_string(server.place.data().join("node/podman/pid")).expect("a number");
    Pid::from_raw(text.trim().parse().expect("a number"))
}

/// Waits until the Node's condition is so; answers its message.
async fn node_is(cluster: &Cluster, status: &str) -> String {
    let nodes: Api<Node> = Api::all(cluster.0.clone());
    let ready = |node: &Node| {
        let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
        conditions.into_iter().flatten().find(|condition| condition.type_ == "Ready").cloned()
    };
    let is = |node: Option<&Node>| node.and_then(ready).is_some_and(|found| found.status == status);
    let found = tokio::time::timeout(PATIENCE, await_condition(nodes, "local", is)).await;
    let node = found.unwrap_or_else(|_| panic!("the Node never was {status}")).expect("watched").expect("there");
    ready(&node).and_then(|found| found.message).expect("a message")
}

/// Waits for an Event about the Node; answers its message. The condition may have changed again by then.
async fn node_event(cluster: &Cluster, reason: &str) -> String {
    let events = watcher(cluster.api::<Event>("default"), watcher::Config::default()).applied_objects();
    let about = |event: &Event| {
        event.involved_object.kind.as_deref() == Some("Node") && event.reason.as_deref() == Some(reason)
    };
    let found = events.try_filter(|event| std::future::ready(about(event)));
    let found = tokio::time::timeout(PATIENCE, Box::pin(found).try_next()).await;
    let event = found.unwrap_or_else(|_| panic!("no event {reason}")).expect("watched").expect("an event");
    event.message.expect("a message")
}

/// Name, container and restarts of the pods of the component that runs on.
async fn pods(cluster: &Cluster) -> Vec<(String, String, i32)> {
    let namespace = model::names::runtime_namespace("default", PROJECT, "development");
    let all = cluster.all::<Pod>(&namespace).await.into_iter();
    let firm = all.filter(|pod| pod.metadata.name.as_ref().is_some_and(|name| name.starts_with("firm-")));
    firm.map(|pod| {
        let container =
            pod.status.and_then(|status| status.container_statuses?.into_iter().next()).expect("a container");
        (pod.metadata.name.expect("a name"), container.container_id.expect("an id"), container.restart_count)
    })
    .collect()
}
