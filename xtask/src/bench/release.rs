//! Release builds: of what is measured, and of what measures.

use anyhow::{Context, Result, bail, ensure};
use std::path::PathBuf;
use std::process::Command;

/// Builds as told and gives the folder that the programs are in.
pub(crate) fn build(what: &[&str]) -> Result<PathBuf> {
    let root = crate::tidy::root();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked"])
        .args(what)
        .current_dir(&root)
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "cargo build --release {} failed", what.join(" "));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release"))
}

/// The same command by a release build of this program: figures of a debug build say nothing.
pub(super) fn again() -> Result<()> {
    let program = build(&["--package", "xtask", "--bin", "xtask"])?.join("xtask");
    let status = Command::new(&program).args(std::env::args_os().skip(1)).status();
    let status = status.with_context(|| format!("cannot start {}", program.display()))?;
    if !status.success() {
        bail!("{} ended with {status}", program.display());
    }
    Ok(())
}
