//! What is called otherwise than in the recording: uids, and the hashes in names of releases.

use super::plain;
use super::scenario::{Id, State};
use serde_json::Value;
use std::collections::BTreeMap;

/// Kinds whose names end in a hash of their content.
const RELEASES: [&str; 3] = ["ComponentRelease", "ProjectRelease", "ResourceRelease"];

/// How recordings write the day in a release's name.
const DAY: &str = "<date>";

/// Ours beside recorded.
pub(crate) struct Names {
    /// Today, as releases made on request are named by it.
    day: String,
    uids: BTreeMap<String, String>,
    /// Hash of ours, hash of the recording.
    hashes: BTreeMap<String, String>,
}

impl Default for Names {
    fn default() -> Names {
        let day = jiff::Timestamp::now().strftime("%Y%m%d").to_string();
        Names { day, uids: BTreeMap::new(), hashes: BTreeMap::new() }
    }
}

impl Names {
    /// Learns from the objects at the end of a step: a release of ours is the recorded one with the same content.
    pub(crate) fn learn(&mut self, ours: &State, recorded: &State, seen: &BTreeMap<String, Id>) {
        for (uid, id) in seen {
            self.uids.insert(uid.clone(), format!("<uid:{}/{}>", id.kind, id.name));
        }
        for (id, object) in ours {
            if let Some(uid) = object["metadata"]["uid"].as_str() {
                self.uids.insert(uid.to_owned(), format!("<uid:{}/{}>", id.kind, id.name));
            }
        }
        for (id, object) in ours.iter().filter(|(id, _)| RELEASES.contains(&id.kind.as_str())) {
            let Some((_, hash)) = id.name.rsplit_once('-') else { continue };
            if self.hashes.contains_key(hash) || recorded.contains_key(&self.id(id)) {
                continue;
            }
            let content = plain::spec(object);
            let same = recorded.iter().find(|(other, recorded)| {
                other.kind == id.kind && other.namespace == id.namespace && plain::spec(recorded) == content
            });
            if let Some((_, hash_there)) = same.and_then(|(other, _)| other.name.rsplit_once('-')) {
                self.hashes.insert(hash.to_owned(), hash_there.to_owned());
            }
        }
    }

    /// A text of ours with recorded names.
    pub(crate) fn in_recorded_words(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (ours, recorded) in self.uids.iter().chain(&self.hashes) {
            if text.contains(ours.as_str()) {
                text = text.replace(ours.as_str(), recorded);
            }
        }
        if text.contains(&self.day) { text.replace(&format!("-{}-", self.day), &format!("-{DAY}-")) } else { text }
    }

    /// A recorded text with the names of ours.
    pub(crate) fn in_our_words(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (ours, recorded) in &self.hashes {
            if text.contains(recorded.as_str()) {
                text = text.replace(recorded.as_str(), ours);
            }
        }
        if text.contains(DAY) { text.replace(DAY, &self.day) } else { text }
    }

    /// The same for every text of a manifest.
    pub(crate) fn in_our_words_deep(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.in_our_words(text)),
            Value::Array(items) => items.iter().map(|item| self.in_our_words_deep(item)).collect(),
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), self.in_our_words_deep(value))).collect(),
            other => other.clone(),
        }
    }

    /// An object's name as the recording has it.
    pub(crate) fn id(&self, id: &Id) -> Id {
        Id { name: self.in_recorded_words(&id.name), ..id.clone() }
    }
}
