//! The built server as a process with real containers, for soaks: in a place of its own, started, killed, looked at.

pub(super) mod containers;
pub(super) mod gateway;
pub(super) mod image;
pub(super) mod manifests;
pub(super) mod objects;
pub(super) mod place;
pub(super) mod podman;
pub(super) mod server;
pub(super) mod state;

use super::SoakArgs;
use anyhow::{Context, Result, bail};
use gateway::Gateway;
use objects::{Objects, is_ready};
use place::Place;
use server::Server;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// The server's program: the one that was named, else a release build.
pub(super) fn program(args: &SoakArgs) -> Result<PathBuf> {
    if let Some(binary) = &args.binary {
        return Ok(std::path::absolute(binary)?);
    }
    // With occ as the demo does: packages chosen otherwise have other features, and forty crates would be built again.
    Ok(crate::bench::release::build(&["--package", "openchoreo", "--package", "occ"])?.join("openchoreo"))
}

/// Whether containers can be run here. Where they cannot, a soak that was asked for by its name fails, and one among all is
/// left out with a word why.
pub(super) fn possible(args: &SoakArgs) -> Result<bool> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    if nix::unistd::geteuid().is_root() {
        return Ok(true);
    }
    let why = "containers and the interface for Services need root";
    if let Some(name) = &args.name {
        bail!("{name}: {why}");
    }
    println!("skipped: {why}");
    Ok(false)
}

/// Starts the server once more and stops it so that it takes everything away. With problems, the folder stays.
pub(super) async fn take_away(place: &mut Arc<Place>, program: &Path, options: &[&str], all_well: bool) -> Result<()> {
    let outcome = end(place, program, options).await;
    if !(all_well && outcome.is_ok())
        && let Some(place) = Arc::get_mut(place)
    {
        println!("the data folder and the log are kept in {}", place.keep().display());
    }
    outcome.context("not everything was taken away: `openchoreo down` with the folder that is named above does it")
}

async fn end(place: &Place, program: &Path, options: &[&str]) -> Result<()> {
    let mut server = Server::start(place, program, &[options, &["--remove-on-exit"]].concat())?;
    server.ready(place).await?;
    server.stop(place).await
}

/// Waits until a component is ready in development and answers with these words.
pub(super) async fn answers(objects: &Objects, gateway: &Gateway, component: &str, words: &str) -> Result<()> {
    let wanted = format!("{words} at /");
    let begun = Instant::now();
    loop {
        let found = objects.get("ReleaseBinding", &format!("{component}-development")).await?;
        let mut told = format!("{found:?}");
        if let Some(found) = found.filter(is_ready) {
            told = gateway.ask(&found).await;
            if told == wanted {
                return Ok(());
            }
        }
        if begun.elapsed() > PATIENCE {
            bail!("{component} does not answer {wanted:?}: {told}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
