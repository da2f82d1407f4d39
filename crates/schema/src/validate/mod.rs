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
pub(crate) use embedded::check as embedded;
use ratchet::Old;
pub(crate) use ratchet::map_item;

/// What is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scope<'a> {
    /// The rules are not.
    pub(crate) blocked: bool,
    /// Types and value validations are those of this property alone.
    pub(crate) part: Option<&'a str>,
}

/// All checks in that scope; see [`Schema::validate`].
pub(crate) fn all(schema: &Schema, value: &Value, old: Option<&Value>, scope: Scope<'_>) -> Vec<FieldError> {
    let arena = &schema.arena;
    let occurring = arena.occurring();
    let mut errors = Vec::new();
    match scope.part {
        None => {
            errors = walk::check(arena, schema.root, value, Old::root(old), &Path::Root).errors;
            if occurring.embedded_resources {
                embedded(arena, schema.root, value, &Path::Root, true, &mut errors);
            }
        }
        Some(part) => {
            if let (Some(id), Some(value)) = (arena.get(schema.root).properties.get(part), value.get(part)) {
                let outcome = walk::check(arena, *id, value, Old::root(old).field(part), &Path::Root);
                errors.extend(outcome.errors.into_iter().map(|error| error.below(part)));
            }
        }
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
    if scope.blocked || blocks_rules(&errors) {
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
