//! Every default must satisfy its own schema.

use super::SchemaProblem;
use super::keywords::child;
use crate::error::FieldError;
use crate::node::{Additional, Arena, NodeId};
use crate::path::Path;
use crate::{default, prune, validate};

/// What is wrong with the defaults of a structural schema. One is taken as it stands: defaults inside it do not fill it first.
/// Those of the entries of a map are not looked at.
pub(crate) fn problems(arena: &Arena, root: NodeId) -> Vec<SchemaProblem> {
    let mut problems = Vec::new();
    walk(arena, root, false, &mut |id, place| {
        let Some(default) = &arena.get(id).default else { return };
        let mut dropped = Vec::new();
        prune::unknown_fields(arena, id, &mut default.clone(), &mut dropped);
        if !dropped.is_empty() {
            problems.push(SchemaProblem::refused(place, default, "must not have unknown fields"));
        }
        let mut errors = Vec::new();
        validate::embedded(arena, id, default, &Path::Root, false, &mut errors);
        if errors.is_empty() {
            errors = validate::value(arena, id, default);
        }
        problems.extend(errors.into_iter().map(|error| SchemaProblem::of(error.below(place))));
    });
    problems
}

/// The defaults that their own schema refuses after those inside them have filled them: the place of each, and why.
pub(crate) fn refused(arena: &Arena, root: NodeId) -> Vec<(String, FieldError)> {
    let mut refused = Vec::new();
    walk(arena, root, true, &mut |id, place| {
        let Some(default) = &arena.get(id).default else { return };
        let mut filled = default.clone();
        default::fill(arena, id, &mut filled);
        refused.extend(validate::value(arena, id, &filled).into_iter().map(|error| (place.to_owned(), error)));
    });
    refused
}

/// Shows every node below `root` and where its default would stand; with `entries` those of entries of maps too.
fn walk(arena: &Arena, root: NodeId, entries: bool, look: &mut impl FnMut(NodeId, &str)) {
    let mut stack = vec![(root, String::new())];
    while let Some((id, path)) = stack.pop() {
        let node = arena.get(id);
        look(id, &child(&path, "default"));
        for (name, property) in &node.properties {
            stack.push((*property, format!("{}[{name}]", child(&path, "properties"))));
        }
        if let Some(items) = node.items {
            stack.push((items, child(&path, "items")));
        }
        if let (true, Additional::Schema(schema)) = (entries, node.additional) {
            stack.push((schema, child(&path, "additionalProperties")));
        }
    }
}
