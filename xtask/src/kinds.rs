//! Makes kubelite's table of built-in kinds from what a running Kubernetes API server publishes.
//!
//! Input: discovery documents, OpenAPI v3 documents (prose stripped) and the columns of the server's tables.
//! Output: `crates/kubelite/src/generated/{kinds.json,schemas.txt}`. Structure only: names, scopes, verbs, subresources, columns,
//! properties, formats, required fields, list types, merge keys, defaults that are not the zero value.
//!
//! `messages.txt` beside them comes from the published Go types of the same release, whose tags have the numbers of fields in
//! protobuf: a Go program of ours (`kinds/messages.go`) reads them by reflection.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

/// Groups that kubelite does not serve: what they configure (flow control, device allocation) has no machine behind it here.
const LEFT_OUT: &[&str] = &["flowcontrol.apiserver.k8s.io", "resource.k8s.io"];

/// Prints the messages of protobuf.
const MESSAGES: &str = include_str!("kinds/messages.go");

/// Stands for the definition of a kind that discovery names and no recorded document describes: nothing is known of its fields.
fn unknown_definition(group: &str, version: &str, kind: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"}, "kind": {"type": "string"},
            "metadata": {"$ref": "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
        },
        "x-kubernetes-group-version-kind": [{"group": group, "version": version, "kind": kind}],
        "x-kubernetes-preserve-unknown-fields": true,
    })
}

/// Reads `contract/kubernetes-1.36` below the fixtures folder and writes the generated files.
pub(crate) fn run() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent folder")?;
    let fixtures =
        std::env::var_os("OPENCHOREO_FIXTURES").map_or_else(|| root.join("../shared/fixtures"), PathBuf::from);
    let source = fixtures.join("contract/kubernetes-1.36");
    if !source.is_dir() {
        bail!("{} is not a folder: set OPENCHOREO_FIXTURES to the folder with the contract data", source.display());
    }
    let mut definitions = read_definitions(&source.join("openapi-v3"))?;
    let tables = read(&source.join("tables.json"))?;
    let mut groups = Vec::new();
    let mut kinds = Vec::new();
    let mut wanted = BTreeSet::new();
    for file in ["discovery-api.json", "discovery-apis.json"] {
        let document = read(&source.join(file))?;
        for group in array(&document, "items") {
            let name = group["metadata"]["name"].as_str().unwrap_or_default();
            if LEFT_OUT.contains(&name) {
                continue;
            }
            let mut versions = Vec::new();
            for version in array(group, "versions") {
                let version_name = text(version, "version");
                versions.push(version_name);
                for resource in array(version, "resources") {
                    kinds.push(row(name, version_name, resource, &mut definitions, &tables, &mut wanted));
                }
            }
            groups.push(json!({"name": name, "versions": versions}));
        }
    }
    // Scale, Status, options and the like are reachable from no served kind but are named by its paths.
    for name in definitions.keys() {
        if name.ends_with(".DeleteOptions")
            || name.ends_with(".v1.Status")
            || name.ends_with(".autoscaling.v1.Scale")
            || name.ends_with(".policy.v1.Eviction")
        {
            reach(name, &definitions, &mut wanted);
        }
    }
    let folder = root.join("crates/kubelite/src/generated");
    fs::create_dir_all(&folder)?;
    let table = json!({"groups": groups, "kinds": kinds});
    fs::write(folder.join("kinds.json"), serde_json::to_string(&table)? + "\n")?;
    let mut lines = String::new();
    for name in &wanted {
        lines.push_str(name);
        lines.push('\t');
        lines.push_str(&serde_json::to_string(&definitions[name])?);
        lines.push('\n');
    }
    fs::write(folder.join("schemas.txt"), lines)?;
    let messages = crate::lab::golang::run("messages", MESSAGES)?;
    fs::write(folder.join("messages.txt"), &messages)?;
    println!(
        "{} kinds, {} definitions, {} messages → {}",
        kinds_len(&table),
        wanted.len(),
        messages.lines().count(),
        folder.display()
    );
    Ok(())
}

fn kinds_len(table: &Value) -> usize {
    array(table, "kinds").len()
}

fn row(
    group: &str,
    version: &str,
    resource: &Value,
    definitions: &mut BTreeMap<String, Value>,
    tables: &Value,
    wanted: &mut BTreeSet<String>,
) -> Value {
    let kind = resource["responseKind"]["kind"].as_str().unwrap_or_default();
    let plural = text(resource, "resource");
    let schema = definitions
        .iter()
        .find(|(_, definition)| {
            array(definition, "x-kubernetes-group-version-kind")
                .iter()
                .any(|gvk| gvk["group"] == group && gvk["version"] == version && gvk["kind"] == kind)
        })
        .map(|(name, _)| name.clone());
    let schema = schema.unwrap_or_else(|| {
        let name = format!("io.k8s.api.{}.{version}.{kind}", group.split('.').next().unwrap_or_default());
        definitions.insert(name.clone(), unknown_definition(group, version, kind));
        name
    });
    reach(&schema, definitions, wanted);
    let subresources: Vec<Value> = array(resource, "subresources")
        .iter()
        .map(|sub| {
            let response = &sub["responseKind"];
            let mut row = json!({"name": sub["subresource"], "kind": response["kind"], "verbs": sub["verbs"]});
            if response["version"] != "" {
                row["group"] = response["group"].clone();
                row["version"] = response["version"].clone();
            }
            row
        })
        .collect();
    let columns: Vec<Value> = array(tables, &format!("{group}/{version}/{plural}"))
        .iter()
        .map(|column| json!([column["name"], column["type"], column["format"], column["priority"]]))
        .collect();
    let mut row = Map::new();
    row.insert("group".into(), group.into());
    row.insert("version".into(), version.into());
    row.insert("kind".into(), kind.into());
    row.insert("plural".into(), plural.into());
    row.insert("singular".into(), resource["singularResource"].clone());
    row.insert("namespaced".into(), (resource["scope"] == "Namespaced").into());
    row.insert("verbs".into(), resource["verbs"].clone());
    row.insert("schema".into(), schema.into());
    for (from, to) in [("shortNames", "short"), ("categories", "categories")] {
        if let Some(value) = resource.get(from) {
            row.insert(to.into(), value.clone());
        }
    }
    if !subresources.is_empty() {
        row.insert("subresources".into(), subresources.into());
    }
    if !columns.is_empty() {
        row.insert("columns".into(), columns.into());
    }
    row.into()
}

/// All definitions of all documents, made compact.
fn read_definitions(folder: &Path) -> Result<BTreeMap<String, Value>> {
    let mut all = BTreeMap::new();
    let mut files: Vec<_> =
        fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?.into_iter().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let document = read(&file)?;
        let Some(schemas) = document["schemas"].as_object() else { bail!("{}: no schemas", file.display()) };
        for (name, definition) in schemas {
            all.entry(name.clone()).or_insert_with(|| compact(definition));
        }
    }
    Ok(all)
}

/// Unwraps `allOf` with a single reference, shortens references and drops defaults that are the zero value of their type: those
/// describe how a decoder fills a struct, not what a server stores.
fn compact(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut out = Map::new();
            for (key, inner) in map {
                match key.as_str() {
                    "allOf" => {
                        for part in inner.as_array().into_iter().flatten() {
                            if let Value::Object(part) = compact(part) {
                                out.extend(part);
                            }
                        }
                    }
                    "$ref" => {
                        let name = inner.as_str().unwrap_or_default().trim_start_matches("#/components/schemas/");
                        out.insert(key.clone(), name.into());
                    }
                    "default" if is_zero(inner) => {}
                    // Its keys are names of fields, not words of the schema language.
                    "properties" => {
                        let fields = inner.as_object().into_iter().flatten().map(|(name, field)| {
                            let mut short = compact(field);
                            // What is a struct and no pointer is there even when nobody sent it.
                            if field["default"].as_object().is_some_and(Map::is_empty) {
                                short["default"] = json!({});
                            }
                            (name.clone(), short)
                        });
                        out.insert(key.clone(), Value::Object(fields.collect()));
                    }
                    _ => {
                        out.insert(key.clone(), compact(inner));
                    }
                }
            }
            Value::Object(out)
        }
        Value::Array(items) => items.iter().map(compact).collect(),
        other => other.clone(),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_f64() == Some(0.0),
        Value::String(value) => value.is_empty(),
        Value::Array(value) => value.is_empty(),
        Value::Object(value) => value.is_empty(),
    }
}

fn reach(name: &str, definitions: &BTreeMap<String, Value>, wanted: &mut BTreeSet<String>) {
    if let Some(definition) = definitions.get(name)
        && wanted.insert(name.to_owned())
    {
        reach_inside(definition, definitions, wanted);
    }
}

fn reach_inside(value: &Value, definitions: &BTreeMap<String, Value>, wanted: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(name) if key == "$ref" => reach(name, definitions, wanted),
                    _ => reach_inside(inner, definitions, wanted),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| reach_inside(item, definitions, wanted)),
        _ => {}
    }
}

fn read(path: &Path) -> Result<Value> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("parsing {}", path.display()))
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
