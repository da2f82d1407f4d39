//! Scripts as they are written: a file per group, each script a sequence of requests in a namespace of its own.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// One script; with `each`, one for every row of variables.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The name, unique in its file.
    pub script: String,
    /// Rows of variables; the value of `id` tells the variants apart.
    #[serde(default)]
    pub each: Vec<BTreeMap<String, Value>>,
    /// The requests.
    pub steps: Vec<Step>,
}

/// One request, and what of its answer is compared. Texts may name variables: `${name}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Method and path: `GET /api/v1/namespaces/${ns}/pods`.
    #[serde(rename = "do")]
    pub request: String,
    /// The body, sent as JSON.
    pub body: Option<Value>,
    /// A sample object as the body.
    pub sample: Option<String>,
    /// Merged over the body or sample.
    pub with: Option<Value>,
    /// The body as it is.
    pub raw: Option<String>,
    /// The body's media type: a word (`json`, `yaml`, `merge`, `jsonpatch`, `strategic`, `apply`) or the type itself.
    #[serde(rename = "type")]
    pub media: Option<String>,
    /// What is accepted: a word (`table`, `meta`, `metalist`, `yaml`) or the header itself.
    pub accept: Option<String>,
    /// The user to act as.
    #[serde(rename = "as")]
    pub user: Option<String>,
    /// More headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Variables taken from the answer, each by a path.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
    /// Only these parts of the answer's body are compared.
    #[serde(default)]
    pub pick: Vec<String>,
    /// These parts are not.
    #[serde(default)]
    pub drop: Vec<String>,
    /// Read that many events of a watch, then hang up; 0: until the server ends it.
    pub watch: Option<usize>,
    /// Repeat until this holds, and compare nothing: `ok`, `gone`, or `PATH=VALUE`.
    pub until: Option<String>,
}

/// A script with its variables.
#[derive(Debug, Clone)]
pub struct Case {
    /// `group/script` or `group/script/variant`.
    pub name: String,
    /// Variables by name.
    pub variables: BTreeMap<String, Value>,
    /// The requests.
    pub steps: Vec<Step>,
}

/// A file of scripts.
#[derive(Debug, Clone)]
pub struct Group {
    /// The file's name without its extension.
    pub name: String,
    /// The cases in order.
    pub cases: Vec<Case>,
}

/// Reads all groups below a folder, by name.
///
/// # Errors
/// A file cannot be read or is not as described here.
pub fn read(folder: &Path) -> Result<Vec<Group>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.sort();
    files.iter().filter(|file| file.extension().is_some_and(|end| end == "yaml")).map(|file| group(file)).collect()
}

fn group(file: &Path) -> Result<Group> {
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let scripts: Vec<Script> =
        serde_saphyr::from_str(&text).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    let mut cases: Vec<Case> = Vec::new();
    for script in scripts {
        let rows = if script.each.is_empty() { vec![BTreeMap::new()] } else { script.each };
        for row in rows {
            let variant = row.get("id").and_then(Value::as_str).map(|id| format!("/{id}")).unwrap_or_default();
            let case = Case {
                name: format!("{name}/{}{variant}", script.script),
                variables: row,
                steps: script.steps.clone(),
            };
            if cases.iter().any(|known| known.name == case.name) {
                bail!("{}: two scripts are called {}", file.display(), case.name);
            }
            cases.push(case);
        }
    }
    Ok(Group { name, cases })
}

/// A text with its variables filled in.
///
/// # Errors
/// A variable is not known.
pub fn fill(text: &str, variables: &BTreeMap<String, Value>) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find("${") {
        let end = rest[begin..].find('}').with_context(|| format!("{text:?}: `${{` without `}}`"))? + begin;
        let name = &rest[begin + 2..end];
        let value = variables.get(name).with_context(|| format!("{text:?}: no variable {name:?}"))?;
        filled.push_str(&rest[..begin]);
        // The rows of `each` may name the namespace.
        filled.push_str(&value.as_str().map_or_else(|| Ok(value.to_string()), |text| fill(text, variables))?);
        rest = &rest[end + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A value with the variables of its texts and keys filled in; a text that is one variable becomes the variable's value.
///
/// # Errors
/// A variable is not known.
pub fn fill_value(value: &Value, variables: &BTreeMap<String, Value>) -> Result<Value> {
    Ok(match value {
        Value::String(text) => match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if variables.contains_key(name) => variables[name].clone(),
            _ => fill(text, variables)?.into(),
        },
        Value::Array(items) => items.iter().map(|item| fill_value(item, variables)).collect::<Result<_>>()?,
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| Ok((fill(key, variables)?, fill_value(value, variables)?)))
                .collect::<Result<_>>()?,
        ),
        other => other.clone(),
    })
}
