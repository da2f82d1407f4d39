//! The sample that v1.2's users begin with, unchanged.

use crate::cluster::{Cluster, condition, sample};
use crate::server::{Server, possible};
use crate::{images, web};
use model::ReleaseBinding;
use reqwest::StatusCode;
use std::time::{Duration, Instant};

const IMAGE: &str = "ghcr.io/openchoreo/samples/greeter-service:latest";

/// A missing image is told within seconds, whatever the registry does.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn the_unchanged_sample_names_its_missing_image_and_answers_once_it_is_built() {
    let (Some(platform), Some(greeter)) =
        (sample("getting-started/all.yaml"), sample("from-image/go-greeter-service/greeter-service.yaml"))
    else {
        return;
    };
    if !possible() {
        return;
    }
    let server = Server::start(&["--no-platform"]);
    let engine = images::engine(&server).await;
    if images::is_there(&engine, IMAGE).await {
        println!("skipped: this engine has an image {IMAGE} of its own");
        return;
    }
    let cluster = Cluster(server.client().await);
    cluster.apply(&platform).await;
    cluster.apply(&greeter).await;
    let begun = Instant::now();
    let binding = "greeter-service-development";
    let missing = |binding: &ReleaseBinding| {
        let (status, _, message) = condition(binding, "Ready");
        status == "False" && message.contains(IMAGE)
    };
    let told = cluster.until("default", binding, "blamed on the image", missing).await;
    assert!(begun.elapsed() < SOON, "told after {:?}: {:?}", begun.elapsed(), condition(&told, "Ready"));

    images::bring(&engine, IMAGE, "go-greeter").await;
    let ready = cluster.ready("default", binding).await;
    let url = web::address(&ready, "http");
    let expected =
        format!("http://development-default.openchoreoapis.localhost:{}/greeter-service-http", server.gateway_port());
    assert_eq!(url, expected);
    assert_eq!(web::get(&url).await, (StatusCode::OK, "the fixture at /".into()));
    assert_eq!(web::get(&format!("{url}/env/LOG_LEVEL")).await, (StatusCode::OK, "info".into()));
    assert_eq!(web::get(&format!("{url}/env/GITHUB_TOKEN")).await, (StatusCode::OK, "example-token".into()));
}
