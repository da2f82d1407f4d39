//! Podman's API service as a process of the soak's own, which it may stop, kill and freeze.

use super::place::Place;
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

/// Longest time until it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// What machines without systemd and with cgroups of the first version need.
const SETTINGS: &str = "[containers]\nlog_driver = \"k8s-file\"\n[engine]\nevents_logger = \"file\"\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\n";

pub(in super::super) struct Podman {
    folder: PathBuf,
    command: std::process::Command,
    child: Option<Child>,
}

impl Podman {
    pub(in super::super) fn new(place: &Place) -> Result<Self> {
        let folder = place.path().to_owned();
        let events = format!("events_logfile_path = {:?}\n", folder.join("events.log").display().to_string());
        std::fs::write(folder.join("containers.conf"), format!("{SETTINGS}{events}"))?;
        let mut command = place.program("podman");
        command.env("CONTAINERS_CONF", folder.join("containers.conf")).current_dir(&folder);
        Ok(Self { folder, command, child: None })
    }

    pub(in super::super) fn settings(&self) -> PathBuf {
        self.folder.join("containers.conf")
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("engine.sock")
    }

    pub(in super::super) fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Starts it where it does not run, and waits until it listens.
    pub(in super::super) async fn start(&mut self) -> Result<()> {
        if self.child.is_some() {
            return Ok(());
        }
        let socket = self.socket();
        let _ = std::fs::remove_file(&socket);
        let mut command = Command::from(copy(&self.command));
        command.args(["system", "service", "--time=0", &self.address()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        self.child = Some(command.spawn().context("cannot start podman")?);
        let begun = Instant::now();
        while !listens(&socket).await {
            if begun.elapsed() > PATIENCE {
                bail!("podman's service does not answer");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.child.as_ref().and_then(Child::id).context("podman's service does not run")?;
        kill(Pid::from_raw(i32::try_from(pid)?), signal).context("cannot signal podman's service")
    }

    /// Ends it, in order or not.
    pub(in super::super) async fn stop(&mut self, at_once: bool) -> Result<()> {
        self.signal(if at_once { Signal::SIGKILL } else { Signal::SIGTERM })?;
        if let Some(mut child) = self.child.take() {
            child.wait().await?;
        }
        Ok(())
    }

    /// It is there and does not answer.
    pub(in super::super) fn freeze(&self) -> Result<()> {
        self.signal(Signal::SIGSTOP)
    }

    pub(in super::super) fn thaw(&self) -> Result<()> {
        self.signal(Signal::SIGCONT)
    }
}

async fn listens(socket: &Path) -> bool {
    UnixStream::connect(socket).await.is_ok()
}

/// A command can be started once.
fn copy(command: &std::process::Command) -> std::process::Command {
    let mut other = std::process::Command::new(command.get_program());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => other.env(name, value),
            None => other.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        other.current_dir(folder);
    }
    other
}
