//! What clients do.

use super::super::dice::Dice;
use super::history::{History, KINDS, Key, Kind, List, Seen};
use anyhow::{Context, Result, ensure};
use kube::Client;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Names that are written to, of each kind: few, so that clients meet.
const NAMES: u64 = 24;
/// Longest time until a definition is served.
const PATIENCE: Duration = Duration::from_mins(1);
/// The object whose event shows that a watch has caught up.
const FENCE: &str = "fence";
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// An answer, whatever its status.
pub(in super::super) struct Answer {
    pub(in super::super) code: u16,
    pub(in super::super) body: Value,
}

/// Asks; an error when no answer came.
pub(in super::super) async fn ask(
    client: &Client,
    method: &str,
    path: &str,
    media: &str,
    body: &Value,
) -> Result<Answer> {
    let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
    let request = http::Request::builder().method(method).uri(path).header("content-type", media).body(bytes)?;
    let response = client.send(request.map(kube::client::Body::from)).await?;
    let code = response.status().as_u16();
    let bytes = http_body_util::BodyExt::collect(response.into_body()).await?.to_bytes();
    Ok(Answer { code, body: serde_json::from_slice(&bytes).context("the answer is not JSON")? })
}

/// Name and state of an object.
pub(super) fn seen(object: &Value) -> Option<(String, Seen)> {
    let metadata = &object["metadata"];
    let write = metadata["annotations"]["write"].as_str().and_then(|number| number.parse().ok()).unwrap_or(0);
    Some((
        metadata["name"].as_str()?.to_owned(),
        Seen {
            revision: metadata["resourceVersion"].as_str()?.parse().ok()?,
            uid: metadata["uid"].as_str()?.to_owned(),
            write,
        },
    ))
}

/// All objects of a kind.
pub(super) async fn list(client: &Client, kind: &Kind) -> Result<List> {
    let answer = ask(client, "GET", kind.path, "application/json", &Value::Null).await?;
    ensure!(answer.code == 200, "listing {}: {} {}", kind.name, answer.code, answer.body);
    let revision = answer.body["metadata"]["resourceVersion"].as_str().and_then(|revision| revision.parse().ok());
    let items = answer.body["items"].as_array().context("a list without items")?;
    let objects = items.iter().map(|item| seen(item).context("an item without metadata")).collect::<Result<_>>()?;
    Ok(List { revision: revision.context("a list without a revision")?, objects })
}

/// The kind of our own is there and served.
pub(super) async fn define(client: &Client) -> Result<()> {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.soak.openchoreo.dev"},
        "spec": {
            "group": "soak.openchoreo.dev", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    });
    let answer = ask(client, "POST", DEFINITIONS, "application/json", &definition).await?;
    ensure!(matches!(answer.code, 201 | 409), "the definition is refused: {}", answer.body);
    let api = kube::Api::all(client.clone());
    let established = kube::runtime::conditions::is_crd_established();
    let wait = kube::runtime::wait::await_condition(api, "widgets.soak.openchoreo.dev", established);
    tokio::time::timeout(PATIENCE, wait).await.context("the definition is never served")??;
    Ok(())
}

/// Changes an object that nobody else writes to; answers its revision.
pub(super) async fn fence(client: &Client, kind: &Kind, number: u64) -> Result<u64> {
    let mut object = body(kind, FENCE, 0);
    object["metadata"]["annotations"] = json!({"fence": number.to_string()});
    let path = format!("{}/{FENCE}?fieldManager=fence&force=true", kind.path);
    let answer = ask(client, "PATCH", &path, "application/apply-patch+yaml", &object).await?;
    ensure!(matches!(answer.code, 200 | 201), "the fence is refused: {}", answer.body);
    Ok(seen(&answer.body).context("the fence has no revision")?.1.revision)
}

fn body(kind: &Kind, name: &str, write: u64) -> Value {
    json!({
        "apiVersion": kind.api_version, "kind": kind.name,
        "metadata": {"name": name, "annotations": {"write": write.to_string()}, "labels": {"load": "soak"}},
    })
}

/// Writes until the connection breaks.
pub(super) async fn client(client: Client, history: Arc<History>, mut dice: Dice) {
    while step(&client, &history, &mut dice).await.is_ok() {}
}

async fn step(client: &Client, history: &History, dice: &mut Dice) -> Result<()> {
    let kind = &KINDS[dice.below(KINDS.len() as u64) as usize];
    let name = format!("o-{}", dice.below(NAMES));
    let key: Key = (kind.path, name.clone());
    let path = format!("{}/{name}", kind.path);
    let choice = dice.below(9);
    match choice {
        0 => {
            let least = history.least(&key);
            let answer = ask(client, "GET", &path, "application/json", &Value::Null).await?;
            history.read(&key, seen(&answer.body).as_ref().map(|(_, seen)| seen), least);
            return Ok(());
        }
        1 => return delete(client, history, &key, &path).await,
        _ => {}
    }
    let current = match choice {
        2 | 3 => ask(client, "GET", &path, "application/json", &Value::Null).await?.body,
        _ => Value::Null,
    };
    let (write, before) = history.begin(&key, false);
    let mut object = body(kind, &name, write);
    let annotation = &object["metadata"]["annotations"];
    let answer = match choice {
        2 | 3 => {
            object["metadata"]["resourceVersion"] = current["metadata"]["resourceVersion"].clone();
            ask(client, "PUT", &path, "application/json", &object).await?
        }
        4 => {
            let patch = json!({"metadata": {"annotations": annotation}});
            ask(client, "PATCH", &path, "application/merge-patch+json", &patch).await?
        }
        5 => {
            let patch = json!([{"op": "add", "path": "/metadata/annotations/write", "value": write.to_string()}]);
            ask(client, "PATCH", &path, "application/json-patch+json", &patch).await?
        }
        6 => {
            let path = format!("{path}?fieldManager=soak-{}&force=true", dice.below(3));
            ask(client, "PATCH", &path, "application/apply-patch+yaml", &object).await?
        }
        _ => ask(client, "POST", kind.path, "application/json", &object).await?,
    };
    match (answer.code, seen(&answer.body)) {
        (200 | 201, Some((_, seen))) if seen.write == write => history.put(&key, seen, before),
        // Anything below 500 was refused before it was written.
        (400..500, _) => history.refused(&key, write),
        _ => {}
    }
    Ok(())
}

async fn delete(client: &Client, history: &History, key: &Key, path: &str) -> Result<()> {
    history.begin(key, true);
    match ask(client, "DELETE", path, "application/json", &Value::Null).await {
        Ok(Answer { code: 200, body }) => {
            let uid = body["details"]["uid"].as_str().or(body["metadata"]["uid"].as_str());
            history.deleted(key, uid.context("a deletion without a uid")?.to_owned());
            Ok(())
        }
        Ok(Answer { code: 400..500, .. }) => Ok(()),
        other => {
            history.maybe_deleted(key);
            other.map(|_| ())
        }
    }
}
