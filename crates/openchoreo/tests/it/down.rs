//! `openchoreo down`: what a killed server left is taken away, its data is not.

use crate::cluster::Cluster;
use crate::remains::{Remains, in_podman};
use crate::server::{Place, Server, possible};
use crate::{images, shop, web};
use nix::sys::signal::Signal;
use reqwest::StatusCode;

const PROJECT: &str = "down";
const IMAGE: &str = "localhost/oc-e2e-down:1";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_left_is_taken_away_and_comes_back_from_its_data() {
    if !possible() {
        return;
    }
    let mut server = Server::start(&[]);
    let engine = images::engine(&server).await;
    images::bring(&engine, IMAGE, "program").await;
    let cluster = Cluster(server.client().await);
    cluster.apply_all(shop::with_service(PROJECT, "left", IMAGE)).await;
    cluster.ready("default", "left-development").await;

    let refused = server.place.program("down").output().expect("runs");
    let words = String::from_utf8(refused.stderr).expect("text");
    assert_eq!(refused.status.code(), Some(1), "{words}");
    assert!(words.contains(&format!("in use by process {}", server.pid())), "{words}");

    let port = server.gateway_port().to_string();
    let remains = Remains::of(&server.place);
    let mut server = tokio::task::spawn_blocking(move || {
        server.end(Signal::SIGKILL);
        server
    })
    .await
    .expect("killed");
    assert!(remains.now().len() > 2, "a killed server leaves interface and rules: {:?}", remains.now());
    let mut down = server.place.program("down");
    if !server.line("engine").contains("podman.sock") {
        down.args(["--engine", server.line("engine")]);
    }
    let done = down.output().expect("runs");
    let words = String::from_utf8(done.stdout).expect("text");
    assert_eq!(done.status.code(), Some(0), "{words} {}", String::from_utf8_lossy(&done.stderr));
    assert!(words.starts_with("removed 1 containers, "), "{words}");
    assert_eq!(remains.now(), Vec::<String>::new());
    if let Some(left) = in_podman(&server) {
        assert_eq!(left, "");
    }

    server = tokio::task::spawn_blocking(move || {
        server.start_again(&["--gateway-port", &port]);
        server
    })
    .await
    .expect("it starts again");
    let cluster = Cluster(server.client().await);
    let url = web::address(&cluster.ready("default", "left-development").await, "http");
    web::until(&url, (StatusCode::OK, "left at /")).await;
    tokio::task::spawn_blocking(move || drop(server)).await.expect("ends");
}

#[test]
fn a_folder_that_is_not_there_is_named_and_not_made() {
    let place = Place::new();
    let refused = place.program("down").output().expect("runs");
    let words = String::from_utf8(refused.stderr).expect("text");
    assert_eq!(refused.status.code(), Some(1), "{words}");
    assert!(words.contains(&place.data().display().to_string()) && words.contains("--data-dir"), "{words}");
    assert!(!place.data().exists());
}
