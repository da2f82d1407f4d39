//! ConfigMaps and Secrets.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::Report;
use crate::kinds::Kind;

/// Type of a Secret, and keys that it must have.
const KEYS: &[(&str, &[&str])] = &[
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
];

/// Checks keys, and what the type of a Secret asks for.
pub(super) fn check(kind: &Kind, object: &Value, report: &mut Report) {
    for field in ["data", "binaryData"] {
        for key in object[field].as_object().into_iter().flatten().map(|(key, _)| key) {
            let at = format!("{field}[{key}]");
            for problem in problems(key) {
                report.invalid(at.clone(), &key.as_str().into(), &problem);
            }
            if field == "data" && object["binaryData"].get(key).is_some() {
                report.invalid(at, &key.as_str().into(), "duplicate of key present in binaryData");
            }
        }
    }
    if &*kind.kind == "Secret" {
        secret(object, report);
    }
}

fn problems(key: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if key.len() > 253 {
        problems.push("must be no more than 253 characters".into());
    }
    if key.is_empty() || !key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter)) {
        problems.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                .into(),
        );
    }
    if key == "." || key == ".." {
        problems.push(format!("must not be '{key}'"));
    } else if key.starts_with("..") {
        problems.push("must not start with '..'".into());
    }
    problems
}

/// Why a text is no JSON object, without saying more of the secret than its first letter.
fn no_object(text: &[u8]) -> Option<String> {
    if serde_json::from_slice::<serde_json::Map<String, Value>>(text).is_ok() {
        return None;
    }
    let first = text.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    Some(match first {
        None => "unexpected end of JSON input".into(),
        Some(b'{') => "not a complete JSON object".into(),
        Some(first) => format!("invalid character '{}' looking for beginning of value", char::from(first)),
    })
}

/// A certificate or a key that is none is stored, but nothing will serve with it.
pub(super) fn warnings(object: &Value) -> Vec<String> {
    if super::text(object, "type") != "kubernetes.io/tls" {
        return Vec::new();
    }
    for (key, marks, what) in [
        ("tls.crt", &["-----BEGIN CERTIFICATE-----"][..], "certificate"),
        ("tls.key", &["-----BEGIN PRIVATE KEY-----", " PRIVATE KEY-----"][..], "key"),
    ] {
        let Some(decoded) = object["data"][key].as_str().and_then(|text| STANDARD.decode(text).ok()) else { continue };
        let text = String::from_utf8_lossy(&decoded);
        if !marks.iter().any(|mark| text.contains(mark)) {
            return vec![format!("tls: failed to find any PEM data in {what} input")];
        }
    }
    Vec::new()
}

fn secret(object: &Value, report: &mut Report) {
    let kind = super::text(object, "type");
    let data = &object["data"];
    for key in KEYS.iter().filter(|(name, _)| *name == kind).flat_map(|(_, keys)| *keys) {
        match data.get(*key).and_then(Value::as_str) {
            None => report.required(format!("data[{key}]"), ""),
            Some(text) if key.starts_with(".docker") => {
                let problem = match STANDARD.decode(text) {
                    // The decoder has refused it already; nothing is made of what cannot be read.
                    Err(error) => Some(error.to_string()),
                    Ok(decoded) => no_object(&decoded),
                };
                if let Some(problem) = problem {
                    report.invalid(format!("data[{key}]"), &"<secret contents redacted>".into(), &problem);
                }
            }
            Some(_) => {}
        }
    }
    let has = |key: &str| data.get(key).is_some();
    if kind == "kubernetes.io/basic-auth" && !has("username") && !has("password") {
        report.required("data[username]", "");
        report.required("data[password]", "");
    }
    let account = "kubernetes.io/service-account.name";
    if kind == "kubernetes.io/service-account-token"
        && super::text(&object["metadata"]["annotations"], account).is_empty()
    {
        report.required(format!("metadata.annotations[{account}]"), "");
    }
}
