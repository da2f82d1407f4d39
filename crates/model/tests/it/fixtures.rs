//! Where the contract data is.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of the contract data; none, with a word about it, where it is absent.
pub(crate) fn root(test: &str) -> Option<PathBuf> {
    let root = std::env::var_os("OPENCHOREO_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"), PathBuf::from);
    if root.is_dir() {
        Some(root)
    } else {
        eprintln!("{test}: SKIPPED, no contract data at {} (set OPENCHOREO_FIXTURES)", root.display());
        None
    }
}

/// All YAML files below a folder, sorted.
pub(crate) fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("folder of fixtures") {
        let path = entry.expect("entry of fixtures").path();
        if path.is_dir() {
            found.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The documents of a YAML file; empty ones are left out.
pub(crate) fn documents(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("readable fixture");
    let documents: Vec<Value> =
        serde_saphyr::from_multiple_with_options(&text, serde_saphyr::options! { strict_booleans: true })
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    documents.into_iter().filter(|document| !document.is_null()).collect()
}

/// Recorded objects have `<time>` where a moment was.
pub(crate) fn with_moments(value: &mut Value) {
    match value {
        Value::String(text) if text == "<time>" => "2026-01-02T03:04:05Z".clone_into(text),
        Value::Object(members) => members.values_mut().for_each(with_moments),
        Value::Array(items) => items.iter_mut().for_each(with_moments),
        _ => {}
    }
}
