//! A component under steady load through the gateway while it is changed: no request may fail.

use crate::cluster::{Cluster, condition};
use crate::server::{possible, shared};
use crate::{images, shop, web};
use model::{Component, Project, ReleaseBinding};
use reqwest::{Client, StatusCode};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const PROJECT: &str = "steady";
/// Clients that ask one request after the other.
const CLIENTS: usize = 4;

/// Clients that ask until told to stop.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Answers>>,
}

/// What was answered.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) good: usize,
    /// What else came, of requests that were begun when.
    pub(crate) bad: Vec<(Instant, String)>,
}

/// What is waited after a request that failed: a server that is not there is not asked a thousand times a second.
const PAUSE: Duration = Duration::from_millis(10);

impl Load {
    pub(crate) fn on(url: &str) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let parsed = reqwest::Url::parse(url).expect("a URL");
        let host = parsed.host_str().expect("a host").to_owned();
        let port = parsed.port_or_known_default().expect("a port");
        let clients = (0..CLIENTS).map(|number| {
            let (stop, url, host) = (stop.clone(), url.to_owned(), host.clone());
            tokio::spawn(async move {
                let client = Client::builder().no_proxy().resolve(&host, ([127, 0, 0, 1], port).into());
                let client = client.timeout(Duration::from_secs(20)).build().expect("a client");
                // Some requests take a while, so that some are under way whenever a pod is told to stop.
                let path = if number % 2 == 0 { "" } else { "/slow/50" };
                let mut told = Answers::default();
                while !stop.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let bad = match client.get(format!("{url}{path}")).send().await {
                        Ok(answer) if answer.status() == StatusCode::OK => match answer.text().await {
                            Ok(_) => {
                                told.good += 1;
                                continue;
                            }
                            Err(error) => format!("broke off: {error:?}"),
                        },
                        Ok(answer) => {
                            let status = answer.status();
                            format!("{status}: {}", answer.text().await.unwrap_or_default().trim())
                        }
                        Err(error) => format!("{error:?}"),
                    };
                    told.bad.push((begun, bad));
                    tokio::time::sleep(PAUSE).await;
                }
                told
            })
        });
        Load { clients: clients.collect(), stop }
    }

    /// All that was answered.
    pub(crate) async fn end(self) -> Answers {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Answers::default();
        for client in self.clients {
            let told = client.await.expect("a client");
            all.good += told.good;
            all.bad.extend(told.bad);
        }
        all
    }
}

async fn none_failed(load: Load, during: &str) {
    let told = load.end().await;
    assert!(told.good > 0 && told.bad.is_empty(), "during {during}: {told:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_a_component_is_updated_promoted_and_rolled_back() {
    if !possible() {
        return;
    }
    let server = shared();
    let engine = images::engine(&server).await;
    let cluster = Cluster(server.client().await);
    let image = "localhost/oc-e2e-steady:1";
    images::bring(&engine, image, "program").await;
    cluster.apply_all(shop::project(PROJECT)).await;
    cluster.apply_one(shop::component(PROJECT, "steady", "service")).await;
    cluster.apply_one(shop::workload(PROJECT, "steady", image, "first")).await;
    let first = cluster.ready("default", "steady-development").await;
    let url = web::address(&first, "http");
    let old = first.spec.release_name.clone();

    // A new release replaces the only pod.
    let load = Load::on(&url);
    cluster.apply_one(shop::workload(PROJECT, "steady", image, "second")).await;
    let moved = |binding: &ReleaseBinding| binding.spec.release_name != old && condition(binding, "Ready").0 == "True";
    let second = cluster.until("default", "steady-development", "moved to the new release", moved).await;
    web::until(&url, (StatusCode::OK, "second at /")).await;
    none_failed(load, "a rolling update").await;

    // The next environment gets the release, then a newer one with other settings.
    let new = second.spec.release_name.clone();
    cluster.apply_one(shop::binding(PROJECT, "steady", "staging", &old, json!({}))).await;
    let staged = web::address(&cluster.ready("default", "steady-staging").await, "http");
    let load = Load::on(&staged);
    let more = json!({"componentTypeEnvironmentConfigs": {"replicas": 2}});
    cluster.apply_one(shop::binding(PROJECT, "steady", "staging", &new, more)).await;
    web::until(&staged, (StatusCode::OK, "second at /")).await;
    cluster.ready("default", "steady-staging").await;
    none_failed(load, "a promotion").await;

    // And back.
    let load = Load::on(&staged);
    cluster.apply_one(shop::binding(PROJECT, "steady", "staging", &old, json!({}))).await;
    web::until(&staged, (StatusCode::OK, "first at /")).await;
    cluster.ready("default", "steady-staging").await;
    none_failed(load, "a rollback").await;

    cluster.delete::<Component>("default", "steady").await;
    cluster.gone::<Component>("default", "steady").await;
    cluster.delete::<Project>("default", PROJECT).await;
    cluster.gone::<Project>("default", PROJECT).await;
    images::remove(&engine, image).await;
}
