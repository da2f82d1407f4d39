//! What templates can read: the variables of each pipeline, built once per compilation.
//!
//! Every number is a double, as in everything that came through JSON; empty optional fields are left out.

/// The name of a field, made once for the life of the process.
macro_rules! key {
    ($name:literal) => {{
        static KEY: std::sync::LazyLock<cel::Key> = std::sync::LazyLock::new(|| cel::Key::from($name));
        &*KEY
    }};
}

mod configuration;
mod dependency;
mod derived;
mod metadata;
mod plane;
mod workload;

pub(crate) use configuration::{Configurations, overlaid};
pub(crate) use dependency::dependencies;
pub(crate) use derived::derived;
pub(crate) use metadata::{component_metadata, project_metadata, resource_metadata, workflow_metadata};
pub(crate) use plane::{Gateways, PlaneShape};
pub(crate) use workload::workload;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cel::{Key, Value};

/// Most objects have no more fields.
const FIELDS: usize = 6;

/// An object under construction, leaving out what the contract leaves out.
struct Object(Vec<(Key, Value)>);

impl Default for Object {
    fn default() -> Self {
        Self(Vec::with_capacity(FIELDS))
    }
}

impl Object {
    /// Room for more fields than most objects have.
    fn with_capacity(fields: usize) -> Self {
        Self(Vec::with_capacity(fields))
    }

    fn with(mut self, key: &Key, value: impl Into<Value>) -> Self {
        self.0.push((key.clone(), value.into()));
        self
    }

    /// A string that is left out when empty.
    fn with_text(self, key: &Key, text: &str) -> Self {
        if text.is_empty() { self } else { self.with(key, text) }
    }

    /// A value that is left out when there is none.
    fn with_some(self, key: &Key, value: Option<Value>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    fn build(self) -> Value {
        Value::from(cel::Map::from_distinct(self.0))
    }
}

/// A list; all empty ones are one.
fn list(items: Vec<Value>) -> Value {
    static EMPTY: LazyLock<Value> = LazyLock::new(|| Value::list(Vec::new()));
    if items.is_empty() { EMPTY.clone() } else { Value::list(items) }
}

fn strings(map: &BTreeMap<String, String>) -> Value {
    let entries = map.iter().map(|(key, value)| (Key::from(key.as_str()), Value::from(value.as_str())));
    Value::from(cel::Map::from_distinct(entries.collect()))
}

fn texts(items: &[String]) -> Value {
    list(items.iter().map(|item| Value::from(item.as_str())).collect())
}
