//! A control plane in process and `occ` beside it.

use api::{Options, PlaneUnavailable, Planes, Reasons};
use futures::future::BoxFuture;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, PostParams};
use kube::runtime::wait::{await_condition, conditions};
use reconcile::engine::{Cluster, ClusterId, Engine, EngineHandle, Explainer, ObjectKey};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Every plane is the control plane itself.
struct Same(Client);

impl Planes for Same {
    fn data_plane(&self, _: &str, _: Option<&str>, _: &str) -> Result<Client, PlaneUnavailable> {
        Ok(self.0.clone())
    }
}

/// What the controllers tell of objects.
struct Told(Explainer);

impl Reasons for Told {
    fn why<'a>(&'a self, kind: &'a str, namespace: Option<&'a str>, name: &'a str) -> BoxFuture<'a, Option<Value>> {
        Box::pin(async move { Some(self.0.why_of(kind, ObjectKey::new(namespace, name)).await?.as_json()) })
    }
}

/// A running control plane with a namespace `default`, and a folder with a configuration of `occ` for it.
pub(crate) struct Plane {
    pub(crate) client: Client,
    folder: tempfile::TempDir,
    stop: CancellationToken,
    server: kubelite::Server,
    controllers: Option<EngineHandle>,
}

/// What `occ` did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Plane {
    /// Without controllers: nothing happens but what `occ` does.
    pub(crate) async fn start() -> Plane {
        Plane::over(|_| None).await
    }

    /// With all controllers, for which the control plane is ClusterDataPlane `default`, too.
    pub(crate) async fn governed() -> Plane {
        Plane::over(|client| {
            let here = Cluster::new(ClusterId::control_plane(), client.clone());
            let there = Cluster::new(ClusterId::cluster_plane("ClusterDataPlane", "default"), client.clone());
            let engine = reconcile::controllers::all(Engine::builder()).cluster(here).cluster(there);
            Some(engine.identity("tests").start().expect("controllers"))
        })
        .await
    }

    async fn over(controllers: impl FnOnce(&Client) -> Option<EngineHandle>) -> Plane {
        let server = kubelite::Server::open(kubelite::Options::default()).await.expect("a server in memory");
        let client = server.client();
        install(&client).await;
        let folder = tempfile::tempdir().expect("a folder");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let issuer = api::identity::Issuer::open(folder.path(), url.clone()).expect("an issuer");
        let secret = issuer.renew_client("openchoreo-cli").expect("a client");
        let config = format!(
            "currentContext: local\n\
             controlplanes:\n- name: local\n  url: {url}\n\
             credentials:\n- name: local\n  clientId: openchoreo-cli\n  clientSecret: {}\n  authMethod: client_credentials\n\
             contexts:\n- name: local\n  controlplane: local\n  credentials: local\n  namespace: default\n",
            secret.reveal()
        );
        std::fs::write(folder.path().join("config"), config).expect("a configuration");
        let controllers = controllers(&client);
        let told = |engine: &EngineHandle| Arc::new(Told(engine.explainer())) as Arc<dyn Reasons>;
        let options = Options {
            client: client.clone(),
            planes: Arc::new(Same(client.clone())),
            reasons: controllers.as_ref().map(told),
            issuer: Arc::new(issuer),
        };
        let stop = CancellationToken::new();
        tokio::spawn(api::serve(listener, api::router(options), stop.clone()));
        Plane { client, folder, stop, server, controllers }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a folder");
        }
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// Applies the platform that we ship, then these files of the folder.
    pub(crate) async fn apply_shipped(&self, files: &[&str]) {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../platform");
        let all = [shipped.to_str().expect("a path")].into_iter().chain(files.iter().copied());
        let arguments: Vec<&str> = ["apply"].into_iter().chain(all.flat_map(|file| ["-f", file])).collect();
        let applied = self.occ(&arguments).await;
        assert_eq!(applied.code, 0, "{applied:?}");
    }

    /// Runs `occ` with these arguments, in the folder.
    pub(crate) async fn occ(&self, arguments: &[&str]) -> Ran {
        self.occ_fed(arguments, "").await
    }

    /// Runs `occ` with this standard input.
    pub(crate) async fn occ_fed(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = occ();
        command.args(arguments).env("OPENCHOREO_CONFIG", "config").current_dir(self.folder());
        let input = input.to_owned();
        tokio::task::spawn_blocking(move || run(command, &input)).await.expect("occ ran")
    }

    /// The first lines that a command prints that does not end by itself.
    pub(crate) async fn occ_until(&self, arguments: &[&str], lines: usize) -> String {
        let mut command = occ();
        command.args(arguments).env("OPENCHOREO_CONFIG", "config").current_dir(self.folder()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("occ starts");
        let out = child.stdout.take().expect("an output");
        let read = tokio::task::spawn_blocking(move || {
            use std::io::BufRead;
            std::io::BufReader::new(out).lines().take(lines).map(|line| line.expect("text") + "\n").collect()
        });
        let text = read.await.expect("read");
        child.kill().expect("ended");
        child.wait().expect("ended");
        text
    }

    /// Lets logs and commands go there.
    pub(crate) fn connect(&self, pods: Arc<dyn kubelite::PodConnect>) {
        self.server.set_pod_connect(pods);
    }

    /// Returns when the controllers have done what there is to do.
    pub(crate) async fn settled(&self) {
        self.controllers.as_ref().expect("controllers").settled().await;
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        if let Some(controllers) = self.controllers {
            controllers.shutdown().await;
        }
        self.server.shutdown().await;
    }
}

/// The program, with nothing of this process's environment that it would listen to.
pub(crate) fn occ() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_occ"));
    command.env_clear().env("HOME", "/nonexistent");
    command
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command, input: &str) -> Ran {
    use std::io::Write;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("occ starts");
    // A program that does not read its input may have ended already.
    let _ = child.stdin.take().expect("an input").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("occ ends");
    Ran {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8(stdout).expect("text"),
        err: String::from_utf8(stderr).expect("text"),
    }
}

async fn install(client: &Client) {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let crds = model::crds().into_iter().map(|crd| {
        let crd: CustomResourceDefinition = serde_json::from_value(crd).expect("a definition");
        let definitions = definitions.clone();
        async move {
            definitions.create(&PostParams::default(), &crd).await.expect("installed");
            let name = crd.metadata.name.unwrap_or_default();
            await_condition(definitions, &name, conditions::is_crd_established()).await.expect("established");
        }
    });
    futures::future::join_all(crds).await;
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
    let labels = serde_json::json!({"metadata": {"labels": {"openchoreo.dev/control-plane": "true"}}});
    let patch = kube::api::Patch::Merge(labels);
    namespaces.patch("default", &kube::api::PatchParams::default(), &patch).await.expect("labelled");
}

/// A component of a shipped type with its workload; whether it is deployed without being asked.
pub(crate) fn cart(auto_deploy: bool) -> String {
    format!(
        "\
apiVersion: openchoreo.dev/v1alpha1
kind: Component
metadata: {{name: cart}}
spec:
  owner: {{projectName: default}}
  autoDeploy: {auto_deploy}
  componentType: {{kind: ClusterComponentType, name: deployment/worker}}
---
apiVersion: openchoreo.dev/v1alpha1
kind: Workload
metadata: {{name: cart-workload}}
spec:
  owner: {{projectName: default, componentName: cart}}
  container: {{image: example/cart:1}}
"
    )
}

/// A text as JSON.
pub(crate) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("JSON")
}
