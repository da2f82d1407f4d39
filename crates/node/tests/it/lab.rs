//! A node of its own for one test: API server in memory, data folder, image, and nothing left at the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bollard::body_full;
use bollard::query_parameters::{CreateImageOptions, RemoveImageOptions};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Namespace, Pod};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::runtime::wait::await_condition;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};
use node::engine::{Engine, EngineOptions};
use node::{Backoff, EngineNetworks, Node, NodeHandle, NodeOptions};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// The longest wait for one event; nothing takes that long unless it fails.
const PATIENCE: Duration = Duration::from_secs(25);

pub(crate) const NAMESPACE: &str = "shop";

pub(crate) struct Lab {
    pub(crate) client: Client,
    pub(crate) engine: Engine,
    pub(crate) node: Option<NodeHandle>,
    pub(crate) image: String,
    pub(crate) folder: tempfile::TempDir,
    _server: kubelite::Server,
}

impl Lab {
    /// A running node; none, with a word why, where there is no engine.
    pub(crate) async fn start() -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("node").tempdir().expect("a temporary folder");
        let options = EngineOptions { data_dir: folder.path().join("node"), host: None };
        let engine = match Engine::find(options).await {
            Ok(engine) => engine,
            Err(error) => {
                println!("skipped: {error}");
                return None;
            }
        };
        let server = kubelite::Server::open(kubelite::Options::default()).await.expect("an API server");
        let client = server.client();
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let namespace = object(json!({"metadata": {"name": NAMESPACE}}));
        namespaces.create(&PostParams::default(), &namespace).await.expect("a namespace");
        std::fs::create_dir(folder.path().join("given")).expect("made");
        let image = format!("localhost/{}:1", engine.instance());
        let mut lab = Self { client, engine, node: None, image, folder, _server: server };
        lab.bring_image(&lab.image.clone()).await;
        lab.start_node().await;
        Some(lab)
    }

    /// Starts the node, for the first time or again.
    pub(crate) async fn start_node(&mut self) {
        let networks = Arc::new(EngineNetworks::new(self.engine.clone()));
        let mut options =
            NodeOptions::new(self.client.clone(), self.engine.clone(), networks, self.folder.path().join("node"));
        options.job_backoff = Backoff { initial: Duration::from_millis(100), longest: Duration::from_secs(1) };
        options.host_paths = vec![self.given()];
        options.restart_backoff = Backoff { initial: Duration::from_millis(600), longest: Duration::from_secs(2) };
        self.node = Some(Node::start(options).await.expect("the node starts"));
    }

    /// The folder of this computer that pods may be given.
    pub(crate) fn given(&self) -> PathBuf {
        self.folder.path().join("given")
    }

    /// Stops the node; its containers run on.
    pub(crate) async fn stop_node(&mut self) {
        self.node.take().expect("a node").shutdown().await;
    }

    /// Removes everything and checks that nothing is left.
    pub(crate) async fn end(mut self) {
        self.node.take().expect("a node").remove_everything().await.expect("everything is removed");
        let filters =
            [("label".to_owned(), vec![format!("{}={}", node::engine::INSTANCE_LABEL, self.engine.instance())])];
        let containers = bollard::query_parameters::ListContainersOptions {
            all: true,
            filters: Some(filters.clone().into()),
            ..Default::default()
        };
        assert_eq!(self.engine.docker().list_containers(Some(containers)).await.expect("listed").len(), 0);
        let networks = bollard::query_parameters::ListNetworksOptions { filters: Some(filters.into()) };
        assert_eq!(self.engine.docker().list_networks(Some(networks)).await.expect("listed").len(), 0);
        self.remove_image(&self.image).await;
    }

    /// Makes the image of that name from the test's program.
    pub(crate) async fn bring_image(&self, name: &str) {
        let options = CreateImageOptions {
            from_src: Some("-".to_owned()),
            repo: Some(name.to_owned()),
            ..CreateImageOptions::default()
        };
        let program = std::fs::read(guest().await).expect("the program");
        let archive = archive("guest", &program, name);
        let made: Result<Vec<_>, _> =
            self.engine.docker().create_image(Some(options), Some(body_full(archive.into())), None).try_collect().await;
        made.expect("the image is made");
    }

    pub(crate) async fn remove_image(&self, name: &str) {
        let options = RemoveImageOptions { force: true, ..RemoveImageOptions::default() };
        self.engine.docker().remove_image(name, Some(options), None).await.expect("the image is removed");
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    /// Creates a pod with one container that runs `command` of the test's program.
    pub(crate) async fn pod(&self, name: &str, command: &[&str], spec: Value, container: Value) -> Pod {
        let pod =
            json!({"metadata": {"name": name, "namespace": NAMESPACE}, "spec": self.spec(command, spec, container)});
        self.create(pod).await
    }

    /// A pod's spec around one container, both with more fields.
    pub(crate) fn spec(&self, command: &[&str], spec: Value, container: Value) -> Value {
        let command: Vec<&str> = std::iter::once("/guest").chain(command.iter().copied()).collect();
        let main = merged(json!({"name": "main", "image": self.image, "command": command}), container);
        merged(json!({"nodeName": "local", "terminationGracePeriodSeconds": 5, "containers": [main]}), spec)
    }

    pub(crate) async fn deployment(&self, name: &str, replicas: i32, pods: Value, spec: Value) -> Deployment {
        let labels = json!({"app": name});
        let spec = merged(
            json!({
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pods},
            }),
            spec,
        );
        self.create(json!({"metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec})).await
    }

    pub(crate) async fn create<K>(&self, value: Value) -> K
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + serde::Serialize
            + std::fmt::Debug,
    {
        self.api::<K>().create(&PostParams::default(), &object(value)).await.expect("created")
    }

    /// Waits until the pod is as asked for.
    pub(crate) async fn pod_until(&self, name: &str, what: &str, holds: impl Fn(&Pod) -> bool) -> Pod {
        self.until(name, what, holds).await
    }

    /// Waits until an object is as asked for.
    pub(crate) async fn until<K>(&self, name: &str, what: &str, holds: impl Fn(&K) -> bool) -> K
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + std::fmt::Debug
            + Send
            + 'static,
    {
        let api = self.api::<K>();
        let condition = |object: Option<&K>| object.is_some_and(&holds);
        let becomes = Box::pin(await_condition(api.clone(), name, condition));
        match tokio::time::timeout(PATIENCE, becomes).await {
            Ok(found) => found.expect("watched").expect("there"),
            Err(_) => {
                let now = api.get_opt(name).await;
                panic!("{name} never was {what}; it is {now:#?}; events: {:#?}", self.events(name).await);
            }
        }
    }

    pub(crate) async fn gone<K>(&self, name: &str)
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + std::fmt::Debug
            + Send
            + 'static,
    {
        let api = self.api::<K>();
        let gone = await_condition(api, name, |object: Option<&K>| object.is_none());
        tokio::time::timeout(PATIENCE, gone).await.expect("it goes").expect("watched");
    }

    pub(crate) async fn delete_pod(&self, name: &str) {
        self.api::<Pod>().delete(name, &DeleteParams::default()).await.expect("deleted");
        self.gone::<Pod>(name).await;
    }

    /// Waits for an event about an object whose `reason: message` begins so. Events are written behind what they tell of.
    pub(crate) async fn told(&self, name: &str, words: &str) {
        let mut events = watcher(self.api::<Event>(), watcher::Config::default()).applied_objects().boxed();
        let found = Box::pin(async {
            while let Some(event) = events.next().await {
                let event = event.expect("watched");
                let text = format!("{}: {}", event.reason.unwrap_or_default(), event.message.unwrap_or_default());
                if event.involved_object.name.as_deref() == Some(name) && text.starts_with(words) {
                    return;
                }
            }
        });
        let heard = tokio::time::timeout(PATIENCE, found).await.is_ok();
        assert!(heard, "no event of {name} says {words:?}; there are {:#?}", self.events(name).await);
    }

    /// `reason: message` of the events about an object.
    pub(crate) async fn events(&self, name: &str) -> Vec<String> {
        let events = self.api::<Event>().list(&ListParams::default()).await.expect("listed");
        let about = events.items.into_iter().filter(|event| event.involved_object.name.as_deref() == Some(name));
        about
            .map(|event| format!("{}: {}", event.reason.unwrap_or_default(), event.message.unwrap_or_default()))
            .collect()
    }
}

/// The status of the pod's one container.
pub(crate) fn main(pod: &Pod) -> Option<&ContainerStatus> {
    pod.status.as_ref()?.container_statuses.as_ref()?.first()
}

pub(crate) fn container_id(pod: &Pod) -> String {
    let id = main(pod).and_then(|status| status.container_id.clone()).expect("a container");
    id.split_once("://").expect("a scheme").1.to_owned()
}

pub(crate) fn ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// The reason for which the pod's container waits.
pub(crate) fn waits(pod: &Pod) -> Option<(String, String)> {
    let waiting = main(pod)?.state.as_ref()?.waiting.as_ref()?;
    Some((waiting.reason.clone().unwrap_or_default(), waiting.message.clone().unwrap_or_default()))
}

pub(crate) fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).expect("an object")
}

pub(crate) fn merged(mut base: Value, more: Value) -> Value {
    if let (Some(base), Value::Object(more)) = (base.as_object_mut(), more) {
        base.extend(more);
    }
    base
}

/// The test's program, compiled once.
async fn guest() -> &'static Path {
    static GUEST: OnceCell<PathBuf> = OnceCell::const_new();
    let compiled = GUEST.get_or_init(|| async {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guest/guest.rs");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest");
        let fresh = target.metadata().and_then(|made| Ok(made.modified()? > source.metadata()?.modified()?));
        if !fresh.unwrap_or(false) {
            let made = target.with_extension(std::process::id().to_string());
            let status = tokio::process::Command::new("rustc")
                .args(["--edition", "2024", "-O", "-C", "target-feature=+crt-static", "-o"])
                .args([&made, &source])
                .status()
                .await
                .expect("the compiler runs");
            assert!(status.success(), "the test's program compiles");
            std::fs::rename(&made, &target).expect("moved");
        }
        target
    });
    compiled.await
}

/// A tape archive with one executable file, a folder for what it writes, and the image's name: Podman fails the making of
/// a layer while another test removes one of equal content.
fn archive(name: &str, content: &[u8], image: &str) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut put = |name: &str, kind, mode, content: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        archive.append_data(&mut header, name, content).expect("an archive in memory");
    };
    put("tmp/", tar::EntryType::Directory, 0o1777, &[]);
    put(name, tar::EntryType::Regular, 0o755, content);
    put("image", tar::EntryType::Regular, 0o644, image.as_bytes());
    archive.into_inner().expect("an archive in memory")
}
