//! The image that soaks run: the fixture program of the server's own tests, alone.

use super::place::Place;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;

/// Its name.
pub(in super::super) const IMAGE: &str = "localhost/oc-soak:1";

/// Builds it into the place's store. The server must have run there once: Podman needs the settings that it wrote.
pub(in super::super) fn build(place: &Place) -> Result<()> {
    build_with(place, &place.data().join("node/podman/containers.conf"))
}

/// The same with these settings of Podman.
pub(in super::super) fn build_with(place: &Place, settings: &Path) -> Result<()> {
    let source = crate::tidy::root().join("crates/openchoreo/tests/fixture-program/program.rs");
    let context = tempfile::tempdir().context("cannot make a folder for an image")?;
    let mut compiler = Command::new("rustc");
    compiler.args(["--edition", "2024", "-O", "-C", "target-feature=+crt-static", "-o"]);
    let made = compiler.arg(context.path().join("program")).arg(&source).status().context("cannot start rustc")?;
    ensure!(made.success(), "{} does not compile", source.display());
    std::fs::write(
        context.path().join("Containerfile"),
        "FROM scratch\nCOPY program /program\nENTRYPOINT [\"/program\"]\n",
    )?;
    let mut podman = place.program("podman");
    podman.env("CONTAINERS_CONF", settings);
    let output =
        podman.args(["build", "-q", "-t", IMAGE]).arg(context.path()).output().context("cannot start podman")?;
    ensure!(output.status.success(), "podman build failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
