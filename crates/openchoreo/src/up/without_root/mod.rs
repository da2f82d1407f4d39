//! `up` of a user who may not set up networks: the user's own Podman keeps the networks of its containers in a namespace
//! of the user's, and there the server has all the rights it needs.
//!
//! ```text
//!  this process: folder, Podman's service, doors ──── lifeline ────▶ the server, in Podman's network namespace
//!                └ ports of this computer ───── listening sockets ─▶ API, gateway
//! ```
//!
//! The server is this program again, started by `podman unshare --rootless-netns`. It is root of the user's namespace: it
//! sets up Services, connects to pods and cleans up their files with the same code as everywhere.

mod doors;

use super::say;
use crate::data_dir::DataDir;
use crate::engine;
use anyhow::{Context, Result, bail};
use doors::Doors;
use node::engine::{Engine, podman_program};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use tokio::process::Command;

/// The number of CAP_NET_ADMIN.
const NET_ADMIN: u32 = 12;
/// Where Podman keeps a user's networks.
const RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";

/// Whether this process is the server in Podman's namespace.
pub(crate) fn is_inside() -> bool {
    doors::path().is_some()
}

/// Whether the server cannot run in this process.
pub(crate) fn is_needed() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    !is_inside() && !may_set_up_networks(&status)
}

fn may_set_up_networks(status: &str) -> bool {
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let mask = effective.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask & (1 << NET_ADMIN) != 0)
}

/// A port of this computer, wherever this process is.
pub(crate) fn listen(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    match doors::path() {
        Some(path) => doors::ask(&path, address),
        None => std::net::TcpListener::bind(address),
    }
}

/// Returns when the process outside says that the server is to stop; never where there is none outside. Ends this process
/// when the one outside is gone: a server that was killed does not go on.
pub(crate) async fn told_to_stop() {
    match doors::path() {
        Some(path) => doors::told_to_stop(&path).await,
        None => std::future::pending().await,
    }
}

/// The data folder, held by this process or by the one outside.
pub(crate) fn data_dir(path: Option<&Path>) -> Result<DataDir> {
    if is_inside() { DataDir::lent(path) } else { DataDir::open(path) }
}

/// What of this program's options the process outside must know.
pub(crate) struct Server<'a> {
    pub(crate) data_dir: Option<&'a Path>,
    pub(crate) engine: Option<&'a str>,
    /// Whether nothing is to be left when it ends.
    pub(crate) removes: bool,
}

impl Server<'_> {
    /// Runs this program with the same words in Podman's namespace until it ends, or until `stopped`.
    pub(crate) async fn run(&self, stopped: impl Future<Output = ()>) -> Result<ExitCode> {
        let data = DataDir::open(self.data_dir)?;
        let user = nix::unistd::geteuid();
        if std::env::var_os(RUNTIME_DIR).is_none() {
            bail!(
                "this user may not set up networks, so they are made by the user's own Podman, which keeps them in ${RUNTIME_DIR}; it is not set. Log in as this user instead of using su, or `export {RUNTIME_DIR}=/run/user/{user}` (`loginctl enable-linger` makes that folder)"
            );
        }
        let Some(podman) = podman_program() else {
            bail!(
                "this user may not set up networks. Run as root or with CAP_NET_ADMIN (`setcap cap_net_admin,cap_net_bind_service+ep` on the program), or install Podman, which lends this user networks of its own: apt-get install podman uidmap slirp4netns"
            );
        };
        let engine = lender(&data, self.engine).await?;
        engine.hold_network().await?;
        say(&format!("network     in a namespace of user {user}, by {}: no root needed", engine.abilities().name));
        let doors = Doors::open(&data.folder("node")?)?;
        let mut command = Command::new(&podman);
        command
            .args(["unshare", "--rootless-netns"])
            .arg(std::env::current_exe().context("cannot tell where this program is")?)
            .args(std::env::args_os().skip(1))
            .env(doors::VARIABLE, doors.path())
            .env("DOCKER_HOST", engine.address())
            // A Ctrl-C at the terminal is for this process, which tells the server.
            .process_group(0);
        let mut server = command.spawn().with_context(|| format!("cannot start {}", podman.display()))?;
        let ended = tokio::select! {
            ended = server.wait() => ended,
            () = stopped => {
                doors.stop();
                server.wait().await
            }
        };
        let ended = ended.context("cannot wait for the server")?;
        if self.removes {
            engine.release_network().await?;
        }
        Ok(ended.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
    }
}

/// The engine that lends its networks.
async fn lender(data: &DataDir, given: Option<&str>) -> Result<Engine> {
    let engine = engine::find_own_podman(data, given).await?;
    let abilities = engine.abilities();
    if !abilities.podman || !abilities.rootless {
        bail!(
            "this user may not set up networks, and the container engine at {} ({}) cannot lend any: only a Podman that runs as this user can. Run as root or with CAP_NET_ADMIN, or leave --engine and DOCKER_HOST away",
            engine.address(),
            abilities.name
        );
    }
    Ok(engine)
}

#[cfg(test)]
mod tests {
    use super::may_set_up_networks;

    #[test]
    fn the_right_to_set_up_networks_is_read_from_the_kernels_words() {
        assert!(may_set_up_networks("Name:\tx\nCapEff:\t000001ffffffffff\n"));
        assert!(may_set_up_networks("CapEff:\t0000000000001000\n"));
        assert!(!may_set_up_networks("CapInh:\t0000000000001000\nCapEff:\t0000000000000000\n"));
    }
}
