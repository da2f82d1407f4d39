//! What an engine that was killed in the middle of something leaves: a container that it knows of and has lost the files of
//! (Podman then lists no container at all), and files of a container that it does not know, which keep its name.

use crate::cluster::{Cluster, condition};
use crate::server::{PATIENCE, Server, possible};
use crate::{images, shop, web};
use bollard::query_parameters::KillContainerOptions;
use k8s_openapi::api::core::v1::Pod;
use model::{Component, Project, ReleaseBinding};
use nix::sys::signal::Signal;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::path::PathBuf;

const PROJECT: &str = "wreck";
const IMAGE: &str = "localhost/oc-e2e-wreck:1";

#[tokio::test(flavor = "multi_thread")]
async fn a_container_whose_files_the_engine_has_lost_is_replaced_and_the_others_run_on() {
    if !possible() {
        return;
    }
    let mut server = Server::start(&[]);
    if !server.line("engine").contains("podman.sock") {
        println!("skipped: another engine than a Podman of this server's own");
        return;
    }
    let engine = images::engine(&server).await;
    images::bring(&engine, IMAGE, "program").await;
    let cluster = Cluster(server.client().await);
    cluster.apply_all(shop::project(PROJECT)).await;
    for name in ["lost", "kept"] {
        cluster.apply_one(shop::component(PROJECT, name, "service")).await;
        cluster.apply_one(shop::workload(PROJECT, name, IMAGE, name)).await;
    }
    let lost = web::address(&cluster.ready("default", "lost-development").await, "http");
    let kept = web::address(&cluster.ready("default", "kept-development").await, "http");
    web::until(&lost, (StatusCode::OK, "lost at /")).await;
    let before = images::running_by_name(&engine, IMAGE).await;
    let of = |name: &str| before.iter().find(|(known, _)| known.contains(&format!("_{name}-"))).expect("a container");
    let (wreck, other) = (of("lost").1.clone(), of("kept").1.clone());

    let port = server.gateway_port().to_string();
    tokio::task::block_in_place(|| server.end(Signal::SIGKILL));
    let mut containers = book(&server);
    containers.retain(|container| container["id"] != wreck.as_str());
    write_book(&server, &containers);
    tokio::task::block_in_place(|| server.start_again(&["--gateway-port", &port]));

    web::until(&lost, (StatusCode::OK, "lost at /")).await;
    web::until(&kept, (StatusCode::OK, "kept at /")).await;
    let after: Vec<String> = images::running(&images::engine(&server).await, IMAGE).await;
    assert!(after.contains(&other) && !after.contains(&wreck) && after.len() == 2, "{before:?} {after:?}");
    files_that_no_container_has_keep_no_name(&mut server, &port).await;
    let cluster = Cluster(server.client().await);
    for name in ["lost", "kept"] {
        cluster.ready("default", &format!("{name}-development")).await;
        cluster.delete::<Component>("default", name).await;
        cluster.gone::<Component>("default", name).await;
    }
    cluster.delete::<Project>("default", PROJECT).await;
    cluster.gone::<Project>("default", PROJECT).await;
    tokio::task::block_in_place(|| drop(server));
}

async fn files_that_no_container_has_keep_no_name(server: &mut Server, port: &str) {
    let cluster = Cluster(server.client().await);
    cluster.apply_one(shop::component(PROJECT, "never", "service")).await;
    cluster.apply_one(shop::workload(PROJECT, "never", "localhost/oc-e2e-wreck:none", "never")).await;
    let no_image = |binding: &ReleaseBinding| condition(binding, "Ready").2.contains("oc-e2e-wreck:none");
    cluster.until("default", "never-development", "told to have no image", no_image).await;
    let pod = pod(&cluster, "never-").await;
    let never = format!(
        "k8s_main_{}_{}_{}_0",
        pod.metadata.name.as_deref().expect("a name"),
        pod.metadata.namespace.as_deref().expect("a namespace"),
        pod.metadata.uid.as_deref().expect("an id"),
    );
    let running = images::running_by_name(&images::engine(server).await, IMAGE).await;
    let (name, id) = running.into_iter().find(|(name, _)| name.contains("_kept-")).expect("a container");
    let next =
        name.trim_start_matches('/').strip_suffix('0').map(|first| format!("{first}1")).expect("a first attempt");

    tokio::task::block_in_place(|| server.end(Signal::SIGKILL));
    let mut containers = book(server);
    let known = containers.iter().find(|container| container["id"] == id.as_str()).expect("it is there").clone();
    for (name, digit) in [(&next, "a"), (&never, "b")] {
        let mut unknown = known.clone();
        unknown["id"] = digit.repeat(64).into();
        unknown["layer"] = digit.repeat(64).into();
        unknown["names"] = json!([name]);
        containers.push(unknown);
    }
    write_book(server, &containers);
    tokio::task::block_in_place(|| server.start_again(&["--gateway-port", port]));

    let engine = images::engine(server).await;
    engine.kill_container(&id, None::<KillContainerOptions>).await.expect("killed");
    let cluster = Cluster(server.client().await);
    let again = async {
        while !images::running_by_name(&engine, IMAGE).await.iter().any(|(name, _)| name.ends_with(&next)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("the container is started again under the name");
    assert!(server.place.log().contains("files of a container that it does not know"), "the name was taken");
    let kept = web::address(&cluster.ready("default", "kept-development").await, "http");
    // While another pod of the network runs, this computer keeps the Ethernet address that it knows the pod by.
    web::until(&kept, (StatusCode::OK, "kept at /")).await;
    cluster.delete::<Component>("default", "never").await;
    cluster.gone::<Component>("default", "never").await;
    let left: Vec<Value> = book(server).iter().map(|container| container["names"][0].clone()).collect();
    assert!(!left.contains(&json!(never)), "{left:?}");
}

async fn pod(cluster: &Cluster, start: &str) -> Pod {
    let namespace = model::names::runtime_namespace("default", PROJECT, "development");
    let mut all = cluster.all::<Pod>(&namespace).await.into_iter();
    all.find(|pod| pod.metadata.name.as_ref().is_some_and(|name| name.starts_with(start))).expect("a pod")
}

fn book_at(server: &Server) -> PathBuf {
    server.place.path("graph").join("overlay-containers/containers.json")
}

/// What Podman has files of.
fn book(server: &Server) -> Vec<Value> {
    let text = std::fs::read_to_string(book_at(server)).expect("Podman's book of containers");
    serde_json::from_str(&text).expect("JSON")
}

fn write_book(server: &Server, containers: &[Value]) {
    std::fs::write(book_at(server), serde_json::to_string(containers).expect("JSON")).expect("written");
}
