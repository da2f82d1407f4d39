//! The container engine: found, or installed by the system's package manager where it may.

use super::step;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// An engine's command line.
pub(crate) struct Engine {
    pub(crate) program: PathBuf,
}

/// What Debian and Ubuntu call what is needed. Podman's networks call `iptables`, which no package there depends on.
const PACKAGES: &[&str] = &["podman", "runc", "netavark", "aardvark-dns", "iptables"];

/// What an ordinary user's Podman needs beside that.
const FOR_USERS: &[&str] = &["uidmap", "slirp4netns"];

/// Finds podman or docker; installs podman where neither is there and that is allowed.
pub(crate) fn find_or_install() -> Result<Engine> {
    if let Some(engine) = find()
        && (!engine.program.ends_with("podman") || filters_packets())
    {
        return Ok(engine);
    }
    let command = format!("apt-get install -y --no-install-recommends {}", PACKAGES.join(" "));
    let may = nix::unistd::geteuid().is_root() && in_path("apt-get").is_some();
    if !may {
        bail!(
            "there is no container engine on this machine (docker, or podman with iptables). Install one, for example with:\n\n  sudo {command} {}\n\nand run this command again. Nothing was changed.",
            FOR_USERS.join(" ")
        );
    }
    step("installing podman");
    for words in [vec!["update", "-q"], {
        let mut words = vec!["install", "-y", "-q", "--no-install-recommends"];
        words.extend(PACKAGES);
        words
    }] {
        let status = Command::new("apt-get")
            .args(&words)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .status()
            .context("apt-get")?;
        if !status.success() {
            bail!("apt-get {} failed. Install a container engine by hand:\n\n  {command}", words.join(" "));
        }
    }
    find().context("podman was installed and cannot be found in PATH")
}

fn find() -> Option<Engine> {
    let docker = || {
        in_path("docker")
            .filter(|program| Command::new(program).arg("info").output().is_ok_and(|output| output.status.success()))
    };
    in_path("podman").or_else(docker).map(|program| Engine { program })
}

/// Whether there is a program that Podman's networks are set up with. It is often not in an ordinary user's PATH.
fn filters_packets() -> bool {
    let names = ["iptables", "nft"];
    names.iter().any(|name| {
        in_path(name).is_some() || ["/usr/sbin", "/sbin"].iter().any(|folder| Path::new(folder).join(name).is_file())
    })
}

/// A program that can be started by its name.
pub(crate) fn in_path(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|program| Path::new(program).is_file())
}
