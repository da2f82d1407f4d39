//! `metadata.name=a,status.phase!=Running`.

use serde_json::Value;

use crate::{kinds::Kind, status::ApiError, store::Stored};

/// A parsed field selector.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSelector {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    field: String,
    value: String,
    equal: bool,
}

impl FieldSelector {
    /// Parses the query form and checks that the kind can be narrowed by these fields.
    pub(crate) fn parse(text: &str, kind: &Kind) -> Result<Self, ApiError> {
        let mut terms = Vec::new();
        for part in split(text) {
            let (field, value, equal) = if let Some((field, value)) = part.split_once("!=") {
                (field, value, false)
            } else if let Some((field, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (field, value, true)
            } else {
                return Err(ApiError::bad_request(format!("invalid selector: '{part}'; can't understand '{part}'")));
            };
            let known = field == "metadata.name"
                || field == "metadata.namespace"
                || kind.selectable.iter().any(|known| known == field);
            if !known {
                let known = r#"only "metadata.name", "metadata.namespace""#;
                // A kind with fields of its own says it in other words.
                let problem = if kind.selectable.is_empty() {
                    format!("{field:?} is not a known field selector: {known}")
                } else {
                    format!("field label not supported: {field}")
                };
                return Err(ApiError::bad_request(problem));
            }
            terms.push(Term { field: field.to_owned(), value: value.replace("\\,", ",").replace("\\=", "="), equal });
        }
        Ok(Self { terms })
    }

    /// Whether it chooses everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The one name that it can choose, if it says so.
    pub(crate) fn name(&self) -> Option<&str> {
        self.terms.iter().find(|term| term.equal && term.field == "metadata.name").map(|term| term.value.as_str())
    }

    /// Whether the object is chosen.
    pub(crate) fn matches(&self, object: &Stored) -> bool {
        let mut decoded = None;
        self.terms.iter().all(|term| {
            let equal = match term.field.as_str() {
                "metadata.name" => object.name() == term.value,
                "metadata.namespace" => object.namespace() == term.value,
                field => field_text(decoded.get_or_insert_with(|| object.value()), field) == term.value,
            };
            equal == term.equal
        })
    }
}

/// Splits at commas that are not escaped, leaving out empty parts.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '\\' => escaped = !escaped,
            ',' if !escaped => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => escaped = false,
        }
    }
    parts.push(&text[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// The field as text; absent: empty, as Kubernetes' typed objects have it.
fn field_text(object: &Value, field: &str) -> String {
    match field {
        // Two names of the same in Event, and one number that Job derives.
        "reportingComponent" => {
            return text(&object["reportingComponent"])
                .or_else(|| text(&object["reportingController"]))
                .unwrap_or_default();
        }
        "source" => {
            return text(&object["source"]["component"])
                .or_else(|| text(&object["reportingComponent"]))
                .unwrap_or_default();
        }
        "status.successful" => return text(&object["status"]["succeeded"]).unwrap_or_else(|| "0".into()),
        "status.replicas" => return text(&object["status"]["replicas"]).unwrap_or_else(|| "0".into()),
        "spec.unschedulable" | "spec.hostNetwork" => {
            return text(&object["spec"][&field[5..]]).unwrap_or_else(|| "false".into());
        }
        _ => {}
    }
    let mut value = object;
    for step in field.split('.') {
        value = &value[step];
    }
    text(value).unwrap_or_default()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
