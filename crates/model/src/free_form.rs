//! Values whose shape a platform engineer decides, not we: parameters, environment configs, templates.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// Any JSON value, kept as it came. In the CRD: no type, unknown fields preserved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FreeForm(pub Value);

/// A JSON object whose keys are not ours, kept as it came. In the CRD: an object with unknown fields preserved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FreeObject(Value);

impl FreeForm {
    /// The value inside.
    pub fn into_inner(self) -> Value {
        self.0
    }
}

impl FreeObject {
    /// The object's members.
    pub fn as_map(&self) -> &Map<String, Value> {
        static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        self.0.as_object().unwrap_or_else(|| &EMPTY)
    }

    /// The object as a plain value.
    pub fn into_inner(self) -> Value {
        self.0
    }
}

impl Default for FreeObject {
    fn default() -> Self {
        Self(Value::Object(Map::new()))
    }
}

impl From<Map<String, Value>> for FreeObject {
    fn from(map: Map<String, Value>) -> Self {
        Self(Value::Object(map))
    }
}

impl TryFrom<Value> for FreeObject {
    type Error = NotAnObject;

    fn try_from(value: Value) -> Result<Self, NotAnObject> {
        if value.is_object() { Ok(Self(value)) } else { Err(NotAnObject(type_name(&value))) }
    }
}

/// A value that is not a JSON object stands where one is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an object, but is {0}")]
pub struct NotAnObject(&'static str);

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl<'de> Deserialize<'de> for FreeObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl From<Value> for FreeForm {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl Deref for FreeForm {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl DerefMut for FreeForm {
    fn deref_mut(&mut self) -> &mut Value {
        &mut self.0
    }
}

impl Deref for FreeObject {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl JsonSchema for FreeForm {
    fn schema_name() -> Cow<'static, str> {
        "FreeForm".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
    }

    fn inline_schema() -> bool {
        true
    }
}

impl JsonSchema for FreeObject {
    fn schema_name() -> Cow<'static, str> {
        "FreeObject".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
    }

    fn inline_schema() -> bool {
        true
    }
}
