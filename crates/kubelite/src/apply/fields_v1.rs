//! `fieldsV1`: a set of field paths as JSON.

use serde_json::{Map, Value};
use thiserror::Error;

use super::element::{ElementError, PathElement};
use super::set::{FieldSet, SetNode};

/// `fieldsV1` that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FieldsError {
    /// Below each path element stands an object.
    #[error("fieldsV1 must be made of objects, found {0}")]
    NotAnObject(String),
    /// A path element that cannot be read.
    #[error("parsing key as path element: {0}")]
    Element(ElementError),
}

impl FieldSet {
    /// Reads `fieldsV1`.
    ///
    /// # Errors
    /// See [`FieldsError`]. Path elements of a type unknown to this version are skipped.
    pub fn decode(fields: &Value) -> Result<FieldSet, FieldsError> {
        Ok(decode(fields)?.below)
    }

    /// Writes `fieldsV1`.
    pub fn encode(&self) -> Value {
        let mut object = Map::new();
        for (element, node) in self.nodes() {
            let mut below = node.below.encode();
            if node.member && !node.below.is_empty() {
                below["."] = Value::Object(Map::new());
            }
            object.insert(element.encode(), below);
        }
        Value::Object(object)
    }
}

fn decode(fields: &Value) -> Result<SetNode, FieldsError> {
    let Value::Object(object) = fields else {
        return Err(FieldsError::NotAnObject(fields.to_string()));
    };
    let mut node = SetNode { member: object.is_empty() || object.contains_key("."), below: FieldSet::new() };
    for (key, below) in object.iter().filter(|(key, _)| *key != ".") {
        match PathElement::decode(key) {
            Ok(element) => node.below.put(element, decode(below)?),
            Err(ElementError::UnknownType) => {}
            Err(error) => return Err(FieldsError::Element(error)),
        }
    }
    Ok(node)
}
