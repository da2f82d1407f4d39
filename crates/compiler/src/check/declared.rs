//! The types of what a spec declares.

use cel::Type;
use serde_json::Value;

use super::{Checked, schema_types, variables};
use crate::bind::{ROOT, Values, violation};
use crate::problem::{Code, Place};
use crate::spec;

/// The types of `parameters` and `environmentConfigs`; anything where a part of a schema is broken, which is told. Without a schema
/// there is nothing in them, or, with `kept`, whatever is given.
pub(super) fn declared(spec: &Value, kept: bool, place: &Place, checked: &mut Checked) -> (Type, Type) {
    let undeclared = || if kept { Type::Dyn } else { variables::nothing() };
    let mut of = |field: &str| {
        let Some(json) = spec.get(field).filter(|json| !json.is_null()) else { return undeclared() };
        let section: spec::SchemaSection = match serde_json::from_value(json.clone()) {
            Ok(section) => section,
            Err(error) => {
                let place = place.below(&format!("spec.{field}"));
                checked.add(Code::Spec, &place, format!("the section cannot be read: {error}"));
                return Type::Dyn;
            }
        };
        let schema_place = place.below(&format!("spec.{field}.openAPIV3Schema"));
        for unknown in
            section.schema.iter().flat_map(schema::unknown_keywords).filter(|unknown| !of_references(unknown))
        {
            checked.add(Code::Schema, &schema_place.below(&unknown.path), unknown.detail);
        }
        let (values, broken) = match Values::read(Some(&section)) {
            Ok(read) => read,
            Err(detail) => {
                checked.add(Code::Schema, &schema_place, detail);
                return Type::Dyn;
            }
        };
        for problem in &broken {
            let path = problem.path.strip_prefix(ROOT).unwrap_or(&problem.path);
            let place = schema_place.below(path.trim_start_matches('.'));
            checked.add(Code::Schema, &place, problem.body());
        }
        let Some(schema) = values.schema() else { return undeclared() };
        // Of a broken schema it cannot be said what fits.
        for (path, error) in schema.refused_defaults().into_iter().filter(|_| broken.is_empty()) {
            let message = format!("the default does not fit its own schema: {}", violation(&error).trim_start());
            checked.add(Code::Values, &schema_place.below(&path), message);
        }
        schema_types::of(schema.root(), field)
    };
    (of("parameters"), of("environmentConfigs"))
}

/// Keywords that are gone once references are followed.
fn of_references(unknown: &schema::SchemaProblem) -> bool {
    unknown.detail.ends_with("\"$defs\"") || unknown.detail.ends_with("\"$ref\"")
}
