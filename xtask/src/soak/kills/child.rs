//! The process with the server.

use crate::counts::Counts;
use anyhow::{Context, Result, bail};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};

/// Longest time until the server is ready.
const PATIENCE: Duration = Duration::from_mins(1);

/// Serves the folder until the process is killed.
pub(in super::super) fn serve(folder: &Path, history: Option<usize>) -> Result<Counts> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut options = kubelite::Options::folder(folder);
        options.history.events = history.unwrap_or(options.history.events);
        let server = kubelite::Server::open(options).await?;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let serving = server.serve(listener)?;
        server.authority().write_kubeconfig(&kubeconfig(folder), &format!("https://{}", serving.address()))?;
        println!("ready");
        // Also when whoever started it is gone.
        tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await??;
        Ok(Counts::default())
    })
}

fn kubeconfig(folder: &Path) -> PathBuf {
    folder.join("kubeconfig")
}

/// A server that runs.
pub(in super::super) struct Child {
    process: tokio::process::Child,
    folder: PathBuf,
    begun: Instant,
}

/// What is known once it is ready.
pub(in super::super) struct Started {
    pub(in super::super) client: Client,
    pub(in super::super) took: Duration,
    pub(in super::super) kubeconfig: Kubeconfig,
}

impl Child {
    /// `history`: how many events of each resource are kept, if not the default.
    pub(in super::super) fn start(folder: &Path, history: Option<usize>) -> Result<Self> {
        let mut command = tokio::process::Command::new(std::env::current_exe()?);
        if let Some(history) = history {
            command.args(["soak", "--history", &history.to_string()]);
        } else {
            command.arg("soak");
        }
        let process = command
            .args(["kubelite-kills", "--serve"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the server's process")?;
        Ok(Self { process, folder: folder.to_owned(), begun: Instant::now() })
    }

    pub(in super::super) async fn ready(&mut self) -> Result<Started> {
        let out = self.process.stdout.take().context("the process has no output")?;
        let mut lines = BufReader::new(out).lines();
        let line =
            tokio::time::timeout(PATIENCE, lines.next_line()).await.context("the server is not ready in time")??;
        if line.as_deref() != Some("ready") {
            let output = self.process.stderr.take().context("the process has no error output")?;
            let mut told = BufReader::new(output).lines();
            let mut text = String::new();
            while let Some(line) = told.next_line().await? {
                text += &line;
            }
            bail!("the server does not start on {}: {text}", self.folder.display());
        }
        let took = self.begun.elapsed();
        let kubeconfig = Kubeconfig::read_from(kubeconfig(&self.folder))?;
        let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &KubeConfigOptions::default()).await?;
        Ok(Started { client: Client::try_from(config)?, took, kubeconfig })
    }

    /// SIGKILL, and waits for the end.
    pub(in super::super) fn kill(&mut self) -> Result<()> {
        if let Some(id) = self.process.id() {
            let id = nix::unistd::Pid::from_raw(i32::try_from(id)?);
            nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGKILL).context("cannot kill the server")?;
            // Its folder is free once the process is gone.
            while self.process.try_wait()?.is_none() {
                std::thread::yield_now();
            }
        }
        Ok(())
    }
}
