//! Lengths and patterns of strings; the first that fails is told.

use serde_json::Value;

use super::outcome::Outcome;
use crate::error::FieldError;
use crate::node::Checks;
use crate::path::{Path, field_text};

pub(crate) fn check(checks: &Checks, text: &str, path: &Path<'_>, outcome: &mut Outcome) {
    if checks.max_length.is_some() || checks.min_length.is_some() {
        let length = text.chars().count() as i64;
        if let Some(max) = checks.max_length.filter(|max| length > *max) {
            return outcome.add(FieldError::too_long(field_text(&path.to_string()), max));
        }
        if let Some(min) = checks.min_length.filter(|min| length < *min) {
            let place = path.to_string();
            let detail = format!("{place} in body should be at least {min} chars long");
            return outcome.add(FieldError::invalid(field_text(&place), Value::from(text), detail));
        }
    }
    if let Some(pattern) = &checks.pattern
        && !pattern.regex.is_match(text)
    {
        let place = path.to_string();
        let detail = format!("{place} in body should match '{}'", pattern.source);
        return outcome.add(FieldError::invalid(field_text(&place), Value::from(text), detail));
    }
    outcome.matched += 1;
}
