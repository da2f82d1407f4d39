//! Single things that the engine does, one at a time.

use reconcile::ClusterId;
use serde_json::json;

use crate::cluster::Cluster;
use crate::copies::{self, DEPLOYMENTS, FINALIZER, MAPS, actual, deployment, expected, friend, plane, setting, start};

#[tokio::test]
async fn an_object_gets_its_finalizer_its_dependent_and_one_status() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 2));
    let engine = start(&control, &data);
    let settled = engine.settled().await;
    assert_eq!(settled.failing, []);
    assert_eq!(actual(&control, &data), expected(&control));
    assert_eq!(control.get(DEPLOYMENTS, "ns", "web").unwrap()["metadata"]["finalizers"], json!([FINALIZER]));
    assert_eq!(
        control.writes(),
        [
            "PATCH /apis/apps/v1/namespaces/ns/deployments/web",
            "PATCH /apis/apps/v1/namespaces/ns/deployments/web/status"
        ]
    );
    assert_eq!(data.writes(), ["PATCH /api/v1/namespaces/copies/configmaps/ns-web"]);
    engine.shutdown().await;
}

#[tokio::test]
async fn at_rest_nothing_is_asked() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 2));
    let engine = start(&control, &data);
    engine.settled().await;
    let before = (control.requests(), data.requests(), engine.metrics());
    tokio::task::yield_now().await;
    let snapshot = engine.snapshot();
    assert_eq!(snapshot.unsettled, []);
    assert_eq!((control.requests(), data.requests(), engine.metrics()), before);
    engine.shutdown().await;
}

#[tokio::test]
async fn what_was_absent_wakes_when_it_appears_and_when_it_goes() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 1));
    let engine = start(&control, &data);
    engine.settled().await;
    control.put(&setting("ns", "blue"));
    engine.settled().await;
    assert_eq!(data.get(MAPS, "copies", "ns-web").unwrap()["data"]["value"], "blue");
    control.remove(MAPS, "ns", "setting");
    engine.settled().await;
    assert_eq!(data.get(MAPS, "copies", "ns-web").unwrap()["data"]["value"], "none");
    assert_eq!(actual(&control, &data), expected(&control));
    engine.shutdown().await;
}

#[tokio::test]
async fn an_index_wakes_for_what_enters_and_leaves_it_and_for_nothing_else() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 1));
    let engine = start(&control, &data);
    engine.settled().await;
    control.put(&friend("ns", "a", "friends"));
    control.put(&friend("ns", "b", "friends"));
    engine.settled().await;
    assert_eq!(data.get(MAPS, "copies", "ns-web").unwrap()["data"]["friends"], "a,b");
    control.put(&friend("ns", "a", "others"));
    engine.settled().await;
    assert_eq!(data.get(MAPS, "copies", "ns-web").unwrap()["data"]["friends"], "b");
    let runs = engine.metrics().runs;
    control.put(&friend("ns", "c", "others"));
    control.put(&friend("elsewhere", "d", "friends"));
    engine.settled().await;
    assert_eq!(engine.metrics().runs, runs);
    engine.shutdown().await;
}

#[tokio::test]
async fn drift_is_put_back_because_a_watch_says_so() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 1));
    let engine = start(&control, &data);
    engine.settled().await;
    let mut changed = data.get(MAPS, "copies", "ns-web").unwrap();
    changed["data"]["value"] = json!("changed by hand");
    data.put(&changed);
    engine.settled().await;
    assert_eq!(actual(&control, &data), expected(&control));
    data.remove(MAPS, "copies", "ns-web");
    engine.settled().await;
    assert_eq!(actual(&control, &data), expected(&control));
    engine.shutdown().await;
}

#[tokio::test]
async fn what_others_set_in_our_dependent_is_left_alone() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 1));
    let engine = start(&control, &data);
    engine.settled().await;
    let writes = data.writes().len();
    let mut changed = data.get(MAPS, "copies", "ns-web").unwrap();
    changed["data"]["theirs"] = json!("x");
    data.put(&changed);
    engine.settled().await;
    assert_eq!(data.get(MAPS, "copies", "ns-web").unwrap()["data"]["theirs"], "x");
    assert_eq!(data.writes().len(), writes);
    engine.shutdown().await;
}

#[tokio::test]
async fn deletion_cleans_up_first() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 1));
    let engine = start(&control, &data);
    engine.settled().await;
    control.remove(DEPLOYMENTS, "ns", "web");
    engine.settled().await;
    assert_eq!(control.all(DEPLOYMENTS), Vec::<serde_json::Value>::new());
    assert_eq!(data.all(MAPS), Vec::<serde_json::Value>::new());
    assert!(engine.why("copies", ("ns", "web")).await.is_none());
    engine.shutdown().await;
}

#[tokio::test]
async fn a_new_process_finds_all_as_it_should_be_and_writes_nothing() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 1));
    control.put(&setting("ns", "blue"));
    let engine = start(&control, &data);
    engine.settled().await;
    engine.shutdown().await;
    let before = (control.writes(), data.writes());
    let engine = start(&control, &data);
    engine.settled().await;
    assert_eq!((control.writes(), data.writes()), before);
    engine.shutdown().await;
}

#[tokio::test]
async fn why_tells_reads_waits_and_the_last_run() {
    let (control, data) = (Cluster::new(), Cluster::new());
    control.put(&deployment("ns", "web", 1));
    let engine = start(&control, &data);
    engine.settled().await;
    let why = engine.why("copies", ("ns", "web")).await.unwrap();
    let reads: Vec<String> = why.reads.iter().map(ToString::to_string).collect();
    assert_eq!(
        reads,
        [
            "clusterdataplane/default: ConfigMap copies/ns-web [meta+spec+status]",
            "control-plane: Deployment ns/web [meta+spec+status]",
            "control-plane: ConfigMap ns/setting [meta+spec]",
            "control-plane: ConfigMap where group=ns/friends [meta+spec]",
        ]
    );
    assert_eq!((why.phase, &*why.outcome), ("idle", "all is as it should be"));
    assert_eq!(why.woken_by, "Deployment ns/web changed");
    assert!(engine.why("copies", ("ns", "none")).await.is_none());
    engine.shutdown().await;
}

#[tokio::test]
async fn one_server_can_be_control_plane_and_plane() {
    let both = Cluster::new();
    both.put(&deployment("ns", "web", 1));
    let engine = start(&both, &both);
    engine.settled().await;
    assert_eq!(actual(&both, &both), expected(&both));
    let held = engine
        .snapshot()
        .caches
        .into_iter()
        .filter(|cache| cache.cluster == plane())
        .map(|cache| cache.objects)
        .sum::<usize>();
    assert_eq!(held, 1, "the plane's cache holds what is ours only");
    engine.shutdown().await;
}

#[tokio::test]
async fn a_thousand_objects_settle() {
    let (control, data) = (Cluster::new(), Cluster::new());
    for number in 0..1000 {
        control.put(&deployment(&format!("ns{}", number % 10), &format!("web{number}"), 1));
    }
    let engine = start(&control, &data);
    engine.settled().await;
    assert_eq!(actual(&control, &data), expected(&control));
    assert_eq!((control.writes().len(), data.writes().len()), (2000, 1000));
    let bytes: usize = engine.snapshot().caches.iter().map(|cache| cache.bytes).sum();
    assert!(bytes < 2_000_000, "{bytes} bytes of text for a thousand small objects");
    engine.shutdown().await;
}

#[tokio::test]
async fn an_engine_without_control_plane_does_not_start() {
    let error = reconcile::engine::Engine::builder().controller(copies::Copies).start().unwrap_err().to_string();
    assert!(error.contains("no control plane"), "{error}");
    assert!(ClusterId::control_plane().is_control_plane());
}
