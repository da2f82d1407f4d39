//! What differs between two runs of one server is replaced: uids, times, revisions, tokens, addresses, random ends of names.

use regex::Regex;
use serde_json::{Map, Value};
use std::sync::LazyLock;

static PATTERNS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
        (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "<token>"),
        (r"\b10\.96\.\d+\.\d+\b", "<address>"),
        (r"-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----\n?", "<certificate>"),
        (r"kube-api-access-[a-z0-9]{5}", "kube-api-access-<random>"),
        (r"resource version: \d+( \(\d+\))?", "resource version: <revision>"),
        (r"current: \d+", "current: <revision>"),
        (r"(precondition|record) \(\d+\)", "$1 (<revision>)"),
        // Whole objects, and values as Go prints what it holds in memory.
        (r#"Invalid value: "\{(\\.|[^"\\])*\}""#, "Invalid value: <object>"),
        (r"Invalid value: (\[\]|&)?[a-z0-9]+\.[A-Z]\w*\{.*\}: ", "Invalid value: <value>: "),
        (r"https://127\.0\.0\.1:\d+", "<server>"),
        (r"https://kubernetes\.default\.svc(\.cluster\.local)?", "<issuer>"),
    ]
    .into_iter()
    .filter_map(|(pattern, to)| Some((Regex::new(pattern).ok()?, to)))
    .collect()
});

/// Replacements of one script: revisions and names are told apart by the order in which they came.
#[derive(Default)]
pub struct Normal {
    revisions: Vec<String>,
    names: Vec<(String, String)>,
}

impl Normal {
    /// Replaces in a whole answer.
    pub fn apply(&mut self, body: &mut Value) {
        self.learn(body);
        self.visit(body, "");
    }

    /// Finds random names.
    fn learn(&mut self, value: &Value) {
        if let (Some(prefix), Some(name)) =
            (value["metadata"]["generateName"].as_str(), value["metadata"]["name"].as_str())
            && name.len() == prefix.len() + 5
            && name.starts_with(prefix)
            && !self.names.iter().any(|(known, _)| known == name)
        {
            self.names.push((name.to_owned(), format!("{prefix}<random{}>", self.names.len() + 1)));
        }
        match value {
            Value::Object(map) => map.values().for_each(|value| self.learn(value)),
            Value::Array(items) => items.iter().for_each(|value| self.learn(value)),
            _ => {}
        }
    }

    fn visit(&mut self, value: &mut Value, key: &str) {
        match value {
            Value::Object(map) => {
                causes(map);
                self.revision(map);
                *map = std::mem::take(map)
                    .into_iter()
                    .map(|(key, mut value)| {
                        self.visit(&mut value, &key);
                        (self.text(&key, ""), value)
                    })
                    .collect();
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.visit(item, key)),
            Value::String(text) => *text = self.text(text, key),
            Value::Number(number) if key == "nodePort" && number.as_i64().is_some_and(|port| port >= 30000) => {
                *value = "<node port>".into();
            }
            _ => {}
        }
    }

    /// The revision of an object is numbered; that of a list is any.
    fn revision(&mut self, metadata: &mut Map<String, Value>) {
        if let Some(token) = metadata.get_mut("continue").filter(|token| token.as_str().is_some_and(|t| !t.is_empty()))
        {
            *token = "<continue>".into();
        }
        let is_object = metadata.contains_key("name");
        let Some(Value::String(revision)) = metadata.get_mut("resourceVersion") else { return };
        if revision.is_empty() || revision == "0" {
            return;
        }
        if !is_object {
            *revision = "<revision>".into();
            return;
        }
        let number = self.revisions.iter().position(|known| known == revision).unwrap_or_else(|| {
            self.revisions.push(revision.clone());
            self.revisions.len() - 1
        });
        *revision = format!("<revision {}>", number + 1);
    }

    /// Replaces in one text.
    pub fn text(&self, text: &str, key: &str) -> String {
        let mut text = text.to_owned();
        for (name, shown) in &self.names {
            text = text.replace(name, shown);
        }
        for (pattern, to) in PATTERNS.iter() {
            text = pattern.replace_all(&text, *to).into_owned();
        }
        let age = text.strip_suffix('s').is_some_and(|digits| digits.len() < 3 && digits.parse::<u32>().is_ok());
        if key == "cells" && age { "<age>".into() } else { text }
    }
}

/// Replaces in what was recorded when fewer things were replaced.
pub fn again(value: &mut Value) {
    match value {
        Value::Object(map) => map.values_mut().for_each(again),
        Value::Array(items) => items.iter_mut().for_each(again),
        Value::String(text) => *text = Normal::default().text(text, ""),
        _ => {}
    }
}

/// A validator that walks a map tells its causes in any order: several are sorted, and are not told once more in the message.
fn causes(status: &mut Map<String, Value>) {
    let Some(causes) = status.get_mut("details").and_then(|details| details.get_mut("causes")) else { return };
    let Some(causes) = causes.as_array_mut().filter(|causes| causes.len() > 1) else { return };
    causes.sort_by_key(ToString::to_string);
    if let Some(Value::String(message)) = status.get_mut("message")
        && let Some((what, _)) = message.split_once(" is invalid: [")
    {
        *message = format!("{what} is invalid: <causes>");
    }
}
