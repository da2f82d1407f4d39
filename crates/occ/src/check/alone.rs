//! One object alone: the schema of its kind, the rules of its kind, its templates.

use super::{Finding, Object, Report, Severity};
use crate::manifests::Manifest;
use crate::noun::nearest;
use compiler::Code;
use compiler::{admission, check};
use schema::{ErrorKind, FieldError, Node, Schema};
use std::collections::HashMap;

/// The schemas of kinds, each made when it is first needed.
#[derive(Default)]
pub(super) struct Kinds(HashMap<&'static str, Option<Schema>>);

impl Kinds {
    fn schema(&mut self, kind: &'static str) -> Option<&Schema> {
        self.0
            .entry(kind)
            .or_insert_with(|| {
                let crd = model::crd(model::kind_row(kind)?);
                Schema::parse(crd.pointer("/spec/versions/0/schema/openAPIV3Schema")?).ok()
            })
            .as_ref()
    }
}

/// Checks an object, and makes of it what a control plane would store.
pub(super) fn object<'s>(manifest: Manifest, stream: &'s str, kinds: &mut Kinds, report: &mut Report) -> Object<'s> {
    let stored = manifest.object.clone();
    let mut object = Object { manifest, stream, stored, fits: true };
    let kind = object.manifest.noun.kind;
    let Some(schema) = kinds.schema(kind) else { return object };
    admission::complete(kind, None, &mut object.stored);
    for path in schema.prune(&mut object.stored) {
        let text = match meant(schema, &path) {
            Some(near) => format!("there is no field of this name, it would be dropped: did you mean {near}?"),
            None => "there is no field of this name, it would be dropped".to_owned(),
        };
        report.add(Finding::of(&object, Severity::Warning, "field/unknown", &path, text));
    }
    schema.default_in_place(&mut object.stored);
    let errors = schema.validate(&object.stored, None);
    object.fits = errors.is_empty();
    // That rules were not evaluated says nothing beside why.
    for error in errors.iter().filter(|error| errors.len() == 1 || error.path != "<nil>") {
        report.add(field(&object, error));
    }
    if let Some(checked) = check::object(kind, object.name(), object.spec()) {
        // What the schema has told is told once.
        for problem in checked.problems.iter().filter(|problem| object.fits || problem.code != Code::Spec) {
            report.add(Finding::problem(&object, Severity::Error, problem));
        }
        for problem in &checked.warnings {
            report.add(Finding::problem(&object, Severity::Warning, problem));
        }
    }
    for error in &admission::rules(kind, object.spec()) {
        report.add(field(&object, error));
    }
    object
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
