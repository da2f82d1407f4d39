//! Our CRDs as a server uses them: their schemas parse, and what the types write is what the schemas accept.

use std::collections::BTreeMap;

use schema::Schema;
use serde_json::Value;

use crate::fixtures;
use crate::round_trip::through_its_type;

fn schemas() -> BTreeMap<&'static str, Schema> {
    model::KINDS
        .iter()
        .map(|row| {
            let crd = model::crd(row);
            let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            (row.kind, Schema::parse(schema).unwrap_or_else(|problems| panic!("{}: {problems:?}", row.kind)))
        })
        .collect()
}

#[test]
fn every_schema_is_structural() {
    assert_eq!(schemas().len(), model::KINDS.len());
}

#[test]
fn what_the_types_write_is_complete_and_valid() {
    let Some(root) = fixtures::root("what_the_types_write_is_complete_and_valid") else { return };
    let schemas = schemas();
    let mut problems = Vec::new();
    let files = fixtures::yaml_files(&root.join("manifests"));
    let recorded = fixtures::yaml_files(&root.join("golden/runtime"));
    for path in files.into_iter().chain(recorded.into_iter().filter(|path| path.ends_with("control-plane.yaml"))) {
        for mut object in fixtures::documents(&path) {
            fixtures::with_moments(&mut object);
            let Some(Ok(mut written)) = through_its_type(&object) else { continue };
            let kind = object["kind"].as_str().expect("kind");
            let place = format!("{}: {kind} {}", path.display(), object["metadata"]["name"]);
            let schema = &schemas[kind];
            // The server owns metadata; its schema says nothing of it.
            written["metadata"] = Value::Object(serde_json::Map::new());
            let before = written.clone();
            schema.default_in_place(&mut written);
            if written != before {
                problems.push(format!("{place}: the type leaves out a default"));
            }
            problems
                .extend(schema.prune(&mut written).iter().map(|path| format!("{place}: {path} is not in the schema")));
            problems.extend(schema.validate(&written, None).iter().map(|error| format!("{place}: {error}")));
        }
    }
    assert!(problems.is_empty(), "{} problems\n{}", problems.len(), problems.join("\n"));
}
