//! One object as the cache holds it: its JSON text without bookkeeping, and hashes of its facets.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, Weak};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::change::Facets;
use super::decoded::Undecodable;
use super::fields::{self, OwnedBy};
use crate::engine::{Gvk, ObjectKey};

/// One object, without `managedFields` and resource version in its text.
pub(crate) struct Entry {
    pub uid: Box<str>,
    pub resource_version: Box<str>,
    pub generation: i64,
    pub deleting: bool,
    /// Hashes of metadata, of everything but metadata and status, and of the status.
    pub facets: [u64; 3],
    /// What field managers of ours own in it, by server-side apply.
    pub owned: Box<[OwnedBy]>,
    json: Box<[u8]>,
    /// Where `,"status":…` starts in `json`; the closing brace when there is none.
    status_at: usize,
}

/// Why an object that a server sent was not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IntakeError {
    #[error("the object is not a JSON object with metadata: {0}")]
    Shape(#[from] serde_json::Error),
    #[error("the object has no metadata.name")]
    Nameless,
}

/// Takes objects in: knows which field managers are ours and shares equal sets of managed fields.
pub(crate) struct Intake {
    managers: Vec<&'static str>,
    field_sets: HashMap<u64, Weak<str>>,
}

type RawMap<'a> = BTreeMap<String, &'a RawValue>;

impl Intake {
    pub(crate) fn new(managers: Vec<&'static str>) -> Self {
        Self { managers, field_sets: HashMap::new() }
    }

    /// Reads one object as a server wrote it. What `previous` already computed for equal content is taken from there.
    pub(crate) fn take(
        &mut self,
        gvk: &Gvk,
        text: &[u8],
        previous: impl FnOnce(&ObjectKey) -> Option<Arc<Entry>>,
    ) -> Result<(ObjectKey, Entry), IntakeError> {
        let top: RawMap<'_> = serde_json::from_slice(text)?;
        let no_metadata = RawMap::new();
        let meta: RawMap<'_> = top.get("metadata").map_or(Ok(no_metadata), |raw| serde_json::from_str(raw.get()))?;
        let field = |name: &str| meta.get(name).and_then(|raw| serde_json::from_str::<Cow<'_, str>>(raw.get()).ok());
        let name = field("name").filter(|name| !name.is_empty()).ok_or(IntakeError::Nameless)?;
        let key = ObjectKey::new(field("namespace").as_deref(), &name);

        let mut hashes = [DefaultHasher::new(), DefaultHasher::new(), DefaultHasher::new()];
        let mut json = Vec::with_capacity(text.len());
        json.extend_from_slice(b"{\"apiVersion\":");
        write_string(&mut json, &gvk.api_version);
        json.extend_from_slice(b",\"kind\":");
        write_string(&mut json, &gvk.kind);
        json.extend_from_slice(b",\"metadata\":{");
        let mut first = true;
        for (name, raw) in &meta {
            match name.as_str() {
                "managedFields" | "resourceVersion" | "selfLink" => continue,
                "generation" => hash_field(&mut hashes[1], name, raw),
                _ => hash_field(&mut hashes[0], name, raw),
            }
            write_field(&mut json, name, raw, &mut first);
        }
        json.push(b'}');
        let mut first = false;
        for (name, raw) in &top {
            let hidden = gvk.is_secret() && name != "type";
            if hidden || matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
                continue;
            }
            hash_field(&mut hashes[1], name, raw);
            write_field(&mut json, name, raw, &mut first);
        }
        let status_at = json.len();
        if let Some(raw) = top.get("status") {
            hash_field(&mut hashes[2], "status", raw);
            write_field(&mut json, "status", raw, &mut first);
        }
        json.push(b'}');

        let facets = hashes.map(|hasher| hasher.finish());
        let owned = self.owned(meta.get("managedFields").copied(), text, facets, || previous(&key));
        let entry = Entry {
            uid: field("uid").unwrap_or_default().into(),
            resource_version: field("resourceVersion").unwrap_or_default().into(),
            generation: meta.get("generation").and_then(|raw| raw.get().parse().ok()).unwrap_or_default(),
            deleting: meta.get("deletionTimestamp").is_some_and(|raw| raw.get() != "null"),
            facets,
            owned,
            json: json.into_boxed_slice(),
            status_at,
        };
        Ok((key, entry))
    }

    fn owned(
        &mut self,
        managed: Option<&RawValue>,
        text: &[u8],
        facets: [u64; 3],
        previous: impl FnOnce() -> Option<Arc<Entry>>,
    ) -> Box<[OwnedBy]> {
        let applied = managed.map(|raw| fields::applied_by(raw, &self.managers)).unwrap_or_default();
        if applied.is_empty() {
            return Box::default();
        }
        if let Some(previous) = previous()
            && previous.facets[..2] == facets[..2]
            && previous.owned.len() == applied.len()
            && previous
                .owned
                .iter()
                .zip(&applied)
                .all(|(old, (manager, set))| old.manager == *manager && *old.fields == **set)
        {
            return previous.owned.clone();
        }
        let Ok(live) = serde_json::from_slice(text) else {
            return Box::default();
        };
        let owned = applied.into_iter().map(|(manager, set)| {
            let fields = self.share(&set);
            OwnedBy { manager, hash: fields::owned_hash(&fields, &live), fields }
        });
        owned.collect()
    }

    fn share(&mut self, set: &str) -> Arc<str> {
        let mut hasher = DefaultHasher::new();
        hasher.write(set.as_bytes());
        let hash = hasher.finish();
        if let Some(shared) = self.field_sets.get(&hash).and_then(Weak::upgrade)
            && &*shared == set
        {
            return shared;
        }
        if self.field_sets.len() > 1024 && self.field_sets.len().is_power_of_two() {
            self.field_sets.retain(|_, set| set.strong_count() > 0);
        }
        let shared: Arc<str> = Arc::from(set);
        self.field_sets.insert(hash, Arc::downgrade(&shared));
        shared
    }
}

impl Entry {
    /// The object's text, status included.
    pub(crate) fn json(&self) -> &[u8] {
        &self.json
    }

    /// The object as a Rust value. Without its status, that of the value is empty.
    pub(crate) fn decode<T: DeserializeOwned>(&self, with_status: bool) -> Result<T, Undecodable> {
        let decoded = if with_status {
            serde_json::from_slice(&self.json)
        } else {
            let mut text = self.json[..self.status_at].to_vec();
            text.push(b'}');
            serde_json::from_slice(&text)
        };
        decoded.map_err(|error| Undecodable::from(error.to_string()))
    }

    /// The facets in which the two differ.
    pub(crate) fn difference(&self, other: &Self) -> Facets {
        let each = [Facets::META, Facets::SPEC, Facets::STATUS];
        let mut changed = Facets::NONE;
        for (index, facet) in each.into_iter().enumerate() {
            if self.facets[index] != other.facets[index] {
                changed |= facet;
            }
        }
        // Another object under the same name: everything about it is new.
        if self.uid == other.uid { changed } else { Facets::ALL }
    }

    /// Its labels with this key, `None` when it has none.
    pub(crate) fn label(&self, key: &str) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Labelled {
            metadata: Labels,
        }
        #[derive(serde::Deserialize)]
        struct Labels {
            #[serde(default)]
            labels: Option<HashMap<String, String>>,
        }
        let object: Labelled = serde_json::from_slice(&self.json).ok()?;
        object.metadata.labels?.remove(key)
    }
}

fn hash_field(hasher: &mut DefaultHasher, name: &str, raw: &RawValue) {
    hasher.write(name.as_bytes());
    hasher.write_u8(0);
    hasher.write(raw.get().as_bytes());
    hasher.write_u8(0);
}

fn write_field(json: &mut Vec<u8>, name: &str, raw: &RawValue, first: &mut bool) {
    if !std::mem::take(first) {
        json.push(b',');
    }
    write_string(json, name);
    json.push(b':');
    json.extend_from_slice(raw.get().as_bytes());
}

fn write_string(json: &mut Vec<u8>, text: &str) {
    // Writing a string to memory cannot fail; a name that could not be written would leave invalid JSON, which decoding reports.
    let _ = serde_json::to_writer(json, text);
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{Entry, Intake};
    use crate::engine::cache::change::Facets;
    use crate::engine::{Gvk, ObjectKey};

    fn object() -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "a", "namespace": "ns", "uid": "u", "resourceVersion": "7", "generation": 1, "managedFields": []},
            "type": "Opaque", "data": {"password": "c2VjcmV0"}, "spec": {"x": 1}, "status": {"ready": false},
        })
    }

    fn take(kind: &'static str, object: &Value) -> Entry {
        let taken = Intake::new(Vec::new()).take(&Gvk::new("v1", kind), object.to_string().as_bytes(), |_| None);
        let (key, entry) = taken.expect("an object");
        assert_eq!(key, ObjectKey::from(("ns", "a")));
        entry
    }

    #[rstest]
    #[case::bookkeeping("/metadata/resourceVersion", json!("8"), Facets::NONE)]
    #[case::managed_fields("/metadata/managedFields", json!([{"manager": "x"}]), Facets::NONE)]
    #[case::generation("/metadata/generation", json!(2), Facets::SPEC)]
    #[case::spec("/spec/x", json!(2), Facets::SPEC)]
    #[case::status("/status/ready", json!(true), Facets::STATUS)]
    #[case::name_reused("/metadata/uid", json!("other"), Facets::ALL)]
    fn a_change_touches_its_facet(#[case] place: &str, #[case] value: Value, #[case] expected: Facets) {
        let mut changed = object();
        *changed.pointer_mut(place).expect("a place") = value;
        assert_eq!(take("Thing", &object()).difference(&take("Thing", &changed)), expected);
    }

    #[test]
    fn of_a_secret_only_metadata_and_type_are_kept() {
        let text = String::from_utf8(take("Secret", &object()).json().to_vec()).expect("text");
        assert!(!text.contains("c2VjcmV0") && text.contains("Opaque"), "{text}");
    }

    #[test]
    fn without_status_there_is_none_and_no_bookkeeping_is_handed_out() {
        let without: Value = take("Thing", &object()).decode(false).expect("JSON");
        let mut expected = object();
        expected["kind"] = json!("Thing");
        expected.as_object_mut().expect("a map").remove("status");
        for name in ["managedFields", "resourceVersion"] {
            expected["metadata"].as_object_mut().expect("a map").remove(name);
        }
        assert_eq!(without, expected);
    }

    #[rstest]
    #[case("[]")]
    #[case("{}")]
    #[case(r#"{"metadata": {"name": 7}}"#)]
    #[case("not JSON")]
    fn what_is_no_object_is_an_error(#[case] text: &str) {
        assert!(Intake::new(Vec::new()).take(&Gvk::new("v1", "Thing"), text.as_bytes(), |_| None).is_err());
    }
}
