//! `metadata.managedFields`: who owns which fields, and since when.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::fields_v1::FieldsError;
use super::set::FieldSet;

/// Who owns fields: a name, how it wrote, through which version and subresource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ManagerId {
    /// The field manager's name.
    pub manager: String,
    /// Whether the fields were applied (`Apply`) or written otherwise (`Update`).
    pub applied: bool,
    /// The version written through; empty for appliers, of which there is one for all versions.
    pub api_version: String,
    /// The subresource written through; empty for the object itself.
    pub subresource: String,
}

impl std::fmt::Display for ManagerId {
    /// As conflicts name it: `"kubectl" using apps/v1`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&schema::go_quote(&self.manager))?;
        if !self.subresource.is_empty() {
            write!(f, " with subresource {}", schema::go_quote(&self.subresource))?;
        }
        if !self.applied {
            write!(f, " using {}", self.api_version)?;
        }
        Ok(())
    }
}

/// What one manager owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagerFields {
    /// Its fields.
    pub set: FieldSet,
    /// The version that the paths are meant in.
    pub api_version: String,
    /// The time of its last change as written (RFC 3339).
    pub time: Option<String>,
}

/// All managers of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManagedFields {
    /// By manager.
    pub managers: BTreeMap<ManagerId, ManagerFields>,
}

/// `metadata.managedFields` that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ManagedError {
    /// The list or an entry has not the right shape.
    #[error("metadata.managedFields must be a list of objects")]
    Shape,
    /// An entry without a valid operation.
    #[error("operation must be `Apply` or `Update`")]
    Operation,
    /// An entry without a version.
    #[error("apiVersion must not be empty")]
    ApiVersion,
    /// An entry without a fields type.
    #[error("missing fieldsType in managed fields entry {0}")]
    NoFieldsType(usize),
    /// An entry with an unknown fields type.
    #[error("invalid fieldsType {kind:?} in managed fields entry {index}")]
    FieldsType {
        /// The position of the entry.
        index: usize,
        /// What it says.
        kind: String,
    },
    /// The fields themselves.
    #[error("error decoding set: {0}")]
    Fields(#[from] FieldsError),
}

impl ManagedFields {
    /// Reads the value of `metadata.managedFields`; nothing and null are no managers.
    ///
    /// # Errors
    /// See [`ManagedError`].
    pub fn decode(value: Option<&Value>) -> Result<ManagedFields, ManagedError> {
        let entries = match value {
            None | Some(Value::Null) => return Ok(ManagedFields::default()),
            Some(Value::Array(entries)) => entries,
            Some(_) => return Err(ManagedError::Shape),
        };
        let mut managed = ManagedFields::default();
        for (index, entry) in entries.iter().enumerate() {
            let Value::Object(entry) = entry else { return Err(ManagedError::Shape) };
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let applied = match text("operation").as_str() {
                "Apply" => true,
                "Update" => false,
                _ => return Err(ManagedError::Operation),
            };
            let api_version = text("apiVersion");
            if api_version.is_empty() {
                return Err(ManagedError::ApiVersion);
            }
            match text("fieldsType").as_str() {
                "FieldsV1" => {}
                "" => return Err(ManagedError::NoFieldsType(index)),
                kind => return Err(ManagedError::FieldsType { index, kind: kind.to_owned() }),
            }
            let set = entry.get("fieldsV1").filter(|fields| !fields.is_null()).map(FieldSet::decode).transpose()?;
            let id = ManagerId {
                manager: text("manager"),
                applied,
                api_version: if applied { String::new() } else { api_version.clone() },
                subresource: text("subresource"),
            };
            let time = entry.get("time").and_then(Value::as_str).map(str::to_owned);
            managed.managers.insert(id, ManagerFields { set: set.unwrap_or_default(), api_version, time });
        }
        Ok(managed)
    }

    /// Writes the value of `metadata.managedFields`; `None` when nobody manages anything. Appliers come first, then by time and name.
    pub fn encode(&self) -> Option<Value> {
        if self.managers.is_empty() {
            return None;
        }
        let mut entries: Vec<(&ManagerId, &ManagerFields)> = self.managers.iter().collect();
        entries.sort_by_key(|(id, fields)| {
            (!id.applied, seconds(fields.time.as_deref()), &id.manager, &fields.api_version, &id.subresource)
        });
        let entries = entries.into_iter().map(|(id, fields)| {
            let mut entry = Map::new();
            entry.insert("apiVersion".to_owned(), json!(fields.api_version));
            entry.insert("fieldsType".to_owned(), json!("FieldsV1"));
            entry.insert("fieldsV1".to_owned(), fields.set.encode());
            if !id.manager.is_empty() {
                entry.insert("manager".to_owned(), json!(id.manager));
            }
            entry.insert("operation".to_owned(), json!(if id.applied { "Apply" } else { "Update" }));
            if !id.subresource.is_empty() {
                entry.insert("subresource".to_owned(), json!(id.subresource));
            }
            if let Some(time) = &fields.time {
                entry.insert("time".to_owned(), json!(time));
            }
            Value::Object(entry)
        });
        Some(Value::Array(entries.collect()))
    }

    /// Reads them from an object.
    ///
    /// # Errors
    /// See [`ManagedError`].
    pub fn of_object(object: &Value) -> Result<ManagedFields, ManagedError> {
        ManagedFields::decode(object.pointer("/metadata/managedFields"))
    }

    /// Writes them into an object, or takes them out where there are none.
    pub(crate) fn put_into(&self, object: &mut Value) {
        let Value::Object(object) = object else { return };
        match self.encode() {
            Some(entries) => {
                let metadata = object.entry("metadata").or_insert_with(|| json!({}));
                if let Value::Object(metadata) = metadata {
                    metadata.insert("managedFields".to_owned(), entries);
                }
            }
            None => {
                if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
                    metadata.remove("managedFields");
                }
            }
        }
    }

    /// Whether both say the same but for the times.
    pub(crate) fn same_but_times(&self, other: &ManagedFields) -> bool {
        self.managers.len() == other.managers.len()
            && self
                .managers
                .iter()
                .zip(&other.managers)
                .all(|((a, x), (b, y))| a == b && x.api_version == y.api_version && x.set == y.set)
    }
}

pub(crate) fn seconds(time: Option<&str>) -> i64 {
    time.and_then(|time| time.parse::<jiff::Timestamp>().ok()).map_or(0, jiff::Timestamp::as_second)
}
