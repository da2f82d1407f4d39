//! The types that are shipped, published and recorded have no problems.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::check_object;

fn types_in(path: &Path, extension: &str, found: &mut Vec<(PathBuf, Value)>) {
    if path.is_dir() {
        let mut entries: Vec<_> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for entry in &entries {
            types_in(entry, extension, found);
        }
    } else if path.extension().is_some_and(|found| found == extension) {
        let text = std::fs::read_to_string(path).unwrap();
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        found.extend(documents.into_iter().map(|document| (path.to_owned(), document)));
    }
}

/// The folder of contract data; `None` (and a line that says so) where it is absent.
pub(super) fn fixtures(below: &str) -> Option<PathBuf> {
    let root = std::env::var_os("OPENCHOREO_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"), PathBuf::from);
    let path = root.join(below);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there (set OPENCHOREO_FIXTURES)", path.display());
    None
}

/// How many types there are below a path, and what is told of them.
fn told_of(path: &Path) -> (usize, String, String) {
    let mut objects = Vec::new();
    types_in(path, "yaml", &mut objects);
    let checked: Vec<_> = objects.iter().filter_map(|(path, object)| Some((path, check_object(object)?))).collect();
    let problems = checked
        .iter()
        .filter(|(_, checked)| !checked.is_clean())
        .map(|(path, checked)| format!("{}\n{checked}\n", path.display()))
        .collect();
    let warnings = checked
        .iter()
        .flat_map(|(_, checked)| &checked.warnings)
        .map(|p| format!("{} {}: {}: {}\n", p.code, p.place.object, p.place.path, p.message));
    (checked.len(), problems, warnings.collect())
}

#[test]
fn the_types_that_we_ship_check_clean_without_a_warning() {
    let (count, problems, warnings) = told_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../platform"));
    assert!(count >= 5 && problems.is_empty(), "{count}\n{problems}");
    assert_eq!(warnings, "");
}

#[test]
fn the_published_types_check_clean() {
    let Some(path) = fixtures("manifests") else { return };
    let (count, problems, warnings) = told_of(&path);
    assert!(count >= 28 && problems.is_empty(), "{count}\n{problems}");
    insta::assert_snapshot!("warnings_of_the_published_types", warnings);
}

/// What v1.2 rendered is called wrong only where its own admission refuses it (it did not run there), where a branch that
/// was not reached is wrong, or where a resource type makes no manifest.
#[test]
fn the_types_of_recorded_renderings_are_called_wrong_only_where_they_are() {
    let Some(path) = fixtures("golden/render") else { return };
    let mut told = String::new();
    let mut count = 0;
    for kind in ["component", "project", "resource", "workflow"] {
        let mut files: Vec<_> =
            std::fs::read_dir(path.join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            if file.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let case: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            if case.get("error").is_some() {
                continue;
            }
            for object in case["input"].as_object().into_iter().flatten().flat_map(|(_, value)| match value {
                Value::Array(items) => items.iter().collect(),
                other => vec![other],
            }) {
                let Some(checked) = check_object(object) else { continue };
                count += 1;
                if !checked.is_clean() {
                    told.push_str(&format!("{} {}\n{checked}\n", file.file_name().unwrap().display(), object["kind"]));
                }
            }
        }
    }
    assert!(count > 350, "{count}");
    insta::assert_snapshot!("recorded_renderings", told);
}
