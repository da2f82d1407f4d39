//! Managed fields: which values of a live object are ours, and whether they are what we want.

use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// What one field manager of ours owns in a live object, by server-side apply.
#[derive(Clone)]
pub(crate) struct OwnedBy {
    pub manager: &'static str,
    /// Hash of the owned fields and of their live values.
    pub hash: u64,
    /// The set of owned fields (`fieldsV1`) as text; shared between objects of one shape.
    pub fields: Arc<str>,
}

#[derive(Deserialize)]
struct ManagedFields<'a> {
    #[serde(default)]
    manager: String,
    #[serde(default)]
    operation: String,
    #[serde(default)]
    subresource: String,
    #[serde(borrow, rename = "fieldsV1")]
    fields: Option<&'a RawValue>,
}

/// The field sets that these managers applied (not updated, and not through a subresource).
pub(crate) fn applied_by(managed: &RawValue, managers: &[&'static str]) -> Vec<(&'static str, String)> {
    let entries: Vec<ManagedFields<'_>> = serde_json::from_str(managed.get()).unwrap_or_default();
    let ours = entries.into_iter().filter_map(|entry| {
        let manager = managers.iter().find(|manager| **manager == entry.manager)?;
        (entry.operation == "Apply" && entry.subresource.is_empty())
            .then_some((*manager, entry.fields?.get().to_owned()))
    });
    ours.collect()
}

/// Whether a field set has the field at this path of names, or something below it.
pub(crate) fn holds(fields: &str, path: &[&str]) -> bool {
    let Ok(set) = serde_json::from_str::<Value>(fields) else { return false };
    path.iter().try_fold(&set, |set, name| set.get(format!("f:{name}"))).is_some()
}

/// Hash of a field set and of the live values at its fields.
pub(crate) fn owned_hash(fields: &str, live: &Value) -> u64 {
    let mut hasher = HashWriter(DefaultHasher::new());
    match serde_json::from_str::<Value>(fields) {
        Ok(set) => project(&set, Some(live), &mut hasher),
        Err(_) => hasher.0.write(fields.as_bytes()),
    }
    hasher.0.finish()
}

/// Hash of a manifest.
pub(crate) fn desired_hash(manifest: &Value) -> u64 {
    let mut hasher = HashWriter(DefaultHasher::new());
    hasher.value(Some(manifest));
    hasher.0.finish()
}

fn project(fields: &Value, live: Option<&Value>, hasher: &mut HashWriter) {
    let Some(set) = fields.as_object().filter(|set| !set.is_empty()) else {
        hasher.value(live);
        return;
    };
    for (step, below) in set {
        hasher.0.write(step.as_bytes());
        match Step::parse(step) {
            Some(step) => project(below, live.and_then(|live| step.find(live)), hasher),
            None => hasher.0.write_u8(u8::from(live.is_some())),
        }
    }
}

/// Whether the desired manifest sets exactly the fields of this set, each to its live value. Values that the server
/// normalises or keys that it defaults make this `false`; an apply then changes nothing and settles it.
pub(crate) fn covers(fields: &str, desired: &Value, live: &Value) -> bool {
    let Ok(set) = serde_json::from_str::<Value>(fields) else {
        return false;
    };
    let Some(desired) = desired.as_object() else {
        return false;
    };
    // What names the object is never owned.
    let identity = ["apiVersion", "kind"];
    let unnamed: serde_json::Map<String, Value> = desired
        .iter()
        .filter(|(name, _)| !identity.contains(&name.as_str()))
        .map(|(name, value)| {
            let mut value = value.clone();
            if name == "metadata"
                && let Some(meta) = value.as_object_mut()
            {
                meta.remove("name");
                meta.remove("namespace");
            }
            (name.clone(), value)
        })
        .filter(|(name, value)| name != "metadata" || value.as_object().is_none_or(|meta| !meta.is_empty()))
        .collect();
    equal_at(&set, &Value::Object(unnamed), live)
}

fn equal_at(fields: &Value, desired: &Value, live: &Value) -> bool {
    let steps: Vec<(Step<'_>, &Value)> = fields
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(step, below)| Some((Step::parse(step)?, below)))
        .collect();
    if steps.is_empty() {
        return desired == live;
    }
    let parts = match desired {
        Value::Object(map) => map.len(),
        Value::Array(items) => items.len(),
        _ => return false,
    };
    parts == steps.len()
        && steps.iter().all(|(step, below)| match (step.find(desired), step.find(live)) {
            (Some(desired), Some(live)) => equal_at(below, desired, live),
            _ => false,
        })
}

/// One step of a field path.
enum Step<'a> {
    Field(&'a str),
    Key(Value),
    Item(Value),
    Position(usize),
}

impl<'a> Step<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (tag, rest) = text.split_once(':')?;
        match tag {
            "f" => Some(Self::Field(rest)),
            "k" => serde_json::from_str(rest).ok().map(Self::Key),
            "v" => serde_json::from_str(rest).ok().map(Self::Item),
            "i" => rest.parse().ok().map(Self::Position),
            _ => None,
        }
    }

    fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Field(name) => value.get(name),
            Self::Position(position) => value.get(position),
            Self::Item(item) => value.as_array()?.iter().find(|candidate| *candidate == item),
            Self::Key(key) => {
                let key = key.as_object()?;
                value
                    .as_array()?
                    .iter()
                    .find(|candidate| key.iter().all(|(name, wanted)| candidate.get(name) == Some(wanted)))
            }
        }
    }
}

struct HashWriter(DefaultHasher);

impl HashWriter {
    fn value(&mut self, value: Option<&Value>) {
        match value {
            // Hashing cannot fail, and a JSON value can always be written.
            Some(value) => drop(serde_json::to_writer(&mut *self, value)),
            None => self.0.write_u8(0xff),
        }
    }
}

impl io::Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{covers, holds, owned_hash};

    fn deployment(image: &str, replicas: i64) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "ns", "labels": {"a": "b"}},
            "spec": {"replicas": replicas, "containers": [{"name": "main", "image": image}]}})
    }

    const FIELDS: &str = r#"{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:replicas":{},"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:name":{},"f:image":{}}}}}"#;

    fn live() -> Value {
        let mut live = deployment("one", 1);
        live["spec"]["paused"] = json!(false);
        live["spec"]["containers"][0]["terminationMessagePath"] = json!("/dev/termination-log");
        live["spec"]["containers"].as_array_mut().expect("a list").push(json!({"name": "sidecar", "image": "theirs"}));
        live
    }

    #[rstest]
    #[case::equal(deployment("one", 1), true)]
    #[case::another_value(deployment("one", 2), false)]
    #[case::another_element(deployment("two", 1), false)]
    fn what_is_desired_is_compared_at_our_fields_only(#[case] desired: Value, #[case] expected: bool) {
        assert_eq!(covers(FIELDS, &desired, &live()), expected);
    }

    #[rstest]
    #[case(&["spec", "replicas"], true)]
    #[case(&["spec"], true)]
    #[case(&["spec", "paused"], false)]
    #[case(&["status", "replicas"], false)]
    fn a_field_is_held_where_the_set_names_it(#[case] path: &[&str], #[case] expected: bool) {
        assert_eq!(holds(FIELDS, path), expected);
        assert!(!holds("no JSON", path));
    }

    #[test]
    fn a_field_more_or_less_is_a_difference() {
        let mut more = deployment("one", 1);
        more["spec"]["paused"] = json!(false);
        assert!(!covers(FIELDS, &more, &live()));
        let mut less = deployment("one", 1);
        less["spec"].as_object_mut().expect("a map").remove("replicas");
        assert!(!covers(FIELDS, &less, &live()));
        assert!(!covers("no JSON", &more, &live()));
    }

    #[test]
    fn only_changes_of_our_fields_change_the_hash() {
        let mut theirs = live();
        theirs["spec"]["containers"][1]["image"] = json!("new");
        theirs["spec"]["paused"] = json!(true);
        assert_eq!(owned_hash(FIELDS, &live()), owned_hash(FIELDS, &theirs));
        let mut ours = live();
        ours["spec"]["containers"][0]["image"] = json!("drifted");
        assert_ne!(owned_hash(FIELDS, &live()), owned_hash(FIELDS, &ours));
        let mut gone = live();
        gone["spec"]["containers"].as_array_mut().expect("a list").remove(0);
        assert_ne!(owned_hash(FIELDS, &live()), owned_hash(FIELDS, &gone));
    }
}
