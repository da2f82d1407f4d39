//! Effects that do not work, clusters that go and come back, kinds that are not served.

use http::StatusCode;
use reconcile::engine::Cluster as EngineCluster;
use serde_json::json;

use crate::cluster::{Cluster, Fault, Process};
use crate::copies::{DEPLOYMENTS, MAPS, actual, deployment, expected, plane, setting, start};

fn reason(control: &Cluster) -> serde_json::Value {
    let condition = &control.get(DEPLOYMENTS, "ns", "web").unwrap()["status"]["conditions"][0];
    json!([condition["reason"], condition["message"]])
}

#[tokio::test]
async fn a_failure_is_told_and_tried_again() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 1));
    data.fail_next([Fault::Before; 8]);
    let engine = start(&control, &data);
    let settled = engine.settled().await;
    let words =
        "cannot apply ConfigMap copies/ns-web on clusterdataplane/default: the write failed on purpose (Unavailable)";
    assert_eq!(settled.failing, [("copies", ("ns", "web").into(), words.to_owned())]);
    assert_eq!(reason(&control), json!(["Failed", "the write failed on purpose"]));
    // A change of what is desired is tried at once, whatever the backoff.
    data.fail_next([]);
    let writes = control.writes().len();
    engine.settled().await;
    assert_eq!(control.writes().len(), writes, "a failure that stays the same is written once");
    engine.shutdown().await;
}

#[tokio::test]
async fn a_failure_goes_away_with_its_cause() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 1));
    data.fail_next([Fault::Before, Fault::After]);
    let engine = start(&control, &data);
    assert_eq!(engine.settled().await.failing, []);
    assert_eq!(actual(&control, &data), expected(&control));
    engine.shutdown().await;
}

#[tokio::test]
async fn a_plane_that_is_away_is_reported_and_comes_back() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 1));
    let engine = start(&control, &data);
    engine.settled().await;
    data.down(Some(StatusCode::BAD_GATEWAY));
    engine
        .until(|snapshot| {
            snapshot.clusters.iter().any(|(id, state)| *id == plane() && state == "unavailable: the server is down")
        })
        .await;
    control.put(&setting("ns", "blue"));
    engine.settled().await;
    assert_eq!(reason(&control), json!(["Failed", "the server is down"]));
    data.down(None);
    engine.until(|snapshot| snapshot.clusters.iter().all(|(_, state)| state == "reachable")).await;
    engine.settled().await;
    assert_eq!(actual(&control, &data), expected(&control));
    engine.shutdown().await;
}

#[tokio::test]
async fn a_kind_that_is_not_served_is_an_answer_and_is_found_when_it_appears() {
    let (control, data) = (Cluster::new(), Cluster::new());
    data.serve_kind("configmaps", false);
    control.put(&deployment("ns", "web", 1));
    let engine = start(&control, &data);
    engine.settled().await;
    let words = "v1 ConfigMap on clusterdataplane/default is not served; install its custom resource definition";
    assert_eq!(reason(&control), json!(["Unseen", words]));
    data.serve_kind("configmaps", true);
    engine.until(|snapshot| snapshot.caches.iter().all(|cache| cache.state == "synced")).await;
    engine.settled().await;
    assert_eq!(actual(&control, &data), expected(&control));
    engine.shutdown().await;
}

#[tokio::test]
async fn a_plane_can_be_added_replaced_and_removed() {
    let (control, data, other) = (Cluster::new(), Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 1));
    let engine = start(&control, &data);
    engine.settled().await;
    engine.remove_cluster(plane()).await;
    let words = "v1 ConfigMap on clusterdataplane/default is unavailable: no connection to it is configured";
    engine.until(|_| reason(&control) == json!(["Unseen", words])).await;
    engine.add_cluster(EngineCluster::new(plane(), other.client(&Process::default()))).await;
    engine.until(|_| actual(&control, &other) == expected(&control)).await;
    engine.shutdown().await;
}

#[tokio::test]
async fn a_dependent_that_somebody_else_keeps_undoing_is_reported_as_a_loop() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 1));
    let engine = start(&control, &data);
    engine.settled().await;
    engine
        .until(|_| {
            // Taken away as soon as it is there, until the engine has had enough.
            data.remove(MAPS, "copies", "ns-web");
            engine.metrics().loops > 0
        })
        .await;
    let snapshot = engine.snapshot();
    assert_eq!(snapshot.keys, 1);
    engine.shutdown().await;
}
