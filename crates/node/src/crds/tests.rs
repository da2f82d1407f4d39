//! Our schemas against the published ones: what we declare is declared there in the same way, and what is declared
//! there and not by us is kept.

use super::all;
use serde_json::{Map, Value};
use std::path::PathBuf;

fn contract() -> Option<PathBuf> {
    let fixtures = std::env::var_os("OPENCHOREO_FIXTURES")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"), PathBuf::from);
    let folder = fixtures.join("contract/third-party-crds");
    folder.is_dir().then_some(folder)
}

/// Optional fields of our own.
const ADDED: &[&str] = &["httproutes.gateway.networking.k8s.io.spec.rules[].retry"];

/// Kinds that the contract data does not have.
const UNPUBLISHED: &[&str] = &["passwords.generators.external-secrets.io"];

/// Keywords that must be the same on both sides.
const KEYWORDS: &[&str] = &[
    "type",
    "format",
    "default",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "nullable",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
];

fn compare(path: &str, ours: &Value, theirs: &Value, breaches: &mut Vec<String>) {
    let keeps_unknown = ours["x-kubernetes-preserve-unknown-fields"] == true;
    if keeps_unknown && ours.get("type").is_none() {
        return;
    }
    for keyword in KEYWORDS {
        let (mut one, mut other) = (ours[*keyword].clone(), theirs[*keyword].clone());
        if *keyword == "enum" {
            for side in [&mut one, &mut other] {
                if let Value::Array(values) = side {
                    values.sort_by_key(ToString::to_string);
                }
            }
        }
        if *keyword == "default" {
            without_times(&mut one);
            without_times(&mut other);
        }
        if one != other {
            breaches.push(format!("{path}: {keyword} is {one} here and {other} there"));
        }
    }
    let names = |schema: &Value| {
        let mut names: Vec<String> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        names.sort();
        names
    };
    if names(ours) != names(theirs) {
        breaches.push(format!("{path}: required {:?} here and {:?} there", names(ours), names(theirs)));
    }
    let empty = Map::new();
    let mine = ours["properties"].as_object().unwrap_or(&empty);
    let other = theirs["properties"].as_object().unwrap_or(&empty);
    for (name, schema) in mine {
        match other.get(name) {
            Some(theirs) => compare(&format!("{path}.{name}"), schema, theirs, breaches),
            None if ADDED.contains(&format!("{path}.{name}").as_str()) => {}
            None => breaches.push(format!("{path}.{name} is not in the contract")),
        }
    }
    if !keeps_unknown {
        for name in other.keys().filter(|name| !mine.contains_key(*name)) {
            breaches.push(format!("{path}.{name} would be dropped"));
        }
    }
    if !ours["items"].is_null() {
        compare(&format!("{path}[]"), &ours["items"], &theirs["items"], breaches);
    }
    if !ours["additionalProperties"].is_null() {
        compare(&format!("{path}{{}}"), &ours["additionalProperties"], &theirs["additionalProperties"], breaches);
    }
}

/// Prose inside defaults is ours.
fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("message");
            fields.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

#[test]
fn every_schema_agrees_with_the_published_one() {
    let Some(folder) = contract() else {
        println!("skipped: no contract data (OPENCHOREO_FIXTURES)");
        return;
    };
    let mut breaches = Vec::new();
    for ours in all() {
        let name = ours["metadata"]["name"].as_str().expect("a name").to_owned();
        let (plural, group) = name.split_once('.').expect("a group");
        if UNPUBLISHED.contains(&name.as_str()) {
            continue;
        }
        let text = std::fs::read_to_string(folder.join(format!("{group}_{plural}.yaml"))).expect("a contract file");
        let theirs: Value = serde_saphyr::from_str(&text).expect("YAML");
        for field in ["group", "names", "scope"] {
            if ours["spec"][field] != theirs["spec"][field] {
                breaches.push(format!("{name}: {field} is {} and {}", ours["spec"][field], theirs["spec"][field]));
            }
        }
        for version in ours["spec"]["versions"].as_array().expect("versions") {
            let published = theirs["spec"]["versions"]
                .as_array()
                .expect("versions")
                .iter()
                .find(|other| other["name"] == version["name"])
                .expect("the version is published");
            for field in ["served", "storage", "subresources", "additionalPrinterColumns"] {
                if version[field] != published[field] {
                    breaches.push(format!("{name}: {field} is {} and {}", version[field], published[field]));
                }
            }
            let (ours, theirs) = (&version["schema"]["openAPIV3Schema"], &published["schema"]["openAPIV3Schema"]);
            compare(&name, ours, theirs, &mut breaches);
        }
    }
    assert_eq!(breaches, Vec::<String>::new());
}
