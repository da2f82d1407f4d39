//! What a server thinks of mutated objects: code, reason, and which fields it blames for what.

use crate::mutate::mutations;
use crate::sample;
use crate::server::Server;
use crate::wait;
use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Mutations of each kind.
const EACH: usize = 36;
/// The namespace in which they are tried; nothing is kept.
const NAMESPACE: &str = "mutated";

/// Verdicts on mutations of all built-in samples, a line each.
///
/// # Errors
/// The server does not answer as an API server.
pub async fn builtin(server: &Server, only: Option<&str>) -> Result<Vec<String>> {
    prepare(server).await?;
    let mut lines = Vec::new();
    for name in sample::builtins()? {
        if only.is_none_or(|only| name.contains(only)) {
            lines.extend(of(server, &sample::builtin(&name)?).await.with_context(|| name.clone())?);
        }
    }
    Ok(lines)
}

/// Verdicts on mutations of samples of the contract's definitions, which are installed first.
///
/// # Errors
/// As above.
pub async fn custom(server: &Server, fixtures: &Path, only: Option<&str>) -> Result<Vec<String>> {
    prepare(server).await?;
    let definitions = sample::definitions(fixtures)?;
    for definition in &definitions {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let answer = server.request(Method::POST, path).json(definition).send().await?;
        if !answer.status().is_success() && answer.status().as_u16() != 409 {
            bail!("{}: {}", definition["metadata"]["name"], answer.text().await?);
        }
    }
    let mut lines = Vec::new();
    for definition in &definitions {
        let object = sample::custom(fixtures, definition)?;
        if only.is_none_or(|only| object["kind"].as_str().is_some_and(|kind| kind.to_lowercase().contains(only))) {
            lines.extend(of(server, &object).await.with_context(|| object["kind"].to_string())?);
        }
    }
    Ok(lines)
}

async fn prepare(server: &Server) -> Result<()> {
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    server.request(Method::POST, "/api/v1/namespaces").json(&body).send().await?;
    let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default");
    let build = || Ok(server.request(Method::GET, &path));
    wait::until(server, &path, build, |code, _| Ok(code < 300)).await.map(drop)
}

async fn of(server: &Server, object: &Value) -> Result<Vec<String>> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let path = path(server, object).await?;
    let good = crate::mutate::Mutation { what: "as it is".into(), object: object.clone(), strict: true };
    let mut lines = Vec::new();
    for (number, mutation) in std::iter::once(good).chain(mutations(object, kind, EACH)).enumerate() {
        let validation = if mutation.strict { "&fieldValidation=Strict" } else { "" };
        let request = server.request(Method::POST, &format!("{path}?dryRun=All{validation}"));
        let answer = request.json(&mutation.object).send().await?;
        let code = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap_or_default();
        let what: String =
            mutation.what.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(110).collect();
        lines.push(format!("{kind} {number} {what}\t{}", verdict(code, &body)));
        if std::env::var_os("DIFFERENTIAL_MESSAGES").is_some() && code >= 300 {
            eprintln!("{kind} {number} {what}: {}", body["message"].as_str().unwrap_or_default());
        }
    }
    Ok(lines)
}

/// Code, reason, causes in order of their fields.
fn verdict(code: u16, body: &Value) -> String {
    let mut causes: Vec<String> = body["details"]["causes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|cause| format!("{} {}", cause["field"].as_str().unwrap_or("-"), cause["reason"].as_str().unwrap_or("-")))
        .collect();
    causes.sort();
    let reason = body["reason"].as_str().filter(|_| code >= 300).unwrap_or_default();
    format!("{code} {reason} {}", causes.join("; ")).trim_end().to_owned()
}

/// Where objects of this kind are made; waits until they can be.
async fn path(server: &Server, object: &Value) -> Result<String> {
    let version = object["apiVersion"].as_str().context("no apiVersion")?;
    let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
    let row = |found: &Value| {
        let rows = found["resources"].as_array().into_iter().flatten();
        let mut rows = rows.filter(|row| row["kind"] == object["kind"]);
        rows.find(|row| row["name"].as_str().is_some_and(|name| !name.contains('/'))).cloned()
    };
    let build = || Ok(server.request(Method::GET, &root));
    let found = wait::until(server, &root, build, |_, found| Ok(row(found).is_some())).await;
    let found = found.with_context(|| format!("{} is not served below {root}", object["kind"]))?;
    let row = row(&found).unwrap_or_default();
    let name = row["name"].as_str().unwrap_or_default();
    let path = if row["namespaced"] == true {
        format!("{root}/namespaces/{NAMESPACE}/{name}")
    } else {
        format!("{root}/{name}")
    };
    let build = || Ok(server.request(Method::GET, &format!("{path}?limit=1")));
    wait::until(server, &path, build, |code, _| Ok(code < 300)).await?;
    Ok(path)
}

/// Verdicts by mutation.
pub fn by_mutation(lines: &[String]) -> BTreeMap<&str, &str> {
    lines.iter().filter_map(|line| line.split_once('\t')).collect()
}
