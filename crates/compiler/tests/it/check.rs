use std::path::{Path, PathBuf};

use compiler::check::{self, Checked};
use rstest::rstest;
use serde_json::{Value, json};

use crate::sample::Sample;

fn check_object(object: &Value) -> Option<Checked> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let spec = &object["spec"];
    Some(match object["kind"].as_str()?.trim_start_matches("Cluster") {
        "ComponentType" => check::component_type(name, spec),
        "Trait" => check::trait_(name, spec),
        "ProjectType" => check::project_type(name, spec),
        "ResourceType" => check::resource_type(name, spec),
        "Workflow" if object["apiVersion"] == "openchoreo.dev/v1alpha1" => check::workflow(name, spec),
        _ => return None,
    })
}

fn told(checked: &Checked) -> String {
    let line = |kind: &str, p: &compiler::Problem| {
        format!("{kind} {} at {}, {}: {}\n", p.code, p.place.object, p.place.path, p.message)
    };
    checked
        .problems
        .iter()
        .map(|p| line("error", p))
        .chain(checked.warnings.iter().map(|p| line("warning", p)))
        .collect()
}

fn types_in(path: &Path, found: &mut Vec<(PathBuf, Value)>) {
    if path.is_dir() {
        let mut entries: Vec<_> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for entry in &entries {
            types_in(entry, found);
        }
    } else if path.extension().is_some_and(|extension| extension == "yaml") {
        let text = std::fs::read_to_string(path).unwrap();
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap_or_default();
        found.extend(documents.into_iter().map(|document| (path.to_owned(), document)));
    }
}

fn problems_of(path: &Path) -> (usize, String) {
    let mut objects = Vec::new();
    types_in(path, &mut objects);
    let checked: Vec<_> = objects.iter().filter_map(|(path, object)| Some((path, check_object(object)?))).collect();
    let problems = checked
        .iter()
        .filter(|(_, checked)| !checked.is_clean())
        .map(|(path, checked)| format!("{}\n{}", path.display(), told(checked)))
        .collect();
    (checked.len(), problems)
}

#[test]
fn the_types_that_we_ship_check_clean() {
    let (count, problems) = problems_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../platform"));
    assert!(count > 0 && problems.is_empty(), "{problems}");
}

#[test]
fn the_published_types_check_clean() {
    let root = std::env::var_os("OPENCHOREO_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"), PathBuf::from);
    let path = root.join("manifests/getting-started/all.yaml");
    if !path.exists() {
        println!("skipped: {} is not there (set OPENCHOREO_FIXTURES)", path.display());
        return;
    }
    let (count, problems) = problems_of(&path);
    assert!(count > 0 && problems.is_empty(), "{problems}");
}

#[test]
fn the_sample_checks_clean() {
    let sample = Sample::new();
    assert_eq!(check::component_type("deployment/small", &sample.type_spec), Checked::default());
    assert_eq!(check::trait_("volume", &sample.trait_specs[0].1), Checked::default());
}

#[rstest]
#[case("undeclared variable", "/resources/1/template/data/level", json!("${parameter.level}"))]
#[case("undeclared field", "/resources/1/template/data/level", json!("${parameters.leve}"))]
#[case("undeclared function", "/resources/1/template/data/level", json!("${parameters.level.toLowerCase()}"))]
#[case("number arithmetic", "/resources/1/template/data/level", json!("${parameters.replicas + 1}"))]
#[case("syntax", "/resources/1/template/data/level", json!("${1 +}"))]
#[case("nested", "/resources/1/template/data/level", json!("${a ${b}}"))]
#[case("condition type", "/resources/1/includeWhen", json!("${parameters.replicas}"))]
#[case("condition text", "/resources/1/includeWhen", json!("yes"))]
#[case("loop type", "/resources/1/forEach", json!("${parameters.level}"))]
#[case("workload", "/resources/0/template/kind", json!("StatefulSet"))]
#[case("no name", "/resources/1/template/metadata", json!({}))]
#[case("kind computed", "/resources/1/template/kind", json!("${'ConfigMap'}"))]
#[case("rule", "/validations", json!([{"rule": "${size(parameters.level)}", "message": "m"}]))]
#[case("schema", "/parameters/openAPIV3Schema", json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/None"}}}))]
fn mistakes_of_a_component_type_are_found(#[case] name: &str, #[case] pointer: &str, #[case] value: Value) {
    let mut sample = Sample::new();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    sample.type_spec.pointer_mut(parent).unwrap()[key] = value;
    let checked = check::component_type("deployment/small", &sample.type_spec);
    assert!(!checked.is_clean());
    insta::assert_snapshot!(format!("component_type_{}", name.replace(' ', "_")), told(&checked));
}

#[rstest]
#[case("patch path", "/patches/0/operations/0/path", json!("/spec/[?(@.a=1)]/b"))]
#[case("patch operation", "/patches/0/operations/0/op", json!("copy"))]
#[case("resource in a value", "/patches/0/operations/0/value", json!("${resource.kind}"))]
#[case("where", "/patches/0/target/where", json!("${resource.metadata.name}+"))]
#[case("component variable", "/creates/0/template/spec/size", json!("${parameters.replicas}"))]
#[case("unused", "/parameters/openAPIV3Schema/properties/other", json!({"type": "string"}))]
fn mistakes_of_a_trait_are_found(#[case] name: &str, #[case] pointer: &str, #[case] value: Value) {
    let mut spec = Sample::new().trait_specs.remove(0).1;
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    spec.pointer_mut(parent).unwrap()[key] = value;
    let checked = check::trait_("volume", &spec);
    assert_ne!(checked, Checked::default());
    insta::assert_snapshot!(format!("trait_{}", name.replace(' ', "_")), told(&checked));
}

#[test]
fn outputs_must_name_resources_of_the_type() {
    let spec = json!({
        "resources": [{"id": "claim", "template": {"apiVersion": "v1", "kind": "Claim", "metadata": {"name": "a"}}, "readyWhen": "${applied.clam.status.ok}"}],
        "outputs": [{"name": "host", "value": "${applied['other'].status.host}"}, {"name": "none"}],
    });
    insta::assert_snapshot!(told(&check::resource_type("db", &spec)));
}
