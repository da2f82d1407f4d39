//! Our CRDs against the published ones: everything but the prose.

use serde_json::Value;

use crate::fixtures;

#[test]
fn every_crd_equals_the_published_one() {
    let Some(root) = fixtures::root("every_crd_equals_the_published_one") else { return };
    let mut differences = Vec::new();
    let mut compared = 0;
    for path in fixtures::yaml_files(&root.join("contract/crds")) {
        for published in fixtures::documents(&path) {
            let kind = published["spec"]["names"]["kind"].as_str().expect("kind").to_owned();
            let Some(row) = model::kind_row(&kind) else {
                differences.push(format!("{kind}: not in the table"));
                continue;
            };
            let mut ours = model::crd(row);
            let mut published = published;
            assert_eq!(ours["metadata"]["name"], published["metadata"]["name"]);
            normalise(&mut ours["spec"]);
            normalise(&mut published["spec"]);
            compare(&kind, &published["spec"], &ours["spec"], &mut differences);
            compared += 1;
        }
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
    assert_eq!(compared, model::KINDS.len());
}

/// Takes the prose out, and the order where it has no meaning.
fn normalise(value: &mut Value) {
    match value {
        Value::Object(map) => {
            // Where `description` and `message` are properties they are schemas, not texts.
            map.retain(|key, value| !((key == "description" || key == "message") && value.is_string()));
            for (key, value) in map.iter_mut() {
                normalise(value);
                if let ("required" | "x-kubernetes-validations", Value::Array(items)) = (key.as_str(), value) {
                    items.sort_by_key(ToString::to_string);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(normalise),
        _ => {}
    }
}

fn compare(path: &str, published: &Value, ours: &Value, differences: &mut Vec<String>) {
    if let (Value::Object(published), Value::Object(ours)) = (published, ours) {
        let keys: std::collections::BTreeSet<&String> = published.keys().chain(ours.keys()).collect();
        for key in keys {
            match (published.get(key), ours.get(key)) {
                (Some(published), Some(ours)) => compare(&format!("{path}.{key}"), published, ours, differences),
                (published, ours) => differences.push(format!("{path}.{key}: published {published:?}, ours {ours:?}")),
            }
        }
    } else if published != ours {
        differences.push(format!("{path}: published {published}, ours {ours}"));
    }
}
