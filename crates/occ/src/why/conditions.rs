//! What an object says itself of what it waits for.

use crate::noun::Noun;
use crate::objects::departure;
use serde::Serialize;
use serde_json::Value;

/// One thing that an object waits for, or warns of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wait {
    /// `NOUN/NAME`.
    pub(super) object: String,
    /// `deletion`, or the type of the condition.
    pub(super) about: String,
    /// The condition's status; empty where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) reason: String,
    pub(super) message: String,
    /// Since when, as the server tells it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) since: String,
}

/// What one object says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) waits: Vec<Wait>,
    /// What is not as it should be and keeps nothing waiting.
    pub(super) warnings: Vec<Wait>,
}

/// Conditions that say something is under way when they are true.
const UNDER_WAY: [&str; 2] = ["Finalizing", "Progressing"];

impl Said {
    /// Where only others' finalizers hold an object that goes, no controller of ours keeps its condition true any more.
    pub(super) fn held_by(&mut self, finalizers: &[String]) {
        let theirs = !finalizers.is_empty() && finalizers.iter().all(|one| !one.starts_with(model::GROUP));
        for wait in self.waits.iter_mut().filter(|wait| theirs && wait.about == "deletion") {
            wait.reason.clear();
            wait.message = format!("held by {}, which somebody else must take away", finalizers.join(", "));
        }
    }
}

/// Reads its conditions and its deletion.
pub(super) fn said(noun: &Noun, object: &Value) -> Said {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let name = format!("{}/{}", noun.word, text("/metadata/name"));
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    let mut said = Said::default();
    let deleted = text("/metadata/deletionTimestamp");
    if !deleted.is_empty() {
        let (reason, message) = departure(object).unwrap_or(("", "on its way"));
        said.waits.push(Wait {
            object: name,
            about: "deletion".into(),
            status: String::new(),
            reason: reason.into(),
            message: message.into(),
            since: deleted.into(),
        });
        return said;
    }
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    for condition in conditions.into_iter().flatten() {
        let field = |member: &str| condition[member].as_str().unwrap_or_default();
        let old = condition["observedGeneration"].as_i64().zip(generation).is_some_and(|(seen, now)| seen < now);
        let wanted = if UNDER_WAY.contains(&field("type")) { "False" } else { "True" };
        if field("status") == wanted && !old {
            continue;
        }
        let message = if old {
            format!("the controller has not looked at the last change yet; before it said: {}", field("message"))
        } else {
            field("message").to_owned()
        };
        let wait = Wait {
            object: name.clone(),
            about: field("type").into(),
            status: field("status").into(),
            reason: field("reason").into(),
            message,
            since: field("lastTransitionTime").into(),
        };
        if wait.about == model::conditions::NETWORK_POLICIES_ENFORCED {
            said.warnings.push(wait);
        } else {
            said.waits.push(wait);
        }
    }
    // What sums up says nothing that the others do not say.
    if said.waits.len() > 1 {
        let messages: Vec<String> =
            said.waits.iter().filter(|wait| wait.about != "Ready").map(|wait| wait.message.clone()).collect();
        said.waits.retain(|wait| wait.about != "Ready" || !messages.contains(&wait.message));
    }
    said
}
