//! The parts of an object that health rules look at.

use serde_json::Value;

use super::{Assessment, Health};

/// Reads an object without assuming anything about its shape: what is absent or of another type is zero, empty or none.
pub(super) struct Facts<'o> {
    object: &'o Value,
}

impl<'o> Facts<'o> {
    pub(super) fn of(object: &'o Value) -> Self {
        Self { object }
    }

    pub(super) fn group(&self) -> &'o str {
        let version = self.object["apiVersion"].as_str().unwrap_or_default();
        version.split_once('/').map_or("", |(group, _)| group)
    }

    pub(super) fn kind(&self) -> &'o str {
        self.object["kind"].as_str().unwrap_or_default()
    }

    pub(super) fn deleting(&self) -> bool {
        self.object["metadata"]["deletionTimestamp"].is_string()
    }

    pub(super) fn spec(&self, name: &str) -> &'o Value {
        &self.object["spec"][name]
    }

    pub(super) fn status(&self, name: &str) -> &'o Value {
        &self.object["status"][name]
    }

    pub(super) fn count(&self, name: &str) -> i64 {
        self.status(name).as_i64().unwrap_or_default()
    }

    pub(super) fn generation(&self) -> i64 {
        self.object["metadata"]["generation"].as_i64().unwrap_or_default()
    }

    /// Progressing when the status must tell its generation and does not, or tells an older one.
    pub(super) fn unobserved(&self) -> Option<Assessment> {
        let observed = self.count("observedGeneration");
        (observed == 0 || observed < self.generation()).then(|| {
            Assessment::new(Health::Progressing, format!("generation {} is not observed yet", self.generation()))
        })
    }

    /// Progressing when the status tells an older generation; a status that tells none is taken as it is.
    pub(super) fn outdated(&self) -> Option<Assessment> {
        self.status("observedGeneration").as_i64().and_then(|_| self.unobserved())
    }

    pub(super) fn condition(&self, kind: &str) -> Option<Condition<'o>> {
        let all = self.status("conditions").as_array()?;
        all.iter().find(|condition| condition["type"] == kind).map(|condition| Condition { condition })
    }
}

/// One element of `status.conditions`.
pub(super) struct Condition<'o> {
    condition: &'o Value,
}

impl<'o> Condition<'o> {
    pub(super) fn of(condition: &'o Value) -> Self {
        Self { condition }
    }

    pub(super) fn is(&self, status: &str) -> bool {
        self.condition["status"] == status
    }

    pub(super) fn reason(&self) -> &'o str {
        self.condition["reason"].as_str().unwrap_or_default()
    }

    pub(super) fn observed(&self) -> Option<i64> {
        self.condition["observedGeneration"].as_i64()
    }

    /// Reason and message in one sentence.
    pub(super) fn words(&self) -> String {
        let message = self.condition["message"].as_str().unwrap_or_default().trim_end_matches('.');
        match (self.reason(), message) {
            ("", "") => format!(
                "condition {} is {}",
                self.condition["type"].as_str().unwrap_or("?"),
                self.condition["status"].as_str().unwrap_or("?")
            ),
            (reason, "") => reason.to_owned(),
            ("", message) => message.to_owned(),
            (reason, message) => format!("{reason}: {message}"),
        }
    }
}
