//! Field errors: what an API server puts into `status.details.causes` and joins into its message.

use std::fmt;

use serde_json::Value;

use crate::go_text;

/// Why a field is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A required value is absent.
    Required,
    /// The value is malformed or out of bounds.
    Invalid,
    /// The value has another JSON type than the schema asks for.
    TypeInvalid,
    /// The value is none of those listed.
    NotSupported,
    /// The value appears more than once where it may not.
    Duplicate,
    /// The value is well formed but not allowed here.
    Forbidden,
    /// A string is too long; the value is not shown.
    TooLong,
    /// A list or map has too many entries.
    TooMany,
    /// A named thing was not found.
    NotFound,
    /// The check itself failed.
    Internal,
}

impl ErrorKind {
    /// The reason of a status cause (`FieldValueRequired`, …).
    pub fn reason(self) -> &'static str {
        match self {
            ErrorKind::Required => "FieldValueRequired",
            ErrorKind::Invalid => "FieldValueInvalid",
            ErrorKind::TypeInvalid => "FieldValueTypeInvalid",
            ErrorKind::NotSupported => "FieldValueNotSupported",
            ErrorKind::Duplicate => "FieldValueDuplicate",
            ErrorKind::Forbidden => "FieldValueForbidden",
            ErrorKind::TooLong => "FieldValueTooLong",
            ErrorKind::TooMany => "FieldValueTooMany",
            ErrorKind::NotFound => "FieldValueNotFound",
            ErrorKind::Internal => "InternalError",
        }
    }

    fn words(self) -> &'static str {
        match self {
            ErrorKind::Required => "Required value",
            ErrorKind::Invalid | ErrorKind::TypeInvalid => "Invalid value",
            ErrorKind::NotSupported => "Unsupported value",
            ErrorKind::Duplicate => "Duplicate value",
            ErrorKind::Forbidden => "Forbidden",
            ErrorKind::TooLong => "Too long",
            ErrorKind::TooMany => "Too many",
            ErrorKind::NotFound => "Not found",
            ErrorKind::Internal => "Internal error",
        }
    }
}

/// One problem with one field. `Display` gives `path: Kind: value: detail` as Kubernetes words it.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where: `spec.containers[0].name`; `<nil>` when the error belongs to no field.
    pub path: String,
    /// The offending value, where the message shows one.
    pub value: Option<Value>,
    /// The rest of the message; may be empty.
    pub detail: String,
}

impl FieldError {
    /// A required value is absent.
    pub fn required(path: impl Into<String>, detail: impl Into<String>) -> FieldError {
        FieldError { kind: ErrorKind::Required, path: path.into(), value: None, detail: detail.into() }
    }

    /// A value is malformed or out of bounds.
    pub fn invalid(path: impl Into<String>, value: Value, detail: impl Into<String>) -> FieldError {
        FieldError { kind: ErrorKind::Invalid, path: path.into(), value: Some(value), detail: detail.into() }
    }

    /// A value has the wrong JSON type.
    pub fn type_invalid(path: impl Into<String>, value: Value, detail: impl Into<String>) -> FieldError {
        FieldError { kind: ErrorKind::TypeInvalid, path: path.into(), value: Some(value), detail: detail.into() }
    }

    /// A value is none of `supported`.
    pub fn not_supported<S: AsRef<str>>(path: impl Into<String>, value: Value, supported: &[S]) -> FieldError {
        let detail = if supported.is_empty() {
            String::new()
        } else {
            let quoted: Vec<String> = supported.iter().map(|s| go_text::quote(s.as_ref())).collect();
            format!("supported values: {}", quoted.join(", "))
        };
        FieldError { kind: ErrorKind::NotSupported, path: path.into(), value: Some(value), detail }
    }

    /// A value appears twice.
    pub fn duplicate(path: impl Into<String>, value: Value) -> FieldError {
        FieldError { kind: ErrorKind::Duplicate, path: path.into(), value: Some(value), detail: String::new() }
    }

    /// A value is not allowed here.
    pub fn forbidden(path: impl Into<String>, detail: impl Into<String>) -> FieldError {
        FieldError { kind: ErrorKind::Forbidden, path: path.into(), value: None, detail: detail.into() }
    }

    /// A string has more than `max` bytes (the word Kubernetes uses; the schema check counts characters).
    pub fn too_long(path: impl Into<String>, max: i64) -> FieldError {
        let detail = match max {
            1 => "may not be more than 1 byte".to_owned(),
            max if max >= 0 => format!("may not be more than {max} bytes"),
            _ => "value is too long".to_owned(),
        };
        FieldError { kind: ErrorKind::TooLong, path: path.into(), value: None, detail }
    }

    /// A list or map has `actual` entries, more than `max`.
    pub fn too_many(path: impl Into<String>, actual: i64, max: i64) -> FieldError {
        let detail = match max {
            1 => "must have at most 1 item".to_owned(),
            max if max >= 0 => format!("must have at most {max} items"),
            _ => "has too many items".to_owned(),
        };
        let value = (actual >= 0).then(|| Value::from(actual));
        FieldError { kind: ErrorKind::TooMany, path: path.into(), value, detail }
    }

    /// The same of the value that stands at `place`.
    pub(crate) fn below(self, place: &str) -> FieldError {
        let path = match &*self.path {
            "<nil>" => place.to_owned(),
            inner if inner.starts_with('[') => format!("{place}{inner}"),
            inner => format!("{place}.{inner}"),
        };
        FieldError { path, ..self }
    }

    /// The message without the path: what a status cause shows.
    pub fn body(&self) -> String {
        let mut text = self.kind.words().to_owned();
        if let Some(value) = &self.value {
            text.push_str(": ");
            text.push_str(&go_text::shown(value));
        }
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}

impl std::error::Error for FieldError {}
