//! One object alone: the schema of its kind, the rules of its kind, its templates.

use super::{Finding, Report, Severity};
use crate::gather::{Kinds, Object};
use crate::noun::nearest;
use compiler::Code;
use compiler::{admission, check};
use schema::{ErrorKind, FieldError, Node, Schema};

/// Tells what is wrong with an object by itself.
pub(super) fn object(object: &Object<'_>, kinds: &mut Kinds, report: &mut Report) {
    let kind = object.manifest.noun.kind;
    let Some(schema) = kinds.schema(kind) else { return };
    for path in &object.dropped {
        let text = match meant(schema, path) {
            Some(near) => format!("there is no field of this name, it would be dropped: did you mean {near}?"),
            None => "there is no field of this name, it would be dropped".to_owned(),
        };
        report.add(Finding::of(object, Severity::Warning, "field/unknown", path, text));
    }
    unfit(object, report);
    if let Some(checked) = check::object(kind, object.name(), object.spec()) {
        // What the schema has told is told once.
        for problem in checked.problems.iter().filter(|problem| object.fits() || problem.code != Code::Spec) {
            report.add(Finding::problem(object, Severity::Error, problem));
        }
        for problem in &checked.warnings {
            report.add(Finding::problem(object, Severity::Warning, problem));
        }
    }
    for error in &admission::rules(kind, object.spec()) {
        report.add(field(object, error));
    }
}

/// Tells why the schema of its kind does not take an object.
pub(super) fn unfit(object: &Object<'_>, report: &mut Report) {
    // That rules were not evaluated says nothing beside why.
    for error in object.errors.iter().filter(|error| object.errors.len() == 1 || error.path != "<nil>") {
        report.add(field(object, error));
    }
}

fn field(object: &Object<'_>, error: &FieldError) -> Finding {
    let code = match error.kind {
        ErrorKind::Required => "field/required",
        ErrorKind::NotSupported => "field/unsupported",
        ErrorKind::Duplicate => "field/duplicate",
        ErrorKind::Forbidden => "field/forbidden",
        ErrorKind::TypeInvalid => "field/type",
        ErrorKind::TooLong | ErrorKind::TooMany => "field/too-much",
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Internal => "field/invalid",
    };
    let path = if error.path == "<nil>" { "" } else { &error.path };
    Finding::of(object, Severity::Error, code, path, error.body())
}

/// The field that was probably meant by an unknown one.
fn meant<'a>(schema: &'a Schema, path: &str) -> Option<&'a str> {
    let (above, name) = path.rsplit_once('.')?;
    let mut node: Node<'a> = schema.root();
    for step in above.split('.') {
        let (field, items) =
            step.split_once('[').map_or((step, 0), |(field, rest)| (field, 1 + rest.matches('[').count()));
        node = node.field(field)?;
        for _ in 0..items {
            node = node.items().or_else(|| node.additional_properties())?;
        }
    }
    nearest(name, node.properties().map(|(name, _)| name))
}
