//! Binding given values to a schema: defaults filled in, then validated.

mod references;
mod words;

pub(crate) use words::violation;

use cel::Numbers;
use schema::{Definitions, Schema, SchemaProblem};
use serde_json::{Map, Value};

use crate::spec::SchemaSection;

/// The name under which a type's schema is parsed.
pub(crate) const ROOT: &str = "schema";

/// What happens to values of a type that declares no schema for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undeclared {
    /// They are dropped: components and traits.
    Dropped,
    /// They are kept: projects, resources and workflows.
    Kept,
}

/// A schema that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SchemaError {
    #[error("failed to resolve $ref: {0}")]
    Reference(String),
    #[error("failed to build structural schema: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Structure(Vec<SchemaProblem>),
}

/// Values that do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValuesError {
    /// Something that is no object was given.
    #[error("json: cannot unmarshal {0} into Go value of type map[string]interface {{}}")]
    NotObject(&'static str),
    /// The fields that violate the schema: path and message.
    #[error("{}", .0.iter().map(|(_, message)| message.as_str()).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<(String, String)>),
}

/// The schema of a type's parameters or environment configs, or the fact that there is none.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    schema: Option<Schema>,
}

impl Values {
    pub(crate) fn parse(section: Option<&SchemaSection>) -> Result<Self, SchemaError> {
        let (values, problems) = Self::read(section).map_err(SchemaError::Reference)?;
        if problems.is_empty() { Ok(values) } else { Err(SchemaError::Structure(problems)) }
    }

    /// The same for a schema that is broken in some parts: what they declare is open, what is wrong with them is told.
    /// A reference that leads nowhere is an error.
    pub(crate) fn read(section: Option<&SchemaSection>) -> Result<(Self, Vec<SchemaProblem>), String> {
        let Some(source) = section.and_then(|section| section.schema.as_ref()).filter(|schema| !schema.is_null())
        else {
            return Ok((Self { schema: None }, Vec::new()));
        };
        let mut source = references::resolve(source)?;
        references::strip_vendor_extensions(&mut source);
        // As v1.2 does, a schema is used although it is not structural in every part.
        let (definitions, problems) = Definitions::read(&Map::from_iter([(ROOT.to_owned(), source)]));
        Ok((Self { schema: definitions.schema(ROOT) }, problems))
    }

    /// The declared schema.
    pub(crate) fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// The values with defaults, not validated. Numbers are as given.
    pub(crate) fn defaulted(&self, given: Option<Value>, undeclared: Undeclared) -> Result<Value, ValuesError> {
        let mut values = match given {
            None | Some(Value::Null) => Value::Object(Map::new()),
            Some(object @ Value::Object(_)) => object,
            Some(other) => return Err(ValuesError::NotObject(schema::go_type_name(&other))),
        };
        match &self.schema {
            None if undeclared == Undeclared::Dropped => Ok(Value::Object(Map::new())),
            None => Ok(values),
            Some(schema) => {
                schema.default_in_place(&mut values);
                Ok(values)
            }
        }
    }

    /// The values with defaults, validated.
    pub(crate) fn bound(&self, given: Option<&Value>, undeclared: Undeclared) -> Result<Value, ValuesError> {
        let given = given.map(doubled);
        let values = self.defaulted(given, undeclared)?;
        if let Some(schema) = &self.schema {
            let errors = schema.validate(&values, None);
            if !errors.is_empty() {
                return Err(ValuesError::Invalid(words::messages(&errors)));
            }
        }
        Ok(values)
    }

    /// The values with defaults for a workflow: what the user gave are doubles, what the schema gave keeps its type.
    pub(crate) fn for_workflow(&self, given: Option<&Value>) -> Result<cel::Value, ValuesError> {
        let given = given.map(doubled);
        Ok(cel::Value::from_json(&self.defaulted(given, Undeclared::Kept)?, Numbers::AsInt))
    }
}

/// The values as templates of all pipelines but workflows see them.
pub(crate) fn to_cel(values: &Value) -> cel::Value {
    cel::Value::from_json(values, Numbers::AsDouble)
}

/// The values with every number as the double that it is for v1.2.
fn doubled(values: &Value) -> Value {
    let mut values = values.clone();
    as_doubles(&mut values);
    values
}

fn as_doubles(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(double) = number.as_f64().and_then(serde_json::Number::from_f64) {
                *number = double;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_doubles),
        Value::Object(entries) => entries.values_mut().for_each(as_doubles),
        _ => {}
    }
}
