//! Writes that the server said yes to: each is there after a kill, or what was written after it.

use super::super::product::objects::Objects;
use anyhow::Result;
use serde_json::Value;
use std::collections::BTreeMap;

/// The last acknowledged write of an object.
enum Last {
    Put(Value),
    Deleted,
}

#[derive(Default)]
pub(super) struct Acknowledged {
    last: BTreeMap<(String, String), Last>,
    pub(super) count: usize,
}

impl Acknowledged {
    pub(super) fn put(&mut self, document: &Value) {
        self.count += 1;
        self.last.insert(key(document), Last::Put(document["spec"].clone()));
    }

    pub(super) fn deleted(&mut self, kind: &str, name: &str) {
        self.count += 1;
        self.last.insert((kind.to_owned(), name.to_owned()), Last::Deleted);
    }

    /// This object is about to be written: until that is acknowledged, either version may be there.
    pub(super) fn under_way(&mut self, kind: &str, name: &str) {
        self.last.remove(&(kind.to_owned(), name.to_owned()));
    }

    /// All that belongs to what was deleted goes with it.
    pub(super) fn forget(&mut self) {
        self.last.retain(|_, last| matches!(last, Last::Deleted));
    }

    /// What is missing.
    pub(super) async fn missing(&self, objects: &Objects) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        for ((kind, name), last) in &self.last {
            let found = objects.get(kind, name).await?;
            match (last, &found) {
                (Last::Put(_), None) => problems.push(format!("{kind} {name}, which was acknowledged, is not there")),
                (Last::Put(spec), Some(found)) if !holds(&found["spec"], spec) => {
                    problems.push(format!("{kind} {name} has {}, acknowledged was {spec}", found["spec"]));
                }
                (Last::Deleted, Some(found)) if found["metadata"]["deletionTimestamp"].is_null() => {
                    problems.push(format!("{kind} {name}, whose deletion was acknowledged, is there and not going"));
                }
                _ => {}
            }
        }
        Ok(problems)
    }
}

pub(super) fn key(document: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&document["kind"]), text(&document["metadata"]["name"]))
}

/// Whether all that was written is there; the server adds defaults.
fn holds(found: &Value, written: &Value) -> bool {
    match (found, written) {
        (Value::Object(found), Value::Object(written)) => {
            written.iter().all(|(name, value)| found.get(name).is_some_and(|found| holds(found, value)))
        }
        (Value::Array(found), Value::Array(written)) => {
            found.len() == written.len() && found.iter().zip(written).all(|(found, written)| holds(found, written))
        }
        _ => found == written,
    }
}
