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
use place::Place;
use server::Server;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The server's program: the one that was named, else a release build.
pub(super) fn program(args: &SoakArgs) -> Result<PathBuf> {
    if let Some(binary) = &args.binary {
        return Ok(std::path::absolute(binary)?);
    }
    // With occ as the demo does: packages chosen otherwise have other features, and forty crates would be built again.
    Ok(crate::bench::release::build(&["--package", "openchoreo", "--package", "occ"])?.join("openchoreo"))
}

/// Services need an interface of their own.
pub(super) fn possible() -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        bail!("this soak runs containers and needs root");
    }
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Ok(())
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
