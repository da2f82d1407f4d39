//! The two servers.

use super::super::process::Process;
use crate::lab::{Kubernetes, Parts};
use anyhow::{Context, Result, ensure};
use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::ConfigExt;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that is measured.
pub(super) trait Subject {
    fn name(&self) -> &'static str;
    fn kubeconfig(&self) -> PathBuf;
    /// Its processes.
    fn processes(&self) -> Vec<Process>;
    /// Ends it, starts it again on what it stored, and says how long that took; nothing where that cannot be done.
    fn restart(&mut self) -> Result<Option<Duration>>;

    /// A client with a connection of its own, on which requests run side by side as those of Go's clients do. kube's own way
    /// makes a connection for each request that is under way.
    fn client(&self) -> BoxFuture<'static, Result<Client>> {
        let file = self.kubeconfig();
        Box::pin(async move {
            let config = Kubeconfig::read_from(&file)?;
            let mut config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
            config.default_retry = false;
            let mut tcp = HttpConnector::new();
            tcp.enforce_http(false);
            tcp.set_nodelay(true);
            let connector = hyper_rustls::HttpsConnectorBuilder::new()
                .with_tls_config(config.rustls_client_config()?)
                .https_only()
                .enable_http2()
                .wrap_connector(tcp);
            let hyper =
                hyper_util::client::legacy::Client::builder(TokioExecutor::new()).http2_only(true).build(connector);
            let service = tower::ServiceBuilder::new()
                .layer(config.base_uri_layer())
                .option_layer(config.auth_layer()?)
                .map_err(tower::BoxError::from)
                .service(hyper);
            Ok(Client::new(service, config.default_namespace))
        })
    }

    /// Processor time so far.
    fn spent(&self) -> Result<Duration> {
        self.processes().into_iter().map(Process::spent).sum()
    }

    /// Resident memory.
    fn resident(&self) -> Result<u64> {
        self.processes().into_iter().map(Process::resident).sum()
    }
}

/// A thousand watchers need a thousand sockets on each side.
pub(super) fn raise_limits() -> Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).context("cannot raise the limit of open files")
}

/// kubelite, in a process of this program.
pub(super) struct Ours {
    folder: tempfile::TempDir,
    child: Child,
}

impl Ours {
    pub(super) fn start() -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let child = spawn(folder.path())?;
        Ok(Self { folder, child })
    }
}

/// Starts the process and waits until it is ready.
fn spawn(folder: &Path) -> Result<Child> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["bench", "kubelite", "--serve"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start kubelite")?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
    ensure!(line == "ready\n", "kubelite did not start: {line:?}");
    Ok(child)
}

/// The process's side: serves the folder until its input ends.
pub(in super::super) fn serve(folder: &Path) -> Result<()> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = kubelite::Server::open(kubelite::Options::folder(folder)).await?;
        let serving = server.serve(tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?)?;
        server.authority().write_kubeconfig(&folder.join("kubeconfig"), &format!("https://{}", serving.address()))?;
        println!("ready");
        tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await??;
        server.shutdown().await;
        Ok(())
    })
}

impl Subject for Ours {
    fn name(&self) -> &'static str {
        "kubelite"
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    fn processes(&self) -> Vec<Process> {
        vec![Process::new(self.child.id())]
    }

    fn restart(&mut self) -> Result<Option<Duration>> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        ensure!(status.success(), "kubelite ended with {status}");
        let begun = Instant::now();
        self.child = spawn(self.folder.path())?;
        Ok(Some(begun.elapsed()))
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// kube-apiserver with etcd, and the controllers of the API itself, which are not counted.
pub(super) struct Theirs(Kubernetes);

impl Theirs {
    pub(super) fn start() -> Result<Self> {
        Ok(Self(Kubernetes::with(Parts::Api)?))
    }
}

impl Subject for Theirs {
    fn name(&self) -> &'static str {
        "kube-apiserver with etcd"
    }

    fn kubeconfig(&self) -> PathBuf {
        self.0.kubeconfig().to_owned()
    }

    fn processes(&self) -> Vec<Process> {
        let counted = self.0.processes().filter(|(name, _)| *name != "kube-controller-manager");
        counted.map(|(_, id)| Process::new(id)).collect()
    }

    fn restart(&mut self) -> Result<Option<Duration>> {
        Ok(None)
    }
}
