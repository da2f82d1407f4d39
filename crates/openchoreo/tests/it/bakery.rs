//! The example with resources: a web front, two services, a worker and a scheduled task that share a PostgreSQL and a Valkey
//! with passwords that nobody chose. What was written is there after everything was killed and removed.

use crate::cluster::Cluster;
use crate::server::{PATIENCE, Server, possible};
use crate::{images, web};
use kube::api::{Patch, PatchParams};
use model::{ReleaseBinding, Resource, ResourceReleaseBinding};
use nix::sys::signal::Signal;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const COMPONENTS: [&str; 5] = ["web", "menu", "orders", "oven", "tally"];
const RESOURCES: [&str; 2] = ["orders-database", "orders-queue"];

fn manifest(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bakery/manifests").join(name);
    std::fs::read_to_string(path).expect("the example's manifest")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_with_databases_runs_and_its_data_survives_the_loss_of_everything_that_runs() {
    if !possible() {
        return;
    }
    let Some(parts) = images::bakery() else { return };
    let mut server = tokio::task::spawn_blocking(|| Server::start(&[])).await.expect("it starts");
    parts.bring(&images::engine(&server).await).await;
    let cluster = Cluster(server.client().await);
    for name in ["types.yaml", "project.yaml", "resources.yaml"] {
        cluster.apply(&manifest(name)).await;
    }
    for name in COMPONENTS {
        cluster.apply(&manifest(&format!("{name}.yaml"))).await;
    }
    for name in RESOURCES {
        pin(&cluster, name).await;
    }
    // Sooner than the minute that a schedule's five fields can say.
    cluster.until("default", "tally-development", "there", |_: &ReleaseBinding| true).await;
    let often = json!({"spec": {"componentTypeEnvironmentConfigs": {"schedule": "@every 3s"}}});
    let bindings = cluster.api::<ReleaseBinding>("default");
    bindings.patch("tally-development", &PatchParams::default(), &Patch::Merge(often)).await.expect("patched");
    for name in RESOURCES {
        ready(&cluster, name).await;
    }
    let mut url = String::new();
    for name in COMPONENTS {
        let binding = cluster.ready("default", &format!("{name}-development")).await;
        if name == "web" {
            url = web::address(&binding, "http");
        }
    }

    assert_eq!(web::get(&format!("{url}/")).await.0, StatusCode::OK);
    let (status, order) = web::post(&format!("{url}/api/orders"), &json!({"bread": "rye"})).await;
    assert_eq!(
        (status, order),
        (StatusCode::CREATED, json!({"id": 1, "bread": "rye", "cents": 420, "state": "ordered"}))
    );
    let baked = |id: i64| json!({"id": id, "bread": "rye", "cents": 420, "state": "baked"});
    until(&format!("{url}/api/orders"), |answer| *answer == json!({"orders": [baked(1)]})).await;
    until(&format!("{url}/api/tallies"), |answer| answer["most"] == 1).await;
    let asked = json!({"bread": "rye", "cents": 420, "asked": 2});
    assert_eq!(web::get_json(&format!("{url}/api/menu/rye")).await, (StatusCode::OK, asked));
    nobody_sees_the_passwords(&server, &cluster).await;

    let gateway_port = server.gateway_port().to_string();
    let server = tokio::task::spawn_blocking(move || {
        assert!(!server.end(Signal::SIGKILL).success());
        images::remove_all_containers(&server);
        server.start_again(&["--gateway-port", &gateway_port]);
        server
    });
    let server = server.await.expect("it starts again");
    until(&format!("{url}/api/orders"), |answer| *answer == json!({"orders": [baked(1)]})).await;
    until(&format!("{url}/api/menu/rye"), |answer| answer["asked"].as_i64().is_some_and(|asked| asked > 2)).await;
    let (status, order) = web::post(&format!("{url}/api/orders"), &json!({"bread": "rye"})).await;
    assert_eq!((status, order["id"].as_i64().is_some_and(|id| id > 1)), (StatusCode::CREATED, true), "{order}");
    let id = order["id"].as_i64().unwrap_or_default();
    until(&format!("{url}/api/orders"), |answer| *answer == json!({"orders": [baked(1), baked(id)]})).await;
    let cluster = Cluster(server.client().await);
    for name in COMPONENTS {
        cluster.ready("default", &format!("{name}-development")).await;
    }
    for name in RESOURCES {
        ready(&cluster, name).await;
    }
    tokio::task::spawn_blocking(move || drop(server)).await.expect("it ends");
}

/// Deploys the resource's latest release, as a person would.
async fn pin(cluster: &Cluster, name: &str) {
    let latest = |resource: &Resource| {
        resource.status.as_ref().and_then(|status| status.latest_release.as_ref()).map(|release| release.name.clone())
    };
    let resource = cluster.until("default", name, "released", |resource: &Resource| latest(resource).is_some()).await;
    let pinned = json!({"spec": {"resourceRelease": latest(&resource)}});
    let bindings = cluster.api::<ResourceReleaseBinding>("default");
    let name = format!("{name}-development");
    bindings.patch(&name, &PatchParams::default(), &Patch::Merge(pinned)).await.expect("patched");
}

async fn ready(cluster: &Cluster, name: &str) {
    let holds = |binding: &ResourceReleaseBinding| {
        binding.status.iter().flat_map(|status| &status.conditions).any(|condition| {
            condition.type_ == "Ready"
                && condition.status == "True"
                && condition.observed_generation == binding.metadata.generation
        })
    };
    cluster.until("default", &format!("{name}-development"), "ready", holds).await;
}

/// Asks until the answer is as wanted: what a program has in its database no object tells.
async fn until(url: &str, wanted: impl Fn(&Value) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, answer) = web::get_json(url).await;
        if status == StatusCode::OK && wanted(&answer) {
            return;
        }
        assert!(Instant::now() < deadline, "{url} answers {status} {answer}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The generated passwords are in the data plane's Secrets and in no object of ours, nor in the log.
async fn nobody_sees_the_passwords(server: &Server, cluster: &Cluster) {
    let namespace = model::names::runtime_namespace("default", "bakery", "development");
    let secrets = cluster.all::<k8s_openapi::api::core::v1::Secret>(&namespace).await;
    let passwords: Vec<String> = secrets
        .iter()
        .filter_map(|secret| secret.data.as_ref()?.get("password"))
        .map(|password| String::from_utf8(password.0.clone()).expect("text"))
        .collect();
    assert_eq!(passwords.len(), 2, "{passwords:?}");
    assert!(passwords.iter().all(|password| password.len() == 32) && passwords[0] != passwords[1]);
    let bindings = format!(
        "{:?} {:?}",
        cluster.all::<ReleaseBinding>("default").await,
        cluster.all::<ResourceReleaseBinding>("default").await
    );
    let log = server.place.log();
    for password in &passwords {
        assert!(!bindings.contains(password.as_str()) && !log.contains(password.as_str()));
    }
}
