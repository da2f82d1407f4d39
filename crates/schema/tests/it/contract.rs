//! The custom resources of the contract, and every sample object against them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use schema::{Definitions, ListType, Schema};
use serde_json::Value;

/// The folder of contract data; `None` (and a line that says so) where it is absent.
pub(crate) fn fixtures() -> Option<PathBuf> {
    let folder = std::env::var_os("OPENCHOREO_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"), PathBuf::from);
    if folder.join("contract").is_dir() {
        Some(folder)
    } else {
        eprintln!("skipped: no contract data in {}", folder.display());
        None
    }
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn documents(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a readable file");
    serde_saphyr::from_multiple::<Value>(&text)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .into_iter()
        .filter(Value::is_object)
        .collect()
}

/// The schemas of all custom resources below a folder of the contract: (group, kind, version) → schema.
pub(crate) fn custom_resources(folder: &Path) -> BTreeMap<(String, String, String), Schema> {
    let mut schemas = BTreeMap::new();
    for path in files(folder, "yaml") {
        for crd in documents(&path) {
            let text = |pointer: &str| crd.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            for version in crd["spec"]["versions"].as_array().expect("versions") {
                let schema = Schema::parse(&version["schema"]["openAPIV3Schema"])
                    .unwrap_or_else(|problems| panic!("{}: {problems:#?}", path.display()));
                let name = version["name"].as_str().unwrap_or_default().to_owned();
                schemas.insert((text("/spec/group"), text("/spec/names/kind"), name), schema);
            }
        }
    }
    schemas
}

/// The schemas of all custom resources below a folder, as JSON.
pub(crate) fn raw_schemas(folder: &Path) -> Vec<Value> {
    let mut schemas = Vec::new();
    for path in files(folder, "yaml") {
        for crd in documents(&path) {
            let versions = crd["spec"]["versions"].as_array().expect("versions");
            schemas.extend(versions.iter().map(|version| version["schema"]["openAPIV3Schema"].clone()));
        }
    }
    schemas
}

#[test]
fn all_custom_resources_parse() {
    let Some(fixtures) = fixtures() else { return };
    assert_eq!(custom_resources(&fixtures.join("contract/crds")).len(), 37);
    assert!(custom_resources(&fixtures.join("contract/third-party-crds")).len() >= 18);
}

#[test]
fn sample_objects_are_valid_and_lose_nothing() {
    let Some(fixtures) = fixtures() else { return };
    let mut schemas = custom_resources(&fixtures.join("contract/crds"));
    schemas.extend(custom_resources(&fixtures.join("contract/third-party-crds")));
    let mut checked = 0;
    for path in files(&fixtures.join("manifests"), "yaml") {
        for mut object in documents(&path) {
            let (group, version) =
                object["apiVersion"].as_str().unwrap_or_default().split_once('/').unwrap_or_default();
            let key = (group.to_owned(), object["kind"].as_str().unwrap_or_default().to_owned(), version.to_owned());
            let Some(schema) = schemas.get(&key) else {
                assert_ne!(key.0, "openchoreo.dev", "{}: there is no schema of {key:?}", path.display());
                continue;
            };
            let name = format!("{} {}", path.display(), object["metadata"]["name"]);
            let dropped = schema.prune(&mut object);
            assert_eq!(dropped, Vec::<String>::new(), "{name}");
            schema.default_in_place(&mut object);
            let errors: Vec<String> = schema.validate(&object, None).iter().map(ToString::to_string).collect();
            assert_eq!(errors, Vec::<String>::new(), "{name}");
            let again = schema.validate(&object, Some(&object));
            assert!(again.is_empty(), "{name}: {again:?}");
            checked += 1;
        }
    }
    assert!(checked >= 95, "only {checked} sample objects were checked");
}

#[test]
fn built_in_kinds_parse_and_tell_how_they_merge() {
    let Some(fixtures) = fixtures() else { return };
    for path in files(&fixtures.join("contract/kubernetes-1.36/openapi-v3"), "json") {
        let document: Value = serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
        let definitions = Definitions::parse(document["schemas"].as_object().expect("schemas"))
            .unwrap_or_else(|problems| panic!("{}: {problems:#?}", path.display()));
        let Some(deployment) = definitions.schema("io.k8s.api.apps.v1.Deployment") else {
            continue;
        };
        let pod =
            deployment.root().property("spec").and_then(|n| n.property("template")).and_then(|n| n.property("spec"));
        let ports = pod
            .and_then(|n| n.property("containers"))
            .and_then(schema::Node::items)
            .and_then(|n| n.property("ports"))
            .expect("ports of containers");
        assert_eq!(ports.list_type(), ListType::Map);
        assert_eq!(ports.map_keys(), ["containerPort", "protocol"]);
        assert_eq!(ports.patch_merge_key(), Some("containerPort"));
        let protocol = ports.items().and_then(|n| n.property("protocol")).expect("protocol");
        assert_eq!(protocol.default(), Some(&Value::from("TCP")));
        let volumes = pod.and_then(|n| n.property("volumes")).expect("volumes");
        assert_eq!(volumes.patch_strategies(), ["merge", "retainKeys"]);
    }
}
