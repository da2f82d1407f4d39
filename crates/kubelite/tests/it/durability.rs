use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{ListParams, PostParams, WatchParams},
};
use kubelite::{FaultPoint, Faults, Options, Server};
use serde_json::json;

use crate::support::{PATIENCE, fetch, post, raw};

const FOLDER: &str = "KUBELITE_TEST_CHILD_FOLDER";
/// How many write at a time.
const CLIENTS: &str = "KUBELITE_TEST_CHILD_CLIENTS";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn map(name: &str) -> serde_json::Value {
    json!({"metadata": {"name": name}, "data": {"k": "v"}})
}

/// The child's side of the test below: writes as fast as it can and says what was acknowledged, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let server = Server::open(Options::folder(folder)).await.unwrap();
    let clients: usize = std::env::var(CLIENTS).unwrap().parse().unwrap();
    // One who is alone asks over the port, where its writes are committed by the thread that serves it.
    let client = if clients == 1 { port(&server).await } else { server.client() };
    let api: Api<ConfigMap> = Api::namespaced(client, "default");
    let round = uuid::Uuid::new_v4().simple().to_string();
    futures::stream::iter(0_u64..)
        .for_each_concurrent(clients, |index| {
            let (api, name) = (api.clone(), format!("m-{round}-{index}"));
            async move {
                let made =
                    api.create(&PostParams::default(), &serde_json::from_value(map(&name)).unwrap()).await.unwrap();
                println!("acknowledged {name} {}", made.metadata.resource_version.unwrap());
            }
        })
        .await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<(String, String)> = Vec::new();
    for clients in ["16", "1", "16", "1"] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "durability::child_writes_until_it_is_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(CLIENTS, clients)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        while let Some(Ok(line)) = lines.next() {
            if let Some((name, revision)) = line.strip_prefix("acknowledged ").and_then(|line| line.split_once(' ')) {
                acknowledged.push((name.to_owned(), revision.to_owned()));
                seen += 1;
            }
            if seen == 300 {
                break;
            }
        }
        assert_eq!(seen, 300, "the child writes");
        child.kill().unwrap();
        for line in lines.map_while(Result::ok) {
            // A line may be cut in the middle of its revision: only whole ones count.
            if let Some((name, revision)) = line.strip_prefix("acknowledged ").and_then(|line| line.split_once(' ')) {
                acknowledged.push((name.to_owned(), revision.to_owned()));
            }
        }
        acknowledged.pop();
        child.wait().unwrap();
    }
    let server = Server::open(Options::folder(folder.path())).await.unwrap();
    let api: Api<ConfigMap> = Api::namespaced(server.client(), "default");
    let kept: std::collections::HashMap<String, String> = api
        .list(&ListParams::default())
        .await
        .unwrap()
        .items
        .into_iter()
        .map(|map| (map.metadata.name.unwrap(), map.metadata.resource_version.unwrap()))
        .collect();
    for (name, revision) in &acknowledged {
        assert_eq!(kept.get(name), Some(revision), "{name}");
    }
    server.shutdown().await;
}

/// A client of a port of the server.
async fn port(server: &Server) -> kube::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let serving = server.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    crate::tls::client(server, &format!("https://{}", serving.address()), |_| {}).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_are_answered_while_one_who_is_alone_waits_for_the_disk() {
    // The disk hangs in the first commit that is not the writer thread's, until it is told.
    let (stuck, mut hangs) = tokio::sync::mpsc::unbounded_channel();
    let (heal, healed) = std::sync::mpsc::channel::<()>();
    let healed = std::sync::Mutex::new(Some(healed));
    let faults: Faults = Arc::new(move |point| {
        let own = std::thread::current().name() != Some("kubelite-writer");
        if point == FaultPoint::BeforeCommit
            && own
            && let Some(healed) = healed.lock().unwrap().take()
        {
            stuck.send(()).unwrap();
            healed.recv().unwrap();
        }
        false
    });
    let folder = tempfile::tempdir().unwrap();
    let server = Server::open(Options { faults: Some(faults), ..Options::folder(folder.path()) }).await.unwrap();
    let client = port(&server).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let writing = tokio::spawn({
        let client = client.clone();
        async move {
            // The server may be busy with its own objects at first.
            let mut number = 0;
            while !*stopped.borrow() {
                post(&client, MAPS, &map(&format!("m-{number}"))).await;
                number += 1;
            }
            number
        }
    });
    tokio::time::timeout(PATIENCE, hangs.recv()).await.unwrap().unwrap();
    let others = async {
        for _ in 0..20 {
            assert_eq!(fetch(&client, MAPS).await.0, 200);
        }
    };
    tokio::time::timeout(PATIENCE, others).await.expect("reads do not wait for the disk");
    stop.send(true).unwrap();
    heal.send(()).unwrap();
    let written = tokio::time::timeout(PATIENCE, writing).await.unwrap().unwrap();
    let (_, maps) = fetch(&client, MAPS).await;
    // One more is the authority's certificate.
    assert_eq!(maps["items"].as_array().unwrap().len(), written + 1);
    server.shutdown().await;
}

#[tokio::test]
async fn a_watch_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::open(Options::folder(folder.path())).await.unwrap();
    let first = post(&server.client(), MAPS, &map("a")).await;
    post(&server.client(), MAPS, &map("b")).await;
    raw(&server.client(), "DELETE", &format!("{MAPS}/b"), "application/json", &serde_json::Value::Null).await;
    server.shutdown().await;
    let server = Server::open(Options::folder(folder.path())).await.unwrap();
    let api: Api<ConfigMap> = Api::namespaced(server.client(), "default");
    let stream =
        api.watch(&WatchParams::default(), first["metadata"]["resourceVersion"].as_str().unwrap()).await.unwrap();
    let events: Vec<_> = stream.take(2).try_collect().await.unwrap();
    assert!(matches!(&events[0], kube::api::WatchEvent::Added(map) if map.metadata.name.as_deref() == Some("b")));
    assert!(matches!(&events[1], kube::api::WatchEvent::Deleted(map) if map.metadata.name.as_deref() == Some("b")));
}

#[tokio::test]
async fn history_that_was_dropped_is_told_with_410() {
    let folder = tempfile::tempdir().unwrap();
    let history = kubelite::History { events: 2, ..kubelite::History::default() };
    let server = Server::open(Options { history, ..Options::folder(folder.path()) }).await.unwrap();
    let client = server.client();
    let first = post(&client, MAPS, &map("a")).await;
    for name in ["b", "c", "d"] {
        post(&client, MAPS, &map(name)).await;
    }
    let at = first["metadata"]["resourceVersion"].as_str().unwrap();
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let events: Vec<_> = api.watch(&WatchParams::default(), at).await.unwrap().collect().await;
    let Some(Ok(kube::api::WatchEvent::Error(status))) = events.first() else { panic!("{events:?}") };
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
    assert_eq!(fetch(&client, &format!("{MAPS}?resourceVersion={at}&resourceVersionMatch=Exact")).await.0, 410);
}

fn database(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("objects.db")).unwrap()
}

#[tokio::test]
async fn a_folder_in_use_newer_or_damaged_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::open(Options::folder(folder.path())).await.unwrap();
    let refused = Server::open(Options::folder(folder.path())).await.unwrap_err().to_string();
    assert!(refused.contains(&format!("in use by process {}", std::process::id())), "{refused}");
    post(&server.client(), MAPS, &map("a")).await;
    server.shutdown().await;

    database(folder.path())
        .execute("UPDATE object_log SET value = CAST(replace(value, 'v', 'w') AS BLOB) WHERE path = 'default/a'", [])
        .unwrap();
    let refused = Server::open(Options::folder(folder.path())).await.unwrap_err().to_string();
    assert!(refused.contains("configmaps default/a") && refused.contains("checksum"), "{refused}");

    database(folder.path()).execute("UPDATE meta SET value = 99 WHERE key = 'format'", []).unwrap();
    let refused = Server::open(Options::folder(folder.path())).await.unwrap_err().to_string();
    assert!(refused.contains("data format 99"), "{refused}");
}

#[tokio::test]
async fn a_backup_is_a_store() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::open(Options::folder(folder.path())).await.unwrap();
    let made = post(&server.client(), MAPS, &map("a")).await;
    server.backup(copy.path().join("objects.db")).await.unwrap();
    let restored = Server::open(Options::folder(copy.path())).await.unwrap();
    assert_eq!(fetch(&restored.client(), &format!("{MAPS}/a")).await.1, made);
}
