//! Sample objects: of built-in kinds from `samples/`, of definitions from the contract data, or made from their schemas.

use anyhow::{Context, Result};
use regex::Regex;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// A sample of a built-in kind by its file's name.
///
/// # Errors
/// There is none of that name.
pub fn builtin(name: &str) -> Result<Value> {
    yaml(&crate::data().join("samples").join(format!("{name}.yaml")))
}

/// Names of all samples of built-in kinds.
///
/// # Errors
/// The folder cannot be read.
pub fn builtins() -> Result<Vec<String>> {
    let folder = crate::data().join("samples");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        if let Some(name) = entry?.file_name().to_str().and_then(|name| name.strip_suffix(".yaml")) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The contract data, where it is there.
pub fn fixtures() -> Option<PathBuf> {
    let beside = || crate::data().join("../../../shared/fixtures");
    let folder = std::env::var_os("OPENCHOREO_FIXTURES").map_or_else(beside, PathBuf::from);
    folder.join("contract/crds").is_dir().then_some(folder)
}

/// The contract's definitions, by name.
///
/// # Errors
/// A file cannot be read.
pub fn definitions(fixtures: &Path) -> Result<Vec<Value>> {
    let mut files = files(&fixtures.join("contract/crds"))?;
    files.sort();
    files.iter().map(|file| yaml(file)).collect()
}

/// A sample of a definition's newest version: the first that users' manifests have, else one made from the schema.
///
/// # Errors
/// Manifests cannot be read.
pub fn custom(fixtures: &Path, definition: &Value) -> Result<Value> {
    let version = &definition["spec"]["versions"][0];
    let group = definition["spec"]["group"].as_str().unwrap_or_default();
    let api_version = format!("{group}/{}", version["name"].as_str().unwrap_or_default());
    let kind = &definition["spec"]["names"]["kind"];
    let mut manifests = files(&fixtures.join("manifests"))?;
    manifests.sort();
    for file in manifests.iter().filter(|file| file.extension().is_some_and(|end| end == "yaml")) {
        let text = std::fs::read_to_string(file)?;
        for document in text.split("\n---") {
            let Ok(object) = serde_saphyr::from_str::<Value>(document) else { continue };
            if object["kind"] == *kind && object["apiVersion"] == api_version.as_str() {
                return Ok(bare(object));
            }
        }
    }
    let mut object = made(&version["schema"]["openAPIV3Schema"], 0);
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.clone();
    object["metadata"] = json!({"name": "sample"});
    Ok(bare(object))
}

/// Without what the server or the place decides.
fn bare(mut object: Value) -> Value {
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("namespace");
    }
    object
}

/// Texts that patterns of the contract accept.
const TEXTS: &[&str] =
    &["sample", "Sample", "1", "10m", "5Gi", "a/b", "v1", "https://example.org", "http://a", "#1", "A_B"];

/// A value that a schema describes.
fn made(schema: &Value, depth: usize) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return 1.into();
    }
    match schema["type"].as_str().unwrap_or_default() {
        "object" => {
            let required: Vec<&str> =
                schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let mut map = Map::new();
            for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
                if key != "status" && (required.contains(&&**key) || depth < 6) {
                    map.insert(key.clone(), made(inner, depth + 1));
                }
            }
            if schema["additionalProperties"].is_object() {
                map.insert("sample".into(), made(&schema["additionalProperties"], depth + 1));
            }
            if schema["x-kubernetes-preserve-unknown-fields"] == true && map.is_empty() {
                map.insert("any".into(), "thing".into());
            }
            map.into()
        }
        "array" => json!([made(&schema["items"], depth + 1)]),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(1.into()),
        "boolean" => true.into(),
        "string" => text(schema),
        _ => json!({"any": "thing"}),
    }
}

fn text(schema: &Value) -> Value {
    if schema["format"] == "date-time" {
        return "2026-01-01T00:00:00Z".into();
    }
    let pattern = schema["pattern"].as_str().and_then(|pattern| Regex::new(pattern).ok());
    let least = schema["minLength"].as_u64().unwrap_or(0) as usize;
    let found = TEXTS.iter().find(|text| text.len() >= least && pattern.as_ref().is_none_or(|p| p.is_match(text)));
    found.map_or_else(|| "s".repeat(least.max(6)).into(), |text| (*text).into())
}

fn yaml(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    serde_saphyr::from_str(&text).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
