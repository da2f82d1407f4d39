//! An ExternalSecret and the store's values in, the Secret out. Pure.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::Value;
use thiserror::Error;

use super::kind::{ExternalSecret, RemoteRef};
use super::store::Values;
use super::template::render;

/// The one store that is served.
pub(crate) const STORE: &str = "default";

/// Why a Secret is not filled. Never carries a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Problem {
    #[error("spec.secretStoreRef: {kind} {name:?} is not served on this node; use ClusterSecretStore \"default\"")]
    Store { kind: String, name: String },
    #[error("{path}: not supported on this node")]
    Unsupported { path: String },
    #[error("{path}: key {key:?} is not in the secret store; put it there, and the Secret follows by itself")]
    MissingKey { path: String, key: String },
    #[error("{path}: key {key:?} in the secret store has no property {property:?}; it has {has}")]
    MissingProperty { path: String, key: String, property: String, has: String },
    #[error("{path}: the value of key {key:?} is not {encoding}")]
    Encoding { path: String, key: String, encoding: String },
    #[error("{path}: {reason}")]
    Generator { path: String, reason: String },
    #[error("what was generated is not kept: {reason}")]
    NotKept { reason: String },
    #[error("spec.target.template.data[{key:?}]: {reason}")]
    Template { key: String, reason: String },
    #[error("spec.target.creationPolicy: Merge needs Secret {name:?}, which does not exist")]
    NoTarget { name: String },
    #[error("spec.target.name: Secret {name:?} belongs to {owner}")]
    Foreign { name: String, owner: String },
}

impl Problem {
    /// Whether the store has lost what the Secret is made of.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::MissingKey { .. } | Self::MissingProperty { .. })
    }
}

/// The contents of the Secret.
pub(crate) type Contents = BTreeMap<String, Vec<u8>>;

/// What generators made, by the place in `spec.dataFrom`.
pub(crate) type Generated = BTreeMap<usize, String>;

/// Under which name a template finds a generated password.
const PASSWORD: &str = "password";

/// Collects the Secret's contents from the store and from generators, and puts them into the template.
pub(crate) fn contents(external: &ExternalSecret, values: &Values, generated: &Generated) -> Result<Contents, Problem> {
    let spec = &external.spec;
    let kind = spec.secret_store_ref.kind.as_deref().unwrap_or("SecretStore");
    let name = spec.secret_store_ref.name.as_deref().unwrap_or_default();
    let only_generated = spec.data.is_empty()
        && !spec.data_from.is_empty()
        && spec.data_from.iter().all(|from| from.source_ref.is_some());
    if (!only_generated || !name.is_empty()) && (kind, name) != ("ClusterSecretStore", STORE) {
        return Err(Problem::Store { kind: kind.to_owned(), name: name.to_owned() });
    }
    refuse(external)?;
    let mut contents = Contents::new();
    for (index, from) in spec.data_from.iter().enumerate() {
        if let Some(made) = generated.get(&index) {
            contents.insert(PASSWORD.to_owned(), made.clone().into_bytes());
        }
        let Some(extract) = &from.extract else { continue };
        let path = format!("spec.dataFrom[{index}].extract");
        let value = lookup(values, extract, &path)?;
        let Some(members) = members(&value) else {
            return Err(Problem::Encoding {
                path,
                key: extract.key.clone(),
                encoding: "an object of properties".to_owned(),
            });
        };
        for (member, value) in members {
            contents.insert(member, decode(text(&value).into_bytes(), extract, &path)?);
        }
    }
    for (index, data) in spec.data.iter().enumerate() {
        let path = format!("spec.data[{index}].remoteRef");
        let value = lookup(values, &data.remote_ref, &path)?;
        contents.insert(data.secret_key.clone(), decode(text(&value).into_bytes(), &data.remote_ref, &path)?);
    }
    let Some(template) = spec.target.template.as_ref().filter(|template| !template.data.is_empty()) else {
        return Ok(contents);
    };
    let mut rendered =
        if template.merge_policy.as_deref() == Some("Merge") { contents.clone() } else { Contents::new() };
    for (key, text) in &template.data {
        let value = render(text, &contents).map_err(|reason| Problem::Template { key: key.clone(), reason })?;
        rendered.insert(key.clone(), value);
    }
    Ok(rendered)
}

fn refuse(external: &ExternalSecret) -> Result<(), Problem> {
    let spec = &external.spec;
    let unsupported = |path: String| Err(Problem::Unsupported { path });
    if spec.sync_windows.is_some() {
        return unsupported("spec.syncWindows".to_owned());
    }
    if spec.target.manifest.is_some() {
        return unsupported("spec.target.manifest".to_owned());
    }
    if let Some(template) = &spec.target.template {
        if template.engine_version.as_deref().is_some_and(|version| version != "v2") {
            return unsupported("spec.target.template.engineVersion".to_owned());
        }
        for (field, texts) in [("labels", &template.metadata.labels), ("annotations", &template.metadata.annotations)] {
            if let Some((key, _)) = texts.iter().find(|(_, text)| text.contains("{{")) {
                return unsupported(format!("spec.target.template.metadata.{field}[{key:?}]: a value in it"));
            }
        }
        if !template.from.is_empty() {
            return unsupported("spec.target.template.templateFrom".to_owned());
        }
    }
    for (index, data) in spec.data.iter().enumerate() {
        if data.source_ref.is_some() {
            return unsupported(format!("spec.data[{index}].sourceRef"));
        }
        if data.remote_ref.version.as_deref().is_some_and(|version| !version.is_empty()) {
            return unsupported(format!("spec.data[{index}].remoteRef.version"));
        }
    }
    for (index, from) in spec.data_from.iter().enumerate() {
        let there = [
            ("find", from.find.is_some()),
            ("rewrite", !from.rewrite.is_empty()),
            ("sourceRef.storeRef", from.source_ref.as_ref().is_some_and(|source| source.store_ref.is_some())),
        ];
        if let Some((field, _)) = there.into_iter().find(|(_, there)| *there) {
            return unsupported(format!("spec.dataFrom[{index}].{field}"));
        }
    }
    Ok(())
}

fn lookup(values: &Values, reference: &RemoteRef, path: &str) -> Result<Value, Problem> {
    let key = &reference.key;
    let missing = || Problem::MissingKey { path: path.to_owned(), key: key.clone() };
    let value = values.get(key).ok_or_else(missing)?;
    let Some(property) = reference.property.as_deref().filter(|property| !property.is_empty()) else {
        return Ok(value.clone());
    };
    let members = members(value).unwrap_or_default();
    match members.get(property) {
        Some(member) => Ok(member.clone()),
        None => {
            let names: Vec<String> = members.keys().map(|name| format!("{name:?}")).collect();
            let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            Err(Problem::MissingProperty {
                path: path.to_owned(),
                key: key.clone(),
                property: property.to_owned(),
                has,
            })
        }
    }
}

/// The properties of a value: an object, or a text that is one.
fn members(value: &Value) -> Option<BTreeMap<String, Value>> {
    match value {
        Value::Object(members) => Some(members.clone().into_iter().collect()),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Some(members.into_iter().collect()),
            _ => None,
        },
        _ => None,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn decode(bytes: Vec<u8>, reference: &RemoteRef, path: &str) -> Result<Vec<u8>, Problem> {
    let wrong = |encoding: &str| Problem::Encoding {
        path: path.to_owned(),
        key: reference.key.clone(),
        encoding: encoding.to_owned(),
    };
    match reference.decoding_strategy.as_deref() {
        Some("Base64") => STANDARD.decode(&bytes).map_err(|_| wrong("Base64")),
        Some("Base64URL") => URL_SAFE.decode(&bytes).map_err(|_| wrong("Base64URL")),
        Some("Auto") => Ok(STANDARD.decode(&bytes).or_else(|_| URL_SAFE.decode(&bytes)).unwrap_or(bytes)),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resolve(spec: &Value) -> Result<Vec<(String, String)>, String> {
        let values: Values = [
            ("db".to_owned(), json!({"user": "app", "password": "hunter2"})),
            ("token".to_owned(), json!("abc")),
            ("coded".to_owned(), json!("aGk=")),
            ("text".to_owned(), json!("{\"port\": 5432}")),
        ]
        .into();
        let mut external = json!({"metadata": {"name": "x"}, "spec": spec});
        if external["spec"]["secretStoreRef"].is_null() {
            external["spec"]["secretStoreRef"] = json!({"kind": "ClusterSecretStore", "name": "default"});
        }
        let external: ExternalSecret = serde_json::from_value(external).expect("an ExternalSecret");
        let generated = [(1, "made".to_owned())].into();
        let contents = contents(&external, &values, &generated).map_err(|problem| problem.to_string())?;
        Ok(contents.into_iter().map(|(key, value)| (key, String::from_utf8_lossy(&value).into_owned())).collect())
    }

    #[test]
    fn contents_come_from_keys_and_properties() {
        let resolved = resolve(&json!({
            "dataFrom": [{"extract": {"key": "db"}}],
            "data": [
                {"secretKey": "user", "remoteRef": {"key": "token"}},
                {"secretKey": "decoded", "remoteRef": {"key": "coded", "decodingStrategy": "Base64"}},
                {"secretKey": "port", "remoteRef": {"key": "text", "property": "port"}},
                {"secretKey": "all", "remoteRef": {"key": "db"}},
            ],
        }));
        let expected = [
            ("all", "{\"password\":\"hunter2\",\"user\":\"app\"}"),
            ("decoded", "hi"),
            ("password", "hunter2"),
            ("port", "5432"),
            ("user", "abc"),
        ];
        assert_eq!(resolved, Ok(expected.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec()));
    }

    #[test]
    fn a_template_gets_what_was_read_and_what_was_generated() {
        let generator = json!({"sourceRef": {"generatorRef": {"kind": "Password", "name": "p"}}});
        let spec = |policy: &str| {
            json!({
                "dataFrom": [{"extract": {"key": "db"}}, generator],
                "target": {"template": {"mergePolicy": policy, "data": {"url": "db://{{ .user }}:{{ .password }}@host"}}},
            })
        };
        let told = |pairs: &[(&str, &str)]| {
            Ok(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Vec<_>>())
        };
        assert_eq!(resolve(&spec("Replace")), told(&[("url", "db://app:made@host")]));
        let merged = [("password", "made"), ("url", "db://app:made@host"), ("user", "app")];
        assert_eq!(resolve(&spec("Merge")), told(&merged));
    }

    #[test]
    fn what_is_missing_or_not_supported_is_named_without_values() {
        let data = |reference: Value| json!({"data": [{"secretKey": "k", "remoteRef": reference}]});
        for (spec, expected) in [
            (
                data(json!({"key": "none"})),
                "spec.data[0].remoteRef: key \"none\" is not in the secret store; put it there, and the Secret follows by itself",
            ),
            (
                data(json!({"key": "db", "property": "host"})),
                "spec.data[0].remoteRef: key \"db\" in the secret store has no property \"host\"; it has \"password\", \"user\"",
            ),
            (
                data(json!({"key": "token", "decodingStrategy": "Base64"})),
                "spec.data[0].remoteRef: the value of key \"token\" is not Base64",
            ),
            (data(json!({"key": "db", "version": "3"})), "spec.data[0].remoteRef.version: not supported on this node"),
            (
                json!({"dataFrom": [{"find": {"name": {"regexp": ".*"}}}]}),
                "spec.dataFrom[0].find: not supported on this node",
            ),
            (
                json!({"dataFrom": [{"extract": {"key": "token"}}]}),
                "spec.dataFrom[0].extract: the value of key \"token\" is not an object of properties",
            ),
            (
                json!({"target": {"template": {"data": {"a": "{{ .b }}"}}}}),
                "spec.target.template.data[\"a\"]: there is no value \"b\"; there is none",
            ),
            (
                json!({"target": {"template": {"metadata": {"labels": {"a": "{{ .b }}"}}}}}),
                "spec.target.template.metadata.labels[\"a\"]: a value in it: not supported on this node",
            ),
            (
                json!({"secretStoreRef": {"name": "vault"}}),
                "spec.secretStoreRef: SecretStore \"vault\" is not served on this node; use ClusterSecretStore \"default\"",
            ),
        ] {
            assert_eq!(resolve(&spec), Err(expected.to_owned()));
        }
    }
}
