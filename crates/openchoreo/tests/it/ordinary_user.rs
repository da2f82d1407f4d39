//! The server of a user without rights over networks: in the namespace of the user's own Podman, by itself.

use crate::cluster::Cluster;
use crate::server::{Server, User, possible};
use crate::{images, shop, web};
use nix::sys::signal::Signal;
use reqwest::StatusCode;
use serde_json::json;

const PROJECT: &str = "mine";
const IMAGE: &str = "localhost/oc-e2e-mine:1";

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_user_runs_everything_and_leaves_nothing() {
    if !possible() {
        return;
    }
    let Some(user) = User::ordinary() else { return };
    let server = tokio::task::spawn_blocking(move || Server::start_as(Some(user), &[])).await.expect("it starts");
    assert!(server.line("network").contains("no root needed"), "{}", server.line("network"));
    let engine = images::engine(&server).await;
    images::bring(&engine, IMAGE, "program").await;
    let cluster = Cluster(server.client().await);
    cluster.apply_all(shop::with_service(PROJECT, "back", IMAGE)).await;
    cluster.apply_one(shop::component(PROJECT, "front", "service")).await;
    let mut front = shop::workload(PROJECT, "front", IMAGE, "front");
    front["spec"]["dependencies"] = json!({"endpoints": [
        {"component": "back", "name": "http", "visibility": "project", "envBindings": {"address": "BACK"}},
    ]});
    cluster.apply_one(front).await;
    let url = web::address(&cluster.ready("default", "front-development").await, "http");
    cluster.ready("default", "back-development").await;
    // From this computer through the gateway, and between pods through name and virtual IP.
    web::until(&format!("{url}/via/BACK/x"), (StatusCode::OK, "back at /x")).await;

    let port = server.gateway_port().to_string();
    let again = tokio::task::spawn_blocking(move || {
        let mut server = server;
        assert!(!server.end(Signal::SIGKILL).success());
        server.start_again(&["--gateway-port", &port]);
        server
    });
    let mut server = again.await.expect("it starts again");
    web::until(&format!("{url}/via/BACK/y"), (StatusCode::OK, "back at /y")).await;
    let ended = tokio::task::spawn_blocking(move || (server.end(Signal::SIGTERM), server)).await.expect("it ends");
    assert_eq!(ended.0.code(), Some(0), "{}", ended.1.place.log());
    let mut podman = ended.1.place.podman();
    let left = podman.args(["ps", "-a", "-q", "--external"]).output().expect("podman runs");
    assert_eq!(String::from_utf8_lossy(&left.stdout), "");
}
