//! A container that the engine knows of and has lost the files of, as one that was killed in the middle of a removal leaves
//! it. Podman then lists no container at all.

use crate::cluster::Cluster;
use crate::server::{Server, possible};
use crate::{images, shop, web};
use model::{Component, Project};
use nix::sys::signal::Signal;
use reqwest::StatusCode;
use serde_json::Value;

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
    let book = server.place.path("graph").join("overlay-containers/containers.json");
    let text = std::fs::read_to_string(&book).expect("Podman's book of containers");
    let mut containers: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    containers.retain(|container| container["id"] != wreck.as_str());
    std::fs::write(&book, serde_json::to_string(&containers).expect("JSON")).expect("written");
    tokio::task::block_in_place(|| server.start_again(&["--gateway-port", &port]));

    let cluster = Cluster(server.client().await);
    web::until(&lost, (StatusCode::OK, "lost at /")).await;
    web::until(&kept, (StatusCode::OK, "kept at /")).await;
    let after: Vec<String> = images::running(&images::engine(&server).await, IMAGE).await;
    assert!(after.contains(&other) && !after.contains(&wreck) && after.len() == 2, "{before:?} {after:?}");
    for name in ["lost", "kept"] {
        cluster.ready("default", &format!("{name}-development")).await;
        cluster.delete::<Component>("default", name).await;
        cluster.gone::<Component>("default", name).await;
    }
    cluster.delete::<Project>("default", PROJECT).await;
    cluster.gone::<Project>("default", PROJECT).await;
    tokio::task::block_in_place(|| drop(server));
}
