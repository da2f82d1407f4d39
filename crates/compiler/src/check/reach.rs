//! Whether a patch path can be carried out on what a template renders to.

use super::manifest::{Found, field};
use crate::patch::{Op, Path, Step};
use crate::template::{Key, Template};
use crate::tree::Tree;

/// Where on the path the walk is.
enum At<'t> {
    Template(&'t Template),
    Tree(&'t Tree),
    /// Nothing is there.
    Gap,
}

/// What earlier patches may have done to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Changed {
    /// Nothing.
    Not,
    /// Something below it was written, so it is there.
    Below,
    /// It was written, or what it lies in.
    Written,
}

/// Why the operation fails on every rendering of the template; `None` where it may work.
pub(super) fn never(op: Op, path: &Path, template: &Template, changed: &dyn Fn(&[Step]) -> Changed) -> Option<String> {
    let mut at = At::Template(template);
    let steps = path.steps();
    for (position, step) in steps.iter().enumerate() {
        let now = changed(&steps[..=position]);
        if now == Changed::Written {
            return None;
        }
        at = match step {
            Step::Key(key) => match down(&at, key) {
                Down::To(next) => next,
                Down::Unknown => return None,
                Down::Not(found) => return Some(format!("path segment \"{key}\" expects an object, there is {found}")),
                Down::Gap if now == Changed::Below => return None,
                Down::Gap if creates(op) || position + 1 == steps.len() => At::Gap,
                Down::Gap => return Some(format!("path does not exist at segment \"{key}\"")),
            },
            // Another patch may have added or removed items.
            Step::Index(_) | Step::Every | Step::Where { .. } if changed(&steps[..position]) != Changed::Not => {
                return None;
            }
            Step::Append => return None,
            Step::Index(_) | Step::Every | Step::Where { .. } => match items(&at) {
                Items::Unknown => return None,
                Items::Not(found) => return Some(format!("path segment expects an array, there is {found}")),
                Items::Are(items) => match select(step, &items) {
                    Selected::One(at) => at,
                    Selected::Unknown => return None,
                    Selected::None(why) => return Some(why),
                },
            },
        };
    }
    match (at, steps.last()) {
        (At::Gap, Some(Step::Key(key))) if op == Op::Replace => Some(format!("key \"{key}\" does not exist")),
        _ => None,
    }
}

fn creates(op: Op) -> bool {
    matches!(op, Op::Add | Op::MergeShallow)
}

enum Down<'t> {
    To(At<'t>),
    Gap,
    Unknown,
    Not(&'static str),
}

fn down<'t>(at: &At<'t>, key: &str) -> Down<'t> {
    match at {
        At::Gap => Down::Gap,
        At::Tree(tree) => match tree {
            Tree::Null => Down::Gap,
            tree if tree.as_map().is_some() => tree.get(key).map_or(Down::Gap, |tree| Down::To(At::Tree(tree))),
            _ => Down::Not(name(tree)),
        },
        At::Template(Template::Literal(tree)) => down(&At::Tree(tree), key),
        At::Template(template @ Template::Map(entries)) => match field(template, key) {
            Some(Found::Template(next)) => Down::To(At::Template(next)),
            Some(Found::Tree(next)) => Down::To(At::Tree(next)),
            None if entries.iter().any(|(key, _)| matches!(key, Key::Dynamic { .. })) => Down::Unknown,
            None => Down::Gap,
        },
        At::Template(Template::Whole(_) | Template::Broken(_)) => Down::Unknown,
        At::Template(Template::Text(_)) => Down::Not("a string"),
        At::Template(Template::List(_)) => Down::Not("a list"),
    }
}

enum Items<'t> {
    Are(Vec<At<'t>>),
    Unknown,
    Not(&'static str),
}

fn items<'t>(at: &At<'t>) -> Items<'t> {
    match at {
        At::Gap => Items::Not("nothing"),
        At::Tree(tree) => match tree.as_list() {
            Some(items) => Items::Are(items.iter().map(At::Tree).collect()),
            None => Items::Not(name(tree)),
        },
        At::Template(Template::Literal(tree)) => items(&At::Tree(tree)),
        // An item that is one expression may be omitted, or be anything.
        At::Template(Template::List(items)) if items.iter().any(|item| matches!(item, Template::Whole(_))) => {
            Items::Unknown
        }
        At::Template(Template::List(items)) => Items::Are(items.iter().map(At::Template).collect()),
        At::Template(Template::Whole(_) | Template::Broken(_)) => Items::Unknown,
        At::Template(Template::Text(_)) => Items::Not("a string"),
        At::Template(Template::Map(_)) => Items::Not("an object"),
    }
}

enum Selected<'t> {
    One(At<'t>),
    Unknown,
    None(String),
}

fn select<'t>(step: &Step, items: &[At<'t>]) -> Selected<'t> {
    let again = |at: &At<'t>| match at {
        At::Template(template) => At::Template(template),
        At::Tree(tree) => At::Tree(tree),
        At::Gap => At::Gap,
    };
    match step {
        Step::Index(index) => match items.get(*index) {
            Some(item) => Selected::One(again(item)),
            None => Selected::None(format!("array index {index} out of bounds: there are {} items", items.len())),
        },
        Step::Where { field, text } => {
            let chosen: Vec<(&At<'t>, bool)> =
                items.iter().filter_map(|item| has_text(item, field, text).map(|certain| (item, certain))).collect();
            match &chosen[..] {
                [] => Selected::None(format!("no item has {} == {text:?}", field.join("."))),
                [(item, true)] => Selected::One(again(item)),
                _ => Selected::Unknown,
            }
        }
        _ => match items {
            [] => Selected::None("the list has no items".to_owned()),
            [item] => Selected::One(again(item)),
            _ => Selected::Unknown,
        },
    }
}

/// Whether the item's field has the text: certainly, perhaps, or not at all.
fn has_text(item: &At<'_>, field: &[String], text: &str) -> Option<bool> {
    let mut at = match item {
        At::Template(template) => At::Template(template),
        At::Tree(tree) => At::Tree(tree),
        At::Gap => return None,
    };
    for key in field {
        at = match down(&at, key) {
            Down::To(next) => next,
            Down::Unknown => return Some(false),
            Down::Gap | Down::Not(_) => return None,
        };
    }
    match at {
        At::Tree(Tree::Text(found)) | At::Template(Template::Literal(Tree::Text(found))) => {
            (**found == *text).then_some(true)
        }
        At::Gap => None,
        _ => Some(false),
    }
}

fn name(tree: &Tree) -> &'static str {
    match tree {
        Tree::Text(_) | Tree::Time(_) => "a string",
        Tree::List(_) | Tree::Strings(_) => "a list",
        Tree::Map(_) | Tree::StringMap(_) => "an object",
        Tree::Bool(_) => "a boolean",
        Tree::Null => "nothing",
        _ => "a number",
    }
}
