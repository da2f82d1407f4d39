//! `openchoreo up`: everything in one process.
//!
//! ```text
//! data folder ─▶ ports ─▶ store ─▶ kinds ─▶ data plane ─▶ gateway ─▶ platform ─┬▶ network ─▶ node ─▶ controllers ─▶ API
//!                    └▶ container engine ───────────────────────────────────┘
//! ```

mod access;
mod addresses;
mod control;
mod entrance;
mod ground;
mod limits;
mod metrics;
mod platform;
mod pods;
mod ports;
mod secrets;
pub(crate) mod without_root;

use crate::cli::UpOptions;
use crate::data_dir::DataDir;
use crate::{engine, logging};
use anyhow::{Context, Result};
use api::identity::Issuer;
use entrance::Entrance;
use node::gateway::GatewayHandle;
use node::network::{Cidr, Network, NetworkOptions};
use node::{Node, NodeHandle, NodeOptions};
use reconcile::engine::EngineHandle;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long requests under way may take when the process is told to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs until told to stop.
pub(crate) fn main(options: &UpOptions) -> Result<ExitCode> {
    let begun = Instant::now();
    logging::install(options.log_format, &options.log)?;
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        tracing::debug!("a crypto provider was installed already");
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(async {
        // Before anything else: a signal during start-up must not be lost.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut stopped = std::pin::pin!(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                () = without_root::told_to_stop() => {}
            }
        });
        if without_root::is_needed() {
            let server = without_root::Server {
                data_dir: options.data_dir.as_deref(),
                engine: options.engine.as_deref(),
                removes: options.remove_on_exit,
            };
            return server.run(stopped).await;
        }
        let running = tokio::select! {
            running = Running::start(options, begun) => running?,
            () = &mut stopped => return Ok(ExitCode::SUCCESS),
        };
        stopped.await;
        running.stop(options.remove_on_exit).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Everything that runs.
struct Running {
    server: kubelite::Server,
    network: Arc<Network>,
    node: NodeHandle,
    gateway: GatewayHandle,
    controllers: EngineHandle,
    api: JoinHandle<()>,
    stop: CancellationToken,
    /// Held to the end: another process must not find the folder free while this one still works in it.
    _data: DataDir,
}

impl Running {
    async fn start(options: &UpOptions, begun: Instant) -> Result<Running> {
        let data = without_root::data_dir(options.data_dir.as_deref())?;
        let ports::Ports { api, kubernetes, gateway } = ports::Ports::bind(options)?;
        say(&format!("data        {}", data.path().display()));
        limits::raise();
        let tls_port = gateway.https()?;
        let range = addresses::service_range(&data).await?;
        // What runs on is reached again before anything else is looked at. Podman's service takes longer to come up than
        // everything of our own; both go on at the same time.
        let begin = async {
            let server = store(&data, range).await?;
            let client = server.client();
            ground::data_plane(&client, (gateway.http()?, tls_port), server.authority().ca_pem()).await?;
            let entrance = Entrance::open(options, &data, gateway, &client).await?;
            let outcome = platform(options, &client).await?;
            Ok((server, entrance, outcome))
        };
        let ((server, entrance, outcome), engine) =
            tokio::try_join!(begin, engine::find(&data, options.engine.as_deref()))?;
        let client = server.client();
        say(&format!("engine      {}", engine.address()));

        let network = Arc::new(
            Network::start(NetworkOptions {
                service_range: Some(range),
                services: Some(entrance.services),
                ..NetworkOptions::new(client.clone(), engine.clone())
            })
            .await
            .map_err(|error| addresses::with_way_out(error, &data))?,
        );
        let node = Node::start(NodeOptions {
            host_paths: options.allow_host_path.clone(),
            ..NodeOptions::new(client.clone(), engine, network.clone(), data.folder("node")?)
        })
        .await?;
        server.set_pod_connect(pods::NodePods::new(node.access()));
        server.set_metrics(metrics::FromNode::new(node.metrics()));
        secrets::first(&data, node.secrets()).await?;

        let gateway = entrance.gateway;
        let controllers = control::start(&client)?;
        tell_platform(&outcome);

        let kubernetes = TcpListener::from_std(kubernetes)?;
        let kubernetes_url = format!("https://{}", kubernetes.local_addr()?);
        let kubeconfig = data.path().join("kubeconfig");
        server.authority().write_kubeconfig(&kubeconfig, &kubernetes_url)?;
        server.serve(kubernetes)?;

        let listener = TcpListener::from_std(api)?;
        let url = format!("http://{}", listener.local_addr()?);
        let issuer = Arc::new(Issuer::open(&data.folder("identity")?, url.clone())?);
        let occ = access::occ(&data, &issuer, &url)?;
        let stop = CancellationToken::new();
        let router = api::router(api::Options {
            client: client.clone(),
            planes: Arc::new(control::OnePlane(client)),
            reasons: Some(Arc::new(control::Told(controllers.explainer()))),
            issuer,
        });
        let api = tokio::spawn(api::serve(listener, router, stop.clone()));

        say(&format!("API         {url}"));
        say(&format!("gateway     http://*.{}:{}", ground::HOST, gateway.http_port()));
        say(&format!("https       https://*.{}:{tls_port} (openchoreo trust makes it trusted)", ground::HOST));
        say(&format!("kubectl     KUBECONFIG={}", kubeconfig.display()));
        say(&format!("occ         OPENCHOREO_CONFIG={}", occ.display()));
        say("access      every authenticated caller is an administrator: there is no authorization yet");
        say(&format!("ready       after {} ms", begun.elapsed().as_millis()));
        Ok(Running { server, network, node, gateway, controllers, api, stop, _data: data })
    }

    /// Takes no more requests, lets those under way end, stops deciding, and leaves containers running unless told
    /// otherwise.
    async fn stop(self, remove: bool) -> Result<()> {
        say("stopping");
        self.stop.cancel();
        let api = self.api;
        let abort = api.abort_handle();
        if tokio::time::timeout(PATIENCE, api).await.is_err() {
            tracing::warn!("requests that did not end in time were cut off");
            abort.abort();
        }
        let removed = if remove {
            self.gateway.shutdown(PATIENCE).await;
            self.controllers.shutdown().await;
            let node = self.node.remove_everything().await.context("not everything could be removed");
            let network = self.network.clean_up().await.context("not every network could be removed");
            node.and(network)
        } else {
            self.controllers.shutdown().await;
            self.node.shutdown().await;
            // What runs on is reached to the last.
            self.gateway.shutdown(PATIENCE).await;
            Ok(())
        };
        self.server.shutdown().await;
        removed
    }
}

/// The store with all kinds in it.
async fn store(data: &DataDir, range: Cidr) -> Result<kubelite::Server> {
    let folder = data.folder("store")?;
    let of_server = kubelite::Options { service_range: range.to_string(), ..kubelite::Options::folder(folder) };
    let server = kubelite::Server::open(of_server).await?;
    ground::kinds(&server.client()).await?;
    Ok(server)
}

async fn platform(options: &UpOptions, client: &kube::Client) -> Result<platform::Outcome> {
    if options.no_platform { Ok(platform::Outcome::default()) } else { platform::install(client).await }
}

fn tell_platform(outcome: &platform::Outcome) {
    if outcome.created > 0 {
        say(&format!("platform    {} objects created: project, environments, pipeline, types", outcome.created));
    }
    for key in &outcome.newer {
        say(&format!("platform    a newer {key} is shipped; yours was left as it is"));
    }
}

/// A line for whoever started the process.
#[allow(clippy::print_stdout, reason = "start-up lines are the command's output")]
fn say(line: &str) {
    println!("{line}");
}
