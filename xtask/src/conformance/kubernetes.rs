//! The real thing: kube-apiserver with etcd and a controller manager, for comparison.

use super::{Subject, golang};
use anyhow::{Context, Result, bail};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest time until the API server says that it is ready.
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) struct Kubernetes {
    kubeconfig: PathBuf,
    /// Stopped last first.
    children: Vec<Child>,
    _folder: tempfile::TempDir,
}

impl Kubernetes {
    pub(super) fn start(binaries: &Path) -> Result<Self> {
        let [apiserver, controllers] = golang::control_plane(binaries)?;
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let at = |name: &str| folder.path().join(name);
        let keys = kubelite::Authority::open(Some(&at("pki")), &[])?;
        fs::write(at("tokens.csv"), "conformance,admin,admin,system:masters\n")?;
        let (store, peers, port) = (free()?, free()?, free()?);
        let kubeconfig = at("kubeconfig");
        fs::write(&kubeconfig, config(port))?;
        let mut subject = Self { kubeconfig, children: Vec::new(), _folder: folder };
        let etcd = format!("http://127.0.0.1:{store}");
        let peer = format!("http://127.0.0.1:{peers}");
        subject.spawn(
            Path::new("etcd"),
            &[
                format!("--data-dir={}", at_text(&subject, "etcd")),
                format!("--listen-client-urls={etcd}"),
                format!("--advertise-client-urls={etcd}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=default={peer}"),
            ],
        )?;
        let pki = |name: &str| at_text(&subject, &format!("pki/{name}"));
        let arguments = [
            format!("--etcd-servers={etcd}"),
            format!("--secure-port={port}"),
            "--bind-address=127.0.0.1".into(),
            format!("--cert-dir={}", at_text(&subject, "certificates")),
            "--service-account-issuer=https://kubernetes.default.svc".into(),
            format!("--service-account-key-file={}", pki("token.pub")),
            format!("--service-account-signing-key-file={}", pki("token.key")),
            format!("--token-auth-file={}", at_text(&subject, "tokens.csv")),
            "--authorization-mode=RBAC".into(),
            "--service-cluster-ip-range=10.96.0.0/16".into(),
        ];
        let managing = [
            format!("--kubeconfig={}", subject.kubeconfig.display()),
            format!("--service-account-private-key-file={}", pki("token.key")),
            format!("--root-ca-file={}", pki("ca.crt")),
            "--use-service-account-credentials=true".into(),
            "--leader-elect=false".into(),
            "--secure-port=0".into(),
        ];
        drop(keys);
        subject.spawn(&apiserver, &arguments)?;
        subject.wait(port)?;
        subject.spawn(&controllers, &managing)?;
        Ok(subject)
    }

    fn spawn(&mut self, program: &Path, arguments: &[String]) -> Result<()> {
        let name = program.file_name().and_then(|name| name.to_str()).unwrap_or("program");
        let log = fs::File::create(at_text(self, &format!("{name}.log")))?;
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {} (etcd is Debian's etcd-server)", program.display()))?;
        self.children.push(child);
        Ok(())
    }

    fn wait(&mut self, port: u16) -> Result<()> {
        let begun = Instant::now();
        let url = format!("https://127.0.0.1:{port}/readyz");
        // The client is used for this one question; that it is the process's first use of TLS is no error.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = reqwest::Client::builder().danger_accept_invalid_certs(true).build()?;
        while begun.elapsed() < PATIENCE {
            for child in &mut self.children {
                if let Some(status) = child.try_wait()? {
                    bail!("a part of the control plane ended while it started: {status}");
                }
            }
            let answer = runtime.block_on(client.get(&url).bearer_auth("conformance").send());
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        bail!("the API server was not ready after {} s", PATIENCE.as_secs())
    }
}

fn at_text(subject: &Kubernetes, name: &str) -> String {
    subject.kubeconfig.with_file_name(name).display().to_string()
}

fn free() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn config(port: u16) -> String {
    serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "conformance",
        "clusters": [{"name": "conformance", "cluster": {"server": format!("https://127.0.0.1:{port}"), "insecure-skip-tls-verify": true}}],
        "users": [{"name": "conformance", "user": {"token": "conformance"}}],
        "contexts": [{"name": "conformance", "context": {"cluster": "conformance", "user": "conformance"}}],
    })
    .to_string()
}

impl Subject for Kubernetes {
    fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }
}

impl Drop for Kubernetes {
    fn drop(&mut self) {
        for mut child in self.children.drain(..).rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
