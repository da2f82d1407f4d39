//! A template must become a manifest.

use super::Checked;
use super::expressions::expressions;
use crate::problem::{Code, Place};
use crate::template::{Key, Template};
use crate::tree::Tree;

/// What is asked of `metadata.namespace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespace {
    /// Nothing: the resource may lie anywhere.
    Any,
    /// Where it is given it is the component's.
    Own,
    /// It is given, and is the run's.
    Required,
}

/// The expression that gives the namespace of what a type makes.
const OWN: &str = "metadata.namespace";

/// Tells what keeps the template from becoming a manifest.
pub(super) fn manifest(template: &Template, namespace: Namespace, place: &Place, checked: &mut Checked) {
    expressions(template, place, checked);
    if field(template, "apiVersion").is_none_or(|found| found.is_empty()) {
        checked.add(Code::Manifest, &place.below("apiVersion"), "apiVersion is required in resource template");
    }
    match field(template, "kind") {
        Some(Found::Template(_)) => {
            checked.add(Code::Manifest, &place.below("kind"), "the kind of a template must be plain text");
        }
        found if found.as_ref().is_none_or(Found::is_empty) => {
            checked.add(Code::Manifest, &place.below("kind"), "kind is required in resource template");
        }
        _ => {}
    }
    let metadata = field(template, "metadata");
    let below = |name: &str| match &metadata {
        Some(Found::Template(metadata)) => field(metadata, name),
        Some(Found::Tree(metadata)) => metadata.get(name).map(Found::Tree),
        None => None,
    };
    let computed = matches!(metadata, Some(Found::Template(Template::Whole(_))));
    if !computed && below("name").is_none_or(|found| found.is_empty()) {
        checked.add(Code::Manifest, &place.below("metadata.name"), "metadata.name is required in resource template");
    }
    let found = below("namespace");
    let wanted = match namespace {
        Namespace::Any => return,
        Namespace::Own if found.is_none() || computed => return,
        Namespace::Own => "if metadata.namespace is specified, it must be \"${metadata.namespace}\"",
        Namespace::Required => "metadata.namespace must be set to \"${metadata.namespace}\"",
    };
    let own = matches!(&found, Some(Found::Template(Template::Whole(expression))) if expression.source().trim() == OWN);
    if !own {
        checked.add(Code::Manifest, &place.below("metadata.namespace"), wanted);
    }
}

/// A part of a template.
pub(super) enum Found<'t> {
    Template(&'t Template),
    Tree(&'t Tree),
}

impl Found<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Template(_) => false,
            Self::Tree(Tree::Text(text)) => text.is_empty(),
            Self::Tree(_) => true,
        }
    }
}

/// The field `name`, where the template has it under a plain key.
pub(super) fn field<'t>(template: &'t Template, name: &str) -> Option<Found<'t>> {
    match template {
        Template::Map(entries) => entries
            .iter()
            .find(|(key, _)| matches!(key, Key::Literal(key) if **key == *name))
            .map(|(_, value)| match value {
                Template::Literal(tree) => Found::Tree(tree),
                template => Found::Template(template),
            }),
        Template::Literal(tree) => tree.get(name).map(Found::Tree),
        _ => None,
    }
}

/// The text of the field `name`, where it is there and plain.
pub(super) fn literal<'t>(template: &'t Template, name: &str) -> Option<&'t str> {
    match field(template, name)? {
        Found::Tree(tree) => tree.as_text().filter(|text| !text.is_empty()),
        Found::Template(_) => None,
    }
}
