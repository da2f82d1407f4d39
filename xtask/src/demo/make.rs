//! Builds the release binaries, and the example's programs and images.

use super::engine::Engine;
use super::step;
use crate::tidy;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What was built.
pub(crate) struct Made {
    pub(crate) server: PathBuf,
    pub(crate) occ: PathBuf,
    /// Folder of the example's manifests.
    pub(crate) manifests: String,
}

const PROGRAMS: &[&str] = &["quotes", "entries", "web"];

pub(crate) fn everything(engine: &Engine) -> Result<Made> {
    let root = tidy::root();
    step("building openchoreo and occ");
    cargo(&root, &["build", "--release", "--locked", "-p", "openchoreo", "-p", "occ"], None)?;
    step("building the example");
    let example = root.join("examples/guestbook");
    let target = host()?;
    cargo(&example, &["build", "--release", "--locked", "--target", &target], Some("-C target-feature=+crt-static"))?;
    let programs = example.join("target").join(&target).join("release");
    for name in PROGRAMS {
        image(engine, &example, &programs, name)?;
    }
    let binaries = target_dir(&root).join("release");
    Ok(Made {
        server: binaries.join("openchoreo"),
        occ: binaries.join("occ"),
        manifests: example.join("manifests").display().to_string(),
    })
}

/// The folder that cargo builds into.
fn target_dir(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

fn cargo(folder: &Path, words: &[&str], flags: Option<&str>) -> Result<()> {
    let mut command = Command::new(env!("CARGO"));
    command.args(words).current_dir(folder);
    if let Some(flags) = flags {
        // Programs of the example go into images that hold nothing else; their target folder is their own.
        command.env("RUSTFLAGS", flags).env_remove("CARGO_TARGET_DIR").env_remove("CARGO_ENCODED_RUSTFLAGS");
    }
    let status = command.status().context("cannot start cargo")?;
    ensure!(status.success(), "cargo {} failed", words.join(" "));
    Ok(())
}

/// The target that programs of this computer are built for.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot start rustc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned).context("rustc does not tell its host")
}

/// Builds an image from the folder that holds the program, with nothing else sent to the engine.
fn image(engine: &Engine, example: &Path, programs: &Path, name: &str) -> Result<()> {
    let context = tempfile::tempdir().context("cannot make a folder for an image")?;
    std::fs::copy(programs.join(name), context.path().join(name))
        .with_context(|| format!("cannot copy the program {name}"))?;
    let tag = format!("localhost/openchoreo-examples/{name}:latest");
    let output = Command::new(&engine.program)
        .args(["build", "-q", "-t", &tag, "-f"])
        .arg(example.join(name).join("Containerfile"))
        .arg(context.path())
        .output()
        .with_context(|| format!("cannot start {}", engine.program.display()))?;
    ensure!(
        output.status.success(),
        "building the image {tag} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    step(&format!("image {tag}"));
    Ok(())
}
