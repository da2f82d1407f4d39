//! One object as it lies on a shelf.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::labels::Labels;

/// One entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Owner {
    #[serde(default)]
    pub(crate) api_version: String,
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) uid: String,
    #[serde(default)]
    pub(crate) block_owner_deletion: Option<bool>,
}

/// An object: the bytes that go to clients, and the little that the server must know without decoding them.
#[derive(Debug)]
pub(crate) struct Stored {
    /// `namespace/name`, or `name` for cluster scope.
    pub(crate) path: Arc<str>,
    /// The revision, which is its `metadata.resourceVersion`.
    pub(crate) revision: u64,
    /// The whole object as JSON.
    pub(crate) bytes: Bytes,
    /// `apiVersion` in the bytes.
    pub(crate) api_version: Box<str>,
    /// `metadata.uid`.
    pub(crate) uid: Box<str>,
    /// `metadata.labels`.
    pub(crate) labels: Labels,
    /// `metadata.ownerReferences`.
    pub(crate) owners: Box<[Owner]>,
    /// `metadata.finalizers`.
    pub(crate) finalizers: Box<[String]>,
    /// Whether `metadata.deletionTimestamp` is set.
    pub(crate) deleting: bool,
}

/// What the server must know of an object.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope {
    api_version: String,
    metadata: Meta,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    #[serde(default)]
    uid: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    owner_references: Option<Vec<Owner>>,
    #[serde(default)]
    finalizers: Option<Vec<String>>,
    #[serde(default)]
    deletion_timestamp: Option<String>,
}

impl Envelope {
    /// Reads it from a value.
    pub(super) fn of(object: &Value) -> Result<Self, String> {
        Self::deserialize(object).map_err(|error| error.to_string())
    }

    /// The object with these bytes.
    pub(super) fn seal(self, path: Arc<str>, revision: u64, bytes: Bytes) -> Stored {
        let Self { api_version, metadata } = self;
        Stored {
            path,
            revision,
            bytes,
            api_version: api_version.into(),
            uid: metadata.uid.into(),
            labels: metadata.labels.as_ref().map(Labels::new).unwrap_or_default(),
            owners: metadata.owner_references.unwrap_or_default().into(),
            finalizers: metadata.finalizers.unwrap_or_default().into(),
            deleting: metadata.deletion_timestamp.is_some(),
        }
    }
}

impl Stored {
    /// Reads what the server must know from the bytes.
    pub(crate) fn decode(path: Arc<str>, revision: u64, bytes: Bytes) -> Result<Self, String> {
        let envelope: Envelope = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        Ok(envelope.seal(path, revision, bytes))
    }

    /// The namespace, empty for cluster scope.
    pub(crate) fn namespace(&self) -> &str {
        self.path.split_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// The name.
    pub(crate) fn name(&self) -> &str {
        self.path.split_once('/').map_or(&self.path, |(_, name)| name)
    }

    /// The whole object.
    pub(crate) fn value(&self) -> Value {
        // The bytes were produced by this program from a value, or were checked when they were read.
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }
}
