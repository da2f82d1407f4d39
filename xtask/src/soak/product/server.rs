//! One life of the server.

use super::place::Place;
use anyhow::{Context, Result, bail, ensure};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

/// Longest time until it is ready, and until it has stopped.
const PATIENCE: Duration = Duration::from_mins(2);

pub(in super::super) struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    begun: Instant,
    /// The engine's address, once it is told.
    pub(in super::super) engine: String,
}

impl Server {
    /// Starts it; it is not ready yet.
    pub(in super::super) fn start(place: &Place, program: &Path, options: &[&str]) -> Result<Self> {
        Self::spawn(place, place.up(program), options)
    }

    /// Starts it with a command that was prepared.
    pub(in super::super) fn spawn(place: &Place, command: std::process::Command, options: &[&str]) -> Result<Self> {
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(place.log()).context("cannot open a log")?;
        let mut command = tokio::process::Command::from(command);
        command.args(options).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let mut child = command.spawn().context("cannot start the server")?;
        let output = child.stdout.take().context("the server has no output")?;
        Ok(Self { child, lines: BufReader::new(output).lines(), begun: Instant::now(), engine: String::new() })
    }

    pub(in super::super) fn pid(&self) -> Result<Pid> {
        Ok(Pid::from_raw(i32::try_from(self.child.id().context("the server has ended")?)?))
    }

    /// Waits until it says that it is ready; answers how long that took. May be dropped while it waits and asked again.
    pub(in super::super) async fn ready(&mut self, place: &Place) -> Result<Duration> {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
            match line.context("the server does not get ready")?? {
                Some(line) if line.starts_with("ready") => return Ok(self.begun.elapsed()),
                Some(line) => {
                    if let Some(address) = line.strip_prefix("engine") {
                        address.trim().clone_into(&mut self.engine);
                    }
                }
                None => {
                    let status = self.child.wait().await?;
                    bail!("the server ended with {status}:\n{}", last_words(place));
                }
            }
        }
    }

    /// A client of its Kubernetes API.
    pub(in super::super) async fn client(&self, place: &Place) -> Result<Client> {
        let kubeconfig = Kubeconfig::read_from(place.data().join("kubeconfig"))?;
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        // A server that is killed must be noticed, one that is slow must not be given up.
        config.connect_timeout = Some(Duration::from_secs(5));
        config.read_timeout = Some(Duration::from_secs(60));
        Ok(Client::try_from(config)?)
    }

    /// `kill -9`.
    pub(in super::super) async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("cannot kill the server")
    }

    /// Whether it has ended by itself.
    pub(in super::super) fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Asks it to end and waits.
    pub(in super::super) async fn stop(mut self, place: &Place) -> Result<()> {
        kill(self.pid()?, Signal::SIGTERM)?;
        let ended = async {
            // To its end, so that it never waits for a reader.
            while let Ok(Some(_)) = self.lines.next_line().await {}
            self.child.wait().await
        };
        let status = tokio::time::timeout(PATIENCE, ended).await.context("the server does not stop")??;
        ensure!(status.success(), "the server stopped with {status}:\n{}", last_words(place));
        Ok(())
    }
}

/// The end of the log.
pub(in super::super) fn last_words(place: &Place) -> String {
    let text = std::fs::read(place.log()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
