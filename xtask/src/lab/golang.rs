//! Programs that are built from Kubernetes' Go modules, in a Go module of their own below the lab's folder.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const KUBERNETES: &str = "v1.36.3";
/// The same release of the modules that Kubernetes is made of.
const STAGING: &str = "v0.36.3";
/// The one Go file of ours: it names the package of tests.
const SUITE: &str = include_str!("suite/suite_test.go");
const TOOLS: [&str; 2] = ["kube-apiserver", "kube-controller-manager"];

/// The test suite's binary.
pub(crate) fn suite() -> Result<PathBuf> {
    let folder = super::folder();
    let binary = folder.join("suite.test");
    if is_built(&binary) {
        return Ok(binary);
    }
    let module = module(&folder)?;
    // Its own checks of Kubernetes' code would cost as much as the build.
    go(
        &module,
        &["test", "-p=2", "-vet=off", "-c", "-ldflags=-s -w", "-o", path(&binary)?, "."],
        "building the test suite",
    )?;
    built(&binary)?;
    Ok(binary)
}

/// Binaries of a real control plane: the API server's and the controller manager's.
pub(super) fn control_plane() -> Result<[PathBuf; 2]> {
    let folder = super::folder();
    let version = format!(
        "-ldflags=-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES} -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"
    );
    let binaries = TOOLS.map(|tool| folder.join(tool));
    for (tool, binary) in TOOLS.iter().zip(&binaries) {
        if !is_built(binary) {
            let module = module(&folder)?;
            let package = format!("k8s.io/kubernetes/cmd/{tool}");
            let arguments = ["build", "-p=2", &version, "-o", path(binary)?, &package];
            go(&module, &arguments, &format!("building {tool} {KUBERNETES} (minutes the first time)"))?;
            built(binary)?;
        }
    }
    Ok(binaries)
}

/// The binary of a Go program of ours that stands in this module's folder `name`.
pub(crate) fn program(name: &str, source: &str) -> Result<PathBuf> {
    let module = module(&super::folder())?;
    let folder = module.join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    keep(&folder.join("main.go"), source)?;
    let binary = super::folder().join(name);
    let arguments = ["build", "-p=2", "-ldflags=-s -w", "-o", path(&binary)?, &format!("./{name}")];
    go(&module, &arguments, &format!("building the Go program {name}"))?;
    Ok(binary)
}

/// What a Go program of ours says that stands in this module's folder `name`, with Kubernetes' modules at hand.
pub(crate) fn run(name: &str, source: &str) -> Result<String> {
    let module = module(&super::folder())?;
    let program = module.join(name);
    fs::create_dir_all(&program).with_context(|| format!("cannot make {}", program.display()))?;
    keep(&program.join("main.go"), source)?;
    let said = go(&module, &["run", "-p=2", &format!("./{name}")], &format!("running the Go program {name}"))?;
    String::from_utf8(said).with_context(|| format!("what the Go program {name} said is not UTF-8"))
}

/// Whether the binary is there and of this release.
fn is_built(binary: &Path) -> bool {
    binary.is_file() && fs::read_to_string(stamp(binary)).is_ok_and(|release| release == made_from())
}

fn built(binary: &Path) -> Result<()> {
    keep(&stamp(binary), &made_from())
}

fn stamp(binary: &Path) -> PathBuf {
    binary.with_added_extension("release")
}

/// What a binary is made from: the release, and our one file.
fn made_from() -> String {
    format!("{KUBERNETES}\n{SUITE}")
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

/// The Go module, with each of Kubernetes' own modules pinned to the release.
fn module(folder: &Path) -> Result<PathBuf> {
    let module = folder.join("module");
    fs::create_dir_all(&module).with_context(|| format!("cannot make {}", module.display()))?;
    keep(&module.join("suite_test.go"), SUITE)?;
    let made_for = module.join(".release");
    if fs::read_to_string(&made_for).is_ok_and(|known| known == KUBERNETES) {
        return Ok(module);
    }
    keep(&module.join("go.mod"), "module conformance\n")?;
    let wanted = format!("k8s.io/kubernetes@{KUBERNETES}");
    let facts = go(&module, &["mod", "download", "-json", &wanted], "downloading Kubernetes")?;
    let facts: serde_json::Value = serde_json::from_slice(&facts).context("what `go mod download` said is not JSON")?;
    let their = fs::read_to_string(facts["GoMod"].as_str().unwrap_or_default())
        .context("cannot read the go.mod of Kubernetes")?;
    keep(&module.join("go.mod"), &manifest(&their))?;
    go(&module, &["mod", "tidy"], "resolving Go modules")?;
    keep(&made_for, KUBERNETES)?;
    Ok(module)
}

/// Our go.mod: Kubernetes requires its staging modules at `v0.0.0`, which exists only in its own repository.
fn manifest(their: &str) -> String {
    let language = their.lines().find(|line| line.starts_with("go ")).unwrap_or("go 1.26");
    let pinned: String = their
        .lines()
        .filter_map(|line| line.trim().strip_suffix(" v0.0.0"))
        .map(|module| format!("\t{module} => {module} {STAGING}\n"))
        .collect();
    let tools: String = TOOLS.iter().map(|tool| format!("tool k8s.io/kubernetes/cmd/{tool}\n")).collect();
    format!(
        "module conformance\n\n{language}\n\nrequire k8s.io/kubernetes {KUBERNETES}\n\nreplace (\n{pinned})\n\n{tools}"
    )
}

/// Writes only what changes, so that nothing is built again for nothing.
fn keep(file: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(file).is_ok_and(|known| known == text) {
        return Ok(());
    }
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn go(module: &Path, arguments: &[&str], what: &str) -> Result<Vec<u8>> {
    println!("── {what}");
    let output = Command::new("go").args(arguments).env("GOFLAGS", "-mod=mod").current_dir(module).output();
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(
            "Go is not installed, and {what} needs it: install Go 1.26 or newer (https://go.dev/dl) and run this again"
        ),
        Err(error) => return Err(error).context("cannot start go"),
    };
    if !output.status.success() {
        bail!("{what}: go {} failed:\n{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_modules_without_a_release_of_their_own_are_pinned() {
        let theirs = "module k8s.io/kubernetes\n\ngo 1.26.0\n\nrequire (\n\tk8s.io/api v0.0.0\n\tk8s.io/utils v0.0.0-20260210\n)\n";
        let ours = manifest(theirs);
        assert!(ours.contains("\ngo 1.26.0\n"), "{ours}");
        assert!(ours.contains("\tk8s.io/api => k8s.io/api v0.36.3\n"), "{ours}");
        assert!(!ours.contains("utils"), "{ours}");
    }
}
