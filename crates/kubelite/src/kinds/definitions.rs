//! The generated definitions of Kubernetes' own types: looked up by name, expanded where a whole schema is needed.

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use serde_json::{Map, Value, json};

const TEXT: &str = include_str!("../generated/schemas.txt");

/// Line of each definition; parsed only when someone asks.
static INDEX: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| TEXT.lines().filter_map(|line| line.split_once('\t')).collect());

/// The compact definition of that name: references are bare names.
pub(crate) fn definition(name: &str) -> Option<Value> {
    // The text is generated and covered by a test that parses all of it.
    INDEX.get(name).and_then(|text| serde_json::from_str(text).ok())
}

/// The definition as an OpenAPI v3 document holds it.
pub(crate) fn openapi_definition(name: &str) -> Option<Value> {
    definition(name).map(|mut value| {
        wrap_references(&mut value);
        value
    })
}

fn wrap_references(value: &mut Value) {
    match value {
        Value::Object(map) => {
            // A property may be called `$ref`; only a string there is a reference.
            let name = map.get("$ref").and_then(Value::as_str).map(str::to_owned);
            if name.is_some() {
                map.remove("$ref");
            }
            map.values_mut().for_each(wrap_references);
            if let Some(name) = name {
                let reference = json!({"$ref": format!("#/components/schemas/{name}")});
                if map.is_empty() {
                    *value = reference;
                } else {
                    map.insert("allOf".into(), json!([reference]));
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(wrap_references),
        _ => {}
    }
}

/// Names of the definition and of all that it refers to.
pub(crate) fn reachable(name: &str, into: &mut BTreeSet<String>) {
    if into.contains(name) {
        return;
    }
    let Some(value) = definition(name) else { return };
    into.insert(name.to_owned());
    references(&value, into);
}

fn references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(name) if key == "$ref" => reachable(name, into),
                    _ => references(inner, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, into)),
        _ => {}
    }
}

/// All definitions, parsed once; kinds share their nodes.
static SCHEMAS: LazyLock<Option<schema::Definitions>> = LazyLock::new(|| {
    let mut all: Map<String, Value> =
        INDEX.keys().filter_map(|name| openapi_definition(name).map(|value| ((*name).to_owned(), value))).collect();
    fill_keys(&mut all);
    schema::Definitions::parse(&all)
        .inspect_err(|problems| {
            tracing::error!(?problems, "the generated definitions cannot be read; built-in kinds are not validated");
        })
        .ok()
});

/// A key of a list's items that is always written is empty where nobody says it, not absent: items are told apart by it.
fn fill_keys(all: &mut Map<String, Value>) {
    let mut keys: BTreeSet<(String, String)> = BTreeSet::new();
    let lists = all.values().filter_map(|definition| definition["properties"].as_object()).flat_map(Map::values);
    for list in lists {
        let Some(item) = list["items"]["$ref"].as_str().and_then(|name| name.rsplit('/').next()) else { continue };
        let names = list["x-kubernetes-list-map-keys"].as_array().into_iter().flatten().filter_map(Value::as_str);
        keys.extend(names.map(|key| (item.to_owned(), key.to_owned())));
    }
    for (item, key) in keys {
        let Some(definition) = all.get_mut(&item) else { continue };
        let required = definition["required"].as_array().is_some_and(|names| names.iter().any(|name| *name == *key));
        let field = &mut definition["properties"][key.as_str()];
        if required && field["type"] == "string" && field["default"].is_null() {
            field["default"] = "".into();
        }
    }
}

/// The schema of that name.
pub(crate) fn schema_of(name: &str) -> Option<schema::Schema> {
    SCHEMAS.as_ref().and_then(|all| all.schema(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generated_definition_parses() {
        for name in INDEX.keys() {
            assert!(definition(name).is_some(), "{name}");
        }
        assert!(INDEX.len() > 300);
    }

    #[test]
    fn the_definitions_are_schemas_with_merge_keys() {
        let pod = schema_of("io.k8s.api.core.v1.Pod").unwrap();
        let containers = pod.root().property("spec").unwrap().property("containers").unwrap();
        assert_eq!(containers.map_keys(), ["name"]);
        assert_eq!(containers.patch_merge_key(), Some("name"));
    }
}
