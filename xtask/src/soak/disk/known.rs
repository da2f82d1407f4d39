//! What one writer asked for and was told, and what must therefore be there.

use crate::soak::kills::load::{Answer, ask};
use anyhow::{Context, Result, ensure};
use kube::Client;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const PATH: &str = "/api/v1/namespaces/default/configmaps";
/// Bytes in each object's data.
const DATA: usize = 3_000;

/// Number of the write and revision, of each object that is there.
pub(super) type Objects = BTreeMap<String, (u64, u64)>;

/// The writer.
#[derive(Default)]
pub(super) struct Known {
    pub(super) objects: Objects,
    pub(super) acknowledged: usize,
    pub(super) refused: usize,
    number: u64,
}

impl Known {
    /// Writes; answers whether that was acknowledged. A refusal must say that it is the disk.
    pub(super) async fn write(&mut self, client: &Client, name: &str, delete: bool) -> Result<bool> {
        self.number += 1;
        let path = format!("{PATH}/{name}");
        let answer = if delete {
            ask(client, "DELETE", &path, "application/json", &Value::Null).await?
        } else {
            let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
                "data": {"n": self.number.to_string(), "text": "x".repeat(DATA)}});
            ask(client, "PATCH", &format!("{path}?fieldManager=soak&force=true"), "application/apply-patch+yaml", &map)
                .await?
        };
        let Answer { code, body } = answer;
        match code {
            200 | 201 if delete => {
                self.objects.remove(name);
            }
            200 | 201 => {
                let (name, seen) = seen(&body)?;
                ensure!(seen.0 == self.number, "{name}: another write was acknowledged than was asked for");
                self.objects.insert(name, seen);
            }
            404 if delete && !self.objects.contains_key(name) => return Ok(true),
            500..600 => {
                let message = body["message"].as_str().unwrap_or_default();
                ensure!(
                    body["kind"] == "Status" && message.contains("disk"),
                    "a write is refused without a word of the disk: {code} {body}"
                );
                self.refused += 1;
                return Ok(false);
            }
            _ => anyhow::bail!("a write is answered with {code} {body}"),
        }
        self.acknowledged += 1;
        Ok(true)
    }

    /// What is stored is what was acknowledged, one by one and in a list; answers the revision of the list.
    pub(super) async fn check(&self, client: &Client) -> Result<u64> {
        let list = ask(client, "GET", PATH, "application/json", &Value::Null).await?;
        ensure!(list.code == 200, "a list is answered with {} {}", list.code, list.body);
        let mut found = Objects::new();
        for item in list.body["items"].as_array().context("a list without items")? {
            let (name, seen) = seen(item)?;
            // The server makes one by itself.
            if seen.0 > 0 {
                found.insert(name, seen);
            }
        }
        same("the list", &found, &self.objects)?;
        for (name, known) in &self.objects {
            let answer = ask(client, "GET", &format!("{PATH}/{name}"), "application/json", &Value::Null).await?;
            ensure!(answer.code == 200 && seen(&answer.body)?.1 == *known, "{name} is answered with {}", answer.body);
        }
        let revision = list.body["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok());
        revision.context("a list without a revision")
    }
}

pub(super) fn same(what: &str, found: &Objects, known: &Objects) -> Result<()> {
    let differ: Vec<String> = known
        .keys()
        .chain(found.keys())
        .filter(|name| known.get(*name) != found.get(*name))
        .take(3)
        .map(|name| format!("{name}: {:?} was acknowledged, {:?} is there", known.get(name), found.get(name)))
        .collect();
    ensure!(differ.is_empty(), "{what}: {}", differ.join("; "));
    Ok(())
}

/// Name, number of the write (0: none of ours), revision.
pub(super) fn seen(object: &Value) -> Result<(String, (u64, u64))> {
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().context("an object without a name")?;
    let revision = metadata["resourceVersion"].as_str().and_then(|text| text.parse().ok());
    let number = object["data"]["n"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    Ok((name.to_owned(), (number, revision.context("an object without a revision")?)))
}
