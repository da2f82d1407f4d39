//! The server stopped, and killed, and started again under steady load: what runs on is there for all but a moment.

use crate::cluster::Cluster;
use crate::server::{Server, possible};
use crate::steady_load::Load;
use crate::{images, shop, web};
use nix::sys::signal::Signal;
use reqwest::StatusCode;

const PROJECT: &str = "restart";
const IMAGE: &str = "localhost/oc-e2e-restart:1";

#[tokio::test(flavor = "multi_thread")]
async fn requests_fail_only_until_a_server_that_starts_again_listens() {
    if !possible() {
        return;
    }
    let mut server = Server::prepare();
    server.start_to_leave(&[]);
    let port = server.gateway_port().to_string();
    let engine = images::engine(&server).await;
    images::bring(&engine, IMAGE, "program").await;
    let cluster = Cluster(server.client().await);
    cluster.apply_all(shop::with_service(PROJECT, "firm", IMAGE)).await;
    let url = web::address(&cluster.ready("default", "firm-development").await, "http");
    web::until(&url, (StatusCode::OK, "firm at /")).await;
    let before = images::running(&engine, IMAGE).await;

    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let load = Load::on(&url);
        assert_eq!(web::get(&url).await, (StatusCode::OK, "firm at /".into()));
        let port = port.clone();
        let again = tokio::task::spawn_blocking(move || {
            let stopped = server.end(signal);
            assert_eq!(stopped.success(), signal == Signal::SIGTERM, "{}", server.place.log());
            server.start_to_leave(&["--gateway-port", &port]);
            server
        });
        server = again.await.expect("it starts again");
        assert_eq!(web::get(&url).await, (StatusCode::OK, "firm at /".into()));
        let told = load.end().await;
        // From the first line on its ports are bound: whoever connects waits, and is answered.
        let listens = server.told_at("data");
        let failed: Vec<_> = told.bad.iter().filter(|(begun, _)| *begun > listens).collect();
        assert!(told.good > 0 && failed.is_empty(), "after {signal}: {failed:?}");
        let engine = images::engine(&server).await;
        assert_eq!(images::running(&engine, IMAGE).await, before, "running containers are not restarted");
    }
    tokio::task::spawn_blocking(move || drop(server)).await.expect("ends");
}
