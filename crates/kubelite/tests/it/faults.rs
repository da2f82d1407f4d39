//! kube-rs on a server that breaks: what clients keep ends equal to what is stored.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api, Client, ResourceExt,
    api::ListParams,
    runtime::{Controller, WatchStreamExt, controller::Action, reflector, utils::Backoff, watcher},
};
use kubelite::{FaultPoint, Faults, History, Options, Server};
use serde_json::json;

use crate::support::{PATIENCE, raw};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
/// Names that are written to: few, so that objects come and go.
const NAMES: u64 = 12;
/// Writes between two restarts.
const WRITES: u64 = 250;
const RESTARTS: u64 = 4;

/// Breaks a place every so often, by a number that each passing counts.
struct Trouble {
    on: AtomicBool,
    passed: AtomicU64,
    broken: AtomicU64,
}

impl Trouble {
    fn faults(self: &Arc<Self>) -> Faults {
        let this = self.clone();
        Arc::new(move |point| {
            let passed = this.passed.fetch_add(1, Ordering::Relaxed);
            let every = match point {
                FaultPoint::WatchSend => 7,
                FaultPoint::Response | FaultPoint::AfterCommit => 31,
                FaultPoint::BeforeCommit => 23,
            };
            let broken = this.on.load(Ordering::Relaxed) && passed.wrapping_mul(0x9E37_79B9).is_multiple_of(every);
            this.broken.fetch_add(u64::from(broken), Ordering::Relaxed);
            broken
        })
    }
}

/// A client of whichever server there is.
fn client(current: &Arc<RwLock<Client>>) -> Client {
    let current = current.clone();
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let client = current.read().unwrap().clone();
        async move {
            // A connection that ends is an error of the transport, as it would be over a socket.
            client.send(request).await.map_err(|error| Box::new(error) as tower::BoxError)
        }
    });
    Client::new(service, "default")
}

async fn open(folder: &std::path::Path, trouble: &Arc<Trouble>) -> Server {
    let history = History { events: 40, ..History::default() };
    let options = Options { history, faults: Some(trouble.faults()), ..Options::folder(folder) };
    Server::open(options).await.unwrap()
}

fn versions(objects: impl IntoIterator<Item = Arc<ConfigMap>>) -> BTreeMap<String, String> {
    objects.into_iter().map(|map| (map.name_any(), map.resource_version().unwrap())).collect()
}

/// Reads until what is kept is what is stored.
async fn settle<T>(
    what: &str,
    stream: impl Stream<Item = T>,
    stored: &BTreeMap<String, String>,
    kept: impl Fn() -> BTreeMap<String, String>,
) {
    let mut stream = std::pin::pin!(stream);
    let equal = async {
        while kept() != *stored {
            stream.next().await;
        }
    };
    let outcome = tokio::time::timeout(PATIENCE, equal).await;
    assert!(outcome.is_ok(), "{what}: {:?} is kept, {stored:?} is stored", kept());
}

async fn write(client: &Client, number: u64) {
    let name = format!("m-{}", number.wrapping_mul(0x9E37_79B9) % NAMES);
    let map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"n": number.to_string()}});
    let path = format!("{MAPS}/{name}");
    let (method, path, body) = match number % 5 {
        0 => ("DELETE", path, Vec::new()),
        _ => ("PATCH", format!("{path}?fieldManager=t&force=true"), map.to_string().into_bytes()),
    };
    let request =
        http::Request::builder().method(method).uri(path).header("content-type", "application/apply-patch+yaml");
    // Whether it happened is what the watches are there to tell.
    if let Ok(answer) = client.send(request.body(body).unwrap().map(kube::client::Body::from)).await {
        let _ = http_body_util::BodyExt::collect(answer.into_body()).await;
    }
}

#[tokio::test]
async fn watcher_reflector_and_controller_end_equal_to_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let trouble = Arc::new(Trouble { on: AtomicBool::new(true), passed: AtomicU64::new(1), broken: AtomicU64::new(0) });
    let mut server = open(folder.path(), &trouble).await;
    let current = Arc::new(RwLock::new(server.client()));
    let client = client(&current);
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "default");

    let (reader, writer) = reflector::store();
    let reflected = reflector::reflector(writer, watcher(api.clone(), watcher::Config::default()).backoff(AtOnce));
    let (list_reader, list_writer) = reflector::store();
    let streaming = watcher(api.clone(), watcher::Config::default().streaming_lists()).backoff(AtOnce);
    let streamed = reflector::reflector(list_writer, streaming);

    let reconciled: Arc<Mutex<BTreeMap<String, String>>> = Arc::default();
    let (controlled, controlled_writer) = reflector::store();
    let trigger = watcher(api.clone(), watcher::Config::default()).backoff(AtOnce);
    let trigger = reflector::reflector(controlled_writer, trigger).applied_objects();
    let controller = Controller::for_stream(trigger, controlled);
    let seen = reconciled.clone();
    let controller = controller.run(
        move |map: Arc<ConfigMap>, _| {
            let seen = seen.clone();
            async move {
                seen.lock().unwrap().insert(map.name_any(), map.resource_version().unwrap());
                Ok::<_, Infallible>(Action::await_change())
            }
        },
        |_: Arc<ConfigMap>, _: &Infallible, _| Action::await_change(),
        Arc::new(()),
    );

    let mut reflected = Box::pin(reflected);
    let mut streamed = Box::pin(streamed);
    let mut controller = Box::pin(controller);
    let load = async {
        let mut number = 1;
        for restart in 0..=RESTARTS {
            for _ in 0..WRITES {
                write(&client, number).await;
                number += 1;
            }
            if restart < RESTARTS {
                server.shutdown().await;
                server = open(folder.path(), &trouble).await;
                *current.write().unwrap() = server.client();
            }
        }
        trouble.on.store(false, Ordering::Relaxed);
        // One change more of everything that is there, so that whoever listens hears of it.
        for name in 0..NAMES {
            let path = format!("{MAPS}/m-{name}");
            let patch = json!({"data": {"last": "yes"}});
            raw(&client, "PATCH", &path, "application/merge-patch+json", &patch).await;
        }
    };
    tokio::select! {
        () = load => {}
        () = async { while reflected.next().await.is_some() {} } => panic!("the reflector ended"),
        () = async { while streamed.next().await.is_some() {} } => panic!("the streaming reflector ended"),
        () = async { while controller.next().await.is_some() {} } => panic!("the controller ended"),
    }
    let list = api.list(&ListParams::default()).await.unwrap();
    let stored = versions(list.items.into_iter().map(Arc::new));
    assert!(!stored.is_empty() && trouble.broken.load(Ordering::Relaxed) > 50);
    settle("reflector", reflected, &stored, || versions(reader.state())).await;
    settle("streaming reflector", streamed, &stored, || versions(list_reader.state())).await;
    let last = || {
        let seen = reconciled.lock().unwrap();
        stored.keys().filter_map(|name| Some((name.clone(), seen.get(name)?.clone()))).collect()
    };
    settle("controller", controller, &stored, last).await;
    server.shutdown().await;
}

/// Tries again at once.
struct AtOnce;

impl Backoff for AtOnce {
    fn reset(&mut self) {}
}

impl Iterator for AtOnce {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(Duration::ZERO)
    }
}
