//! Release builds: of what is measured, and of what measures.

use anyhow::{Context, Result, bail, ensure};
use std::path::PathBuf;
use std::process::Command;

/// How it is optimised.
#[derive(Clone, Copy)]
pub(super) enum Profile {
    /// As people build it who try it.
    Release,
    /// As it is shipped.
    Dist,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }
}

/// Builds as told and gives the folder that the programs are in.
pub(super) fn build(profile: Profile, what: &[&str]) -> Result<PathBuf> {
    let profile = profile.name();
    let root = crate::tidy::root();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--profile", profile])
        .args(what)
        .current_dir(&root)
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "cargo build --profile {profile} {} failed", what.join(" "));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join(profile))
}

/// The same command by a build of this program as it would be shipped: figures of a debug build say nothing.
pub(super) fn again() -> Result<()> {
    let program = build(Profile::Release, &["--package", "xtask", "--bin", "xtask"])?.join("xtask");
    let status = Command::new(&program).args(std::env::args_os().skip(1)).status();
    let status = status.with_context(|| format!("cannot start {}", program.display()))?;
    if !status.success() {
        bail!("{} ended with {status}", program.display());
    }
    Ok(())
}
