//! What lies under a server and outlives it: folders, an image store and ports of its own.

use anyhow::{Context, Result, bail};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Ports that the system gives to nobody by itself, so that nothing takes them while the server is down.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

pub(in super::super) struct Place {
    /// None: kept, to be looked at.
    folder: Option<TempDir>,
    path: PathBuf,
    ports: [u16; 4],
}

impl Place {
    pub(in super::super) fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("oc-soak-").tempdir().context("cannot make a temporary folder")?;
        let path = folder.path().to_owned();
        for name in ["home", "graph", "run"] {
            std::fs::create_dir(path.join(name))?;
        }
        // Podman keeps images and containers apart from this computer's own.
        let storage = format!(
            "[storage]\ndriver = \"overlay\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n",
            path.join("graph").display(),
            path.join("run").display()
        );
        std::fs::write(path.join("storage.conf"), storage)?;
        Ok(Self { folder: Some(folder), path, ports: free_ports()? })
    }

    pub(in super::super) fn path(&self) -> &Path {
        &self.path
    }

    pub(in super::super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    pub(in super::super) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The installation's id, on all that it makes.
    pub(in super::super) fn instance(&self) -> Result<String> {
        let file = self.data().join("node/instance");
        let id = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(id.trim().to_owned())
    }

    pub(in super::super) fn gateway_port(&self) -> u16 {
        self.ports[2]
    }

    /// A program that uses this place's images and containers.
    pub(in super::super) fn program(&self, name: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(name);
        command
            .env("HOME", self.path.join("home"))
            .env("CONTAINERS_STORAGE_CONF", self.path.join("storage.conf"))
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME");
        command
    }

    /// `openchoreo up` here.
    pub(in super::super) fn up(&self, program: &Path) -> Command {
        let mut command = self.program(program);
        command.arg("up").arg("--data-dir").arg(self.data());
        let names = ["--api-port", "--kubernetes-port", "--gateway-port", "--gateway-tls-port"];
        for (name, port) in names.into_iter().zip(self.ports) {
            command.args([name, &port.to_string()]);
        }
        command
    }

    /// Leaves the folder where it is.
    pub(in super::super) fn keep(&mut self) -> &Path {
        if let Some(folder) = self.folder.take() {
            let _ = folder.keep();
        }
        &self.path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.folder.is_none() {
            return;
        }
        // An overlay that the engine left mounted would keep the folder.
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let inside = self.path.display().to_string();
        for mount in mounts.lines().filter_map(|line| line.split(' ').nth(1)).filter(|at| at.starts_with(&inside)) {
            let _ = Command::new("umount").args(["-l", mount]).status();
        }
    }
}

fn free_ports() -> Result<[u16; 4]> {
    let mut found = [0; 4];
    // Far from those of a soak that was started just before.
    let mut next = PORTS.start + (std::process::id() * 16 % 9_000) as u16;
    for port in &mut found {
        while TcpListener::bind(("127.0.0.1", next)).is_err() {
            next += 1;
            if !PORTS.contains(&next) {
                bail!("no port between {} and {} is free", PORTS.start, PORTS.end);
            }
        }
        *port = next;
        next += 1;
    }
    Ok(found)
}
