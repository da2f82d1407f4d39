//! Components.

use schema::FieldError;
use serde_json::Value;

use super::{items, repeated, text};

/// Each use of a trait has a name of its own.
pub(super) fn check(spec: &Value) -> Vec<FieldError> {
    repeated(items(spec, "/traits").iter().map(|used| text(used, "instanceName")))
        .into_iter()
        .map(|(position, name)| FieldError::duplicate(format!("spec.traits[{position}].instanceName"), name.into()))
        .collect()
}
