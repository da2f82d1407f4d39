//! Validation in the order of an API server: types and value validations, embedded resources, list types, rules.

mod combine;
mod embedded;
mod formats;
mod lists;
mod numbers;
mod outcome;
mod ratchet;
mod strings;
mod walk;

use serde_json::Value;

use crate::error::{ErrorKind, FieldError};
use crate::handle::Schema;
use crate::node::{Arena, NodeId};
use crate::path::Path;
use crate::rules;
use ratchet::Old;
pub(crate) use ratchet::map_item;

/// All checks; see [`Schema::validate`].
pub(crate) fn all(schema: &Schema, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
    some(schema, value, old, false)
}

/// All checks, or with `blocked` those that are no rules.
pub(crate) fn some(schema: &Schema, value: &Value, old: Option<&Value>, blocked: bool) -> Vec<FieldError> {
    let arena = &schema.arena;
    let outcome = walk::check(arena, schema.root, value, Old::root(old), &Path::Root);
    let mut errors = outcome.errors;
    let occurring = arena.occurring();
    if occurring.embedded_resources {
        embedded::check(arena, schema.root, value, &Path::Root, true, &mut errors);
    }
    if occurring.lists_of_distinct_items {
        let ratcheted = old.is_some_and(|old| {
            let mut before = Vec::new();
            lists::check(arena, schema.root, old, &Path::Root, &mut before);
            !before.is_empty()
        });
        if !ratcheted {
            lists::check(arena, schema.root, value, &Path::Root, &mut errors);
        }
    }
    if blocked || blocks_rules(&errors) {
        if arena.get(schema.root).rules_below {
            errors.push(FieldError::invalid("<nil>", Value::Null, UNCHECKED));
        }
    } else {
        rules::check(arena, schema.root, value, old, &mut errors);
    }
    errors
}

const UNCHECKED: &str = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

/// The checks of one value without an old one and without rules.
pub(crate) fn value(arena: &Arena, id: NodeId, value: &Value) -> Vec<FieldError> {
    let mut errors = walk::check(arena, id, value, Old::None, &Path::Root).errors;
    lists::check(arena, id, value, &Path::Root, &mut errors);
    errors
}

/// Whether rules cannot be evaluated because the value has not the shape they were compiled for.
fn blocks_rules(errors: &[FieldError]) -> bool {
    errors.iter().any(|error| {
        matches!(
            error.kind,
            ErrorKind::NotSupported
                | ErrorKind::Required
                | ErrorKind::TooLong
                | ErrorKind::TooMany
                | ErrorKind::TypeInvalid
        )
    })
}
