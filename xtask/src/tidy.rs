//! The house rules as checks: `cargo xtask tidy`.

use crate::counts::Counts;
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What each crate may use of ours: the storeys of `docs/architecture.md`.
const STOREYS: &[(&str, &[&str])] = &[
    ("cel", &[]),
    ("schema", &["cel"]),
    ("model", &["schema"]),
    ("compiler", &["cel", "schema", "model"]),
    ("fuzz", &["cel", "schema", "compiler", "kubelite"]),
    ("kubelite", &["cel", "schema"]),
    ("differential", &["kubelite"]),
    ("admission", &["schema", "compiler", "kubelite"]),
    ("node", &[]),
    ("plane", &["model"]),
    ("reconcile", &["model", "compiler", "plane", "schema"]),
    ("api", &["model", "schema", "plane", "compiler"]),
    ("occ", &["model", "schema", "compiler"]),
    ("openchoreo", &["model", "kubelite", "admission", "node", "plane", "reconcile", "api", "schema", "compiler"]),
];

/// Crates that others can use by themselves, and what must not be among all that they need: clients of clusters, and what
/// those bring along.
const ALONE: &[&str] = &["cel", "schema", "compiler"];
const CLIENTS: &[&str] =
    &["kube", "kube-client", "kube-runtime", "tokio", "hyper", "reqwest", "rustls", "tower", "rusqlite", "bollard"];

/// Names that say nothing about what is inside.
const VAGUE: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "types"];

/// Longest source file, in lines.
const LONGEST: usize = 900;

/// Runs all rules; prints each breach.
pub(crate) fn run() -> Result<Counts> {
    let root = root();
    let files = tracked(&root)?;
    let mut counts = Counts::default();
    for (name, check) in RULES {
        let breaches = check(&root, &files).with_context(|| format!("rule {name}"))?;
        for breach in &breaches {
            println!("{name}: {breach}");
        }
        counts.add(breaches.is_empty());
    }
    Ok(counts)
}

type Rule = fn(&Path, &[PathBuf]) -> Result<Vec<String>>;

const RULES: &[(&str, Rule)] = &[
    ("storeys", storeys),
    ("crates that stand alone", stand_alone),
    ("file size", file_size),
    ("nine of ten under 450 lines", spread),
    ("vague names", vague_names),
    ("a README per crate", readmes),
    ("no unsafe", forbids_unsafe),
    ("forbidden words", forbidden_words),
    ("no ignored tests", ignored_tests),
    ("differences", |root, _| crate::differences::breaches(root)),
];

pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

fn tracked(root: &Path) -> Result<Vec<PathBuf>> {
    let listing = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git ls-files")?;
    anyhow::ensure!(listing.status.success(), "git ls-files failed: is this a git checkout?");
    Ok(String::from_utf8_lossy(&listing.stdout)
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .filter(|name| root.join(name).is_file())
        .collect())
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "rs" || ext == "ts" || ext == "tsx")
        && !path.components().any(|part| part.as_os_str() == "generated")
}

fn read(root: &Path, path: &Path) -> Result<String> {
    let bytes = std::fs::read(root.join(path)).with_context(|| path.display().to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A crate depends only on crates that stand below it.
fn storeys(root: &Path, _: &[PathBuf]) -> Result<Vec<String>> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root)
        .output()
        .context("cargo metadata")?;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).context("cargo metadata")?;
    let ours: BTreeMap<&str, &[&str]> = STOREYS.iter().copied().collect();
    let mut breaches = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        if name == "xtask" {
            continue;
        }
        let Some(allowed) = ours.get(name) else {
            if package["manifest_path"].as_str().is_some_and(|path| path.contains("/crates/")) {
                breaches
                    .push(format!("crate {name} has no storey: add it to xtask/src/tidy.rs and docs/architecture.md"));
            }
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"].as_str() == Some("dev");
            if ours.contains_key(used) && !for_tests && !allowed.contains(&used) {
                breaches.push(format!("{name} may not use {used}"));
            }
        }
    }
    Ok(breaches)
}

/// No cluster client is among what `ALONE` needs, directly or not; what only tests need does not count.
fn stand_alone(root: &Path, _: &[PathBuf]) -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for name in ALONE {
        let tree = Command::new(env!("CARGO"))
            .args(["tree", "--package", name, "--edges", "normal,build", "--prefix", "none", "--offline"])
            .args(["--format", "{p}", "--all-features"])
            .current_dir(root)
            .output()
            .context("cargo tree")?;
        anyhow::ensure!(tree.status.success(), "cargo tree: {}", String::from_utf8_lossy(&tree.stderr));
        let needed = String::from_utf8_lossy(&tree.stdout).into_owned();
        let needed: BTreeSet<&str> = needed.lines().filter_map(|line| line.split_whitespace().next()).collect();
        anyhow::ensure!(needed.contains(name), "cargo tree does not tell {name}");
        breaches.extend(
            CLIENTS
                .iter()
                .filter(|client| needed.contains(*client))
                .map(|client| format!("{name} needs {client}: it must be of use without a cluster")),
        );
    }
    Ok(breaches)
}

fn lengths(root: &Path, files: &[PathBuf]) -> Result<Vec<(usize, PathBuf)>> {
    files
        .iter()
        .filter(|path| is_source(path))
        .map(|path| Ok((read(root, path)?.lines().count(), path.clone())))
        .collect()
}

fn file_size(root: &Path, files: &[PathBuf]) -> Result<Vec<String>> {
    Ok(lengths(root, files)?
        .into_iter()
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, path)| format!("{} has {lines} lines, more than {LONGEST}", path.display()))
        .collect())
}

fn spread(root: &Path, files: &[PathBuf]) -> Result<Vec<String>> {
    let all = lengths(root, files)?;
    let long: Vec<_> = all.iter().filter(|(lines, _)| *lines > 450).collect();
    if long.len() * 10 <= all.len() {
        return Ok(Vec::new());
    }
    Ok(long.iter().map(|(lines, path)| format!("{} has {lines} lines", path.display())).collect())
}

fn vague_names(_: &Path, files: &[PathBuf]) -> Result<Vec<String>> {
    Ok(files
        .iter()
        .filter(|path| is_source(path))
        .filter(|path| path.with_extension("").iter().any(|part| VAGUE.contains(&part.to_string_lossy().as_ref())))
        .map(|path| format!("{}: name the room after what is in it", path.display()))
        .collect())
}

fn readmes(root: &Path, _: &[PathBuf]) -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let folder = entry?.path();
        if folder.join("Cargo.toml").is_file() && !folder.join("README.md").is_file() {
            breaches.push(format!("{} has no README.md", folder.strip_prefix(root).unwrap_or(&folder).display()));
        }
    }
    breaches.sort();
    Ok(breaches)
}

fn forbids_unsafe(root: &Path, _: &[PathBuf]) -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for (name, _) in STOREYS {
        let folder = root.join("crates").join(name).join("src");
        let entry = ["lib.rs", "main.rs"].iter().map(|file| folder.join(file)).find(|path| path.is_file());
        let text = entry.map(std::fs::read_to_string).transpose()?.unwrap_or_default();
        if !text.contains("#![forbid(unsafe_code)]") {
            breaches.push(format!("crates/{name} does not forbid unsafe code"));
        }
    }
    Ok(breaches)
}

/// Paths of one machine and words that are not for readers of the repository.
fn forbidden_words(root: &Path, files: &[PathBuf]) -> Result<Vec<String>> {
    // Written in two halves so that this file passes its own rule.
    let words = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("bash", "_jobs"),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
    ];
    let mut breaches = Vec::new();
    for path in files {
        let generated = path.components().any(|part| part.as_os_str() == "generated");
        if generated || path.extension().is_some_and(|ext| ext == "lock") || path.ends_with("LICENSE") {
            continue;
        }
        for (number, line) in read(root, path)?.lines().enumerate() {
            for word in words {
                if line.contains(word) {
                    breaches.push(format!("{}:{}: {word}", path.display(), number + 1));
                }
            }
        }
    }
    Ok(breaches)
}

fn ignored_tests(root: &Path, files: &[PathBuf]) -> Result<Vec<String>> {
    let marks = [concat!("#[ig", "nore"), concat!("```ig", "nore")];
    let mut breaches = Vec::new();
    for path in files.iter().filter(|path| is_source(path)) {
        for (number, line) in read(root, path)?.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                breaches.push(format!("{}:{}: a test that does not run", path.display(), number + 1));
            }
        }
    }
    Ok(breaches)
}
