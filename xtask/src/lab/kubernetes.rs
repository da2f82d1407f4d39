//! The real thing: kube-apiserver with etcd and a controller manager.

use super::golang;
use super::process::Process;
use anyhow::{Context, Result, bail};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest time until the API server says that it is ready.
const PATIENCE: Duration = Duration::from_mins(2);
/// A bearer token with all rights: the server listens on the loopback address only.
pub(crate) const TOKEN: &str = "administrator";

/// How much of a control plane is started.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Parts {
    /// Every controller and admission plugin that is on by default
    All,
    /// The API, and of the controllers those of the API itself: garbage, namespaces, service accounts, aggregated roles
    Api,
}

impl Parts {
    fn controllers(self) -> &'static str {
        match self {
            Self::All => "*",
            Self::Api => {
                "namespace-controller,garbage-collector-controller,serviceaccount-controller,\
                 root-ca-certificate-publisher-controller,clusterrole-aggregation-controller"
            }
        }
    }

    /// Arguments of the API server: a plugin whose finalizers a controller of volumes takes away needs that controller.
    fn serving(self) -> &'static [String] {
        static WITHOUT: std::sync::LazyLock<[String; 1]> =
            std::sync::LazyLock::new(|| ["--disable-admission-plugins=StorageObjectInUseProtection".into()]);
        match self {
            Self::All => &[],
            Self::Api => &*WITHOUT,
        }
    }
}

/// A control plane that is ready; its processes end and its folder goes when it is dropped.
pub(crate) struct Kubernetes {
    url: String,
    kubeconfig: PathBuf,
    /// Ended last first.
    processes: Vec<Process>,
    _folder: tempfile::TempDir,
}

impl Kubernetes {
    /// Builds the binaries where they are missing, and starts all of it.
    pub(crate) fn start() -> Result<Self> {
        Self::with(Parts::All)
    }

    /// The same with these parts.
    pub(crate) fn with(parts: Parts) -> Result<Self> {
        let [apiserver, manager] = golang::control_plane()?;
        let etcd = etcd()?;
        let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
        let folder = temporary.path().to_owned();
        let at = |name: &str| folder.join(name).display().to_string();
        drop(kubelite::Authority::open(Some(&folder.join("pki")), &[])?);
        fs::write(at("tokens.csv"), format!("{TOKEN},admin,admin,system:masters\n"))?;
        let (store, peers, port) = (free()?, free()?, free()?);
        let url = format!("https://127.0.0.1:{port}");
        let kubeconfig = folder.join("kubeconfig");
        fs::write(&kubeconfig, config(&url))?;
        let mut plane = Self { url, kubeconfig, processes: Vec::new(), _folder: temporary };
        let store = format!("http://127.0.0.1:{store}");
        let peer = format!("http://127.0.0.1:{peers}");
        plane.spawn(
            &etcd,
            &[
                format!("--data-dir={}", at("etcd")),
                format!("--listen-client-urls={store}"),
                format!("--advertise-client-urls={store}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=default={peer}"),
            ],
            &folder,
        )?;
        let serving = [
            format!("--etcd-servers={store}"),
            format!("--secure-port={port}"),
            "--bind-address=127.0.0.1".into(),
            format!("--cert-dir={}", at("certificates")),
            "--service-account-issuer=https://kubernetes.default.svc".into(),
            format!("--service-account-key-file={}", at("pki/token.pub")),
            format!("--service-account-signing-key-file={}", at("pki/token.key")),
            format!("--token-auth-file={}", at("tokens.csv")),
            "--authorization-mode=RBAC".into(),
            "--service-cluster-ip-range=10.96.0.0/16".into(),
        ];
        plane.spawn(&apiserver, &[&serving[..], parts.serving()].concat(), &folder)?;
        plane.wait()?;
        let managing = [
            format!("--kubeconfig={}", at("kubeconfig")),
            format!("--service-account-private-key-file={}", at("pki/token.key")),
            format!("--root-ca-file={}", at("pki/ca.crt")),
            "--use-service-account-credentials=true".into(),
            "--leader-elect=false".into(),
            "--secure-port=0".into(),
            format!("--controllers={}", parts.controllers()),
        ];
        plane.spawn(&manager, &managing, &folder)?;
        Ok(plane)
    }

    /// The API server's address, `https://127.0.0.1:PORT`; its certificate is of its own making.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The administrator's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Names and process numbers: `etcd`, `kube-apiserver`, `kube-controller-manager`.
    pub(crate) fn processes(&self) -> impl Iterator<Item = (&str, u32)> {
        self.processes.iter().map(|process| (process.name(), process.id()))
    }

    fn spawn(&mut self, program: &Path, arguments: &[String], folder: &Path) -> Result<()> {
        self.processes.push(Process::start(program, arguments, folder)?);
        Ok(())
    }

    fn wait(&mut self) -> Result<()> {
        let begun = Instant::now();
        let url = format!("{}/readyz", self.url);
        // The client is used for this one question; that it is the process's first use of TLS is no error.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = reqwest::Client::builder().danger_accept_invalid_certs(true).build()?;
        while begun.elapsed() < PATIENCE {
            for process in &mut self.processes {
                process.check().context("a part of the control plane ended while it started")?;
            }
            let answer = runtime.block_on(client.get(&url).bearer_auth(TOKEN).send());
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        bail!("the API server was not ready after {} s", PATIENCE.as_secs())
    }
}

impl Drop for Kubernetes {
    fn drop(&mut self) {
        while self.processes.pop().is_some() {}
    }
}

/// The etcd of this machine.
fn etcd() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("etcd"))
        .find(|file| file.is_file())
        .context("etcd is not installed, and a real control plane needs it: install it (Debian: apt-get install etcd-server) and run this again")
}

fn free() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn config(url: &str) -> String {
    serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "real",
        "clusters": [{"name": "real", "cluster": {"server": url, "insecure-skip-tls-verify": true}}],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
        "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
    })
    .to_string()
}
