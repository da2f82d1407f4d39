//! From a path to the concrete places it names in one object.

use std::borrow::Cow;

use super::PatchError;
use super::path::{Path, Step};
use crate::tree::Tree;

/// More places than this are an error instead of a long wait.
pub(super) const MAX_STATES: usize = 65_536;

/// One segment of a concrete place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// An object's key.
    Key(String),
    /// A list's item.
    Index(usize),
    /// Behind the last item.
    Append,
}

/// A concrete place in an object.
pub type Pointer = Vec<Segment>;

/// All places that `path` names in `object`, in document order. Keys that do not exist are named all the same; list
/// items must exist.
pub fn expand(object: &Tree, path: &Path) -> Result<Vec<Pointer>, PatchError> {
    let mut states: Vec<(Pointer, Option<&Tree>)> = vec![(Vec::new(), Some(object))];
    for step in path.steps() {
        let mut next = Vec::with_capacity(states.len());
        for (pointer, tree) in states {
            advance(pointer, tree, step, &mut next)?;
            if next.len() > MAX_STATES {
                return Err(PatchError::TooMany(path.raw().to_owned()));
            }
        }
        states = next;
    }
    Ok(states.into_iter().map(|(pointer, _)| pointer).collect())
}

fn advance<'t>(
    mut pointer: Pointer,
    tree: Option<&'t Tree>,
    step: &Step,
    out: &mut Vec<(Pointer, Option<&'t Tree>)>,
) -> Result<(), PatchError> {
    let items = || tree.and_then(Tree::as_list).ok_or(PatchError::NotArray { found: type_name(tree) });
    match step {
        Step::Key(key) => {
            let child = match tree {
                None | Some(Tree::Null) => None,
                Some(tree) => match tree.as_map() {
                    Some(map) => map.get(key),
                    None => return Err(PatchError::NotObject { key: key.clone(), found: tree.type_name() }),
                },
            };
            pointer.push(Segment::Key(key.clone()));
            out.push((pointer, child));
        }
        Step::Index(index) => {
            let item = items()?.get(*index).ok_or(PatchError::OutOfBounds(*index))?;
            pointer.push(Segment::Index(*index));
            out.push((pointer, Some(item)));
        }
        Step::Append => {
            pointer.push(Segment::Append);
            out.push((pointer, None));
        }
        Step::Every => {
            for (index, item) in items()?.iter().enumerate() {
                out.push((with(&pointer, index), Some(item)));
            }
        }
        Step::Where { field, text } => {
            for (index, item) in items()?.iter().enumerate() {
                if field_text(item, field).is_some_and(|found| found == *text) {
                    out.push((with(&pointer, index), Some(item)));
                }
            }
        }
    }
    Ok(())
}

fn with(pointer: &Pointer, index: usize) -> Pointer {
    let mut longer = Vec::with_capacity(pointer.len() + 1);
    longer.extend_from_slice(pointer);
    longer.push(Segment::Index(index));
    longer
}

/// The text a filter compares: `null` is the empty string, a missing field none at all.
fn field_text<'t>(item: &'t Tree, field: &[String]) -> Option<Cow<'t, str>> {
    let found = field.iter().try_fold(item, |tree, key| tree.get(key))?;
    Some(match found {
        Tree::Text(text) => Cow::Borrowed(text),
        Tree::Null => Cow::Borrowed(""),
        other => Cow::Owned(other.to_shown()),
    })
}

fn type_name(tree: Option<&Tree>) -> &'static str {
    tree.map_or("<nil>", Tree::type_name)
}
