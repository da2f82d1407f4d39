//! Telling where each value comes from while templates are rendered.

use std::sync::Arc;

use super::reads::Surroundings;
use super::shadow::Inside;
use super::table::{At, OriginId, Table, What};
use super::{Shadow, Writer};
use crate::patch::{Op, Pointer, apply_at};
use crate::problem::Place;
use crate::template::{Expression, Segment};
use crate::tree::Tree;

/// What rendering tells as it goes. With [`NoTrace`] all of it is nothing, and costs nothing.
pub(crate) trait Trace {
    /// What stands for a rendered value.
    type Shadow;
    /// Whether anything is kept at all.
    const KEEPS: bool;

    /// Rendering goes down to an entry or item.
    fn enter(&mut self, segment: impl Fn() -> Segment);
    /// … and comes back.
    fn leave(&mut self);
    /// A value as written.
    fn literal(&mut self) -> Self::Shadow;
    /// The value of expressions.
    fn computed<'e>(&mut self, expressions: impl Iterator<Item = &'e Arc<Expression>>) -> Self::Shadow;
    /// A list of rendered items.
    fn list(&mut self, items: Vec<Self::Shadow>) -> Self::Shadow;
    /// An object of rendered entries; of two with one key the last is the one.
    fn map(&mut self, entries: Vec<(Arc<str>, Self::Shadow)>) -> Self::Shadow;
}

/// Nobody asked for origins.
pub(crate) struct NoTrace;

impl Trace for NoTrace {
    type Shadow = ();
    const KEEPS: bool = false;

    fn enter(&mut self, _: impl Fn() -> Segment) {}
    fn leave(&mut self) {}
    fn literal(&mut self) {}
    fn computed<'e>(&mut self, _: impl Iterator<Item = &'e Arc<Expression>>) {}
    fn list(&mut self, _: Vec<()>) {}
    fn map(&mut self, _: Vec<(Arc<str>, ())>) {}
}

/// Collects origins.
#[derive(Debug)]
pub(super) struct Tracer {
    table: Table,
    at: At,
    /// The origins of the platform's own steps, each kept once.
    steps: Vec<(&'static str, OriginId)>,
}

impl Tracer {
    pub(super) fn new() -> Self {
        Self { table: Table::new(), at: At::ROOT, steps: Vec::new() }
    }

    pub(super) fn into_table(self) -> Table {
        self.table
    }

    /// What is rendered next: by whom, where its template begins, and what it can read.
    pub(super) fn begin(&mut self, writer: Writer, place: Place, surroundings: Surroundings) {
        self.at = At::ROOT;
        self.table.begin(writer, place, surroundings);
    }

    /// A step of the platform itself.
    pub(super) fn built_in(&mut self, step: &'static str) -> OriginId {
        if let Some((_, id)) = self.steps.iter().find(|(known, _)| *known == step) {
            return *id;
        }
        let surroundings = Surroundings { given: Arc::default(), bindings: None, round: None };
        self.begin(Writer::BuiltIn(step), Place::new("platform", step), surroundings);
        let id = self.table.add(At::ROOT, What::Literal);
        self.steps.push((step, id));
        id
    }

    /// A patch wrote `value` at a place of `target`'s object, where it did so without an error.
    pub(super) fn patched(&mut self, target: &mut Shadow, op: Op, pointer: &Pointer, value: &Shadow) {
        let mut value = value.clone();
        if let Some(before) = target.find(pointer) {
            match (op, &mut value.inside) {
                (Op::MergeShallow, Inside::Map(entries)) => {
                    for (key, entry) in entries {
                        if let Some(before) = before.entry_at(key) {
                            self.over(entry, before.clone());
                        }
                    }
                }
                _ => self.over(&mut value, before.clone()),
            }
        }
        // The shadow has the object's shape, so what worked there works here; if it ever does not, the origins around
        // the place answer for it.
        let _ = apply_at(target, op, pointer, &value);
    }

    /// Something is in the place of what was there before.
    fn over(&mut self, value: &mut Shadow, before: Shadow) {
        if let (Some(id), true) = (value.origin, before.is_told()) {
            value.origin = Some(self.table.over(id, before));
        }
    }

    /// A step of the platform is about to write strings in the object at `path`. Those that are there and were written
    /// with what is around them are told apart, so that each has an origin of its own to be overwritten.
    pub(super) fn about_to_write(&mut self, tree: &Tree, target: &mut Shadow, path: &[&str], keys: &[Arc<str>]) {
        let object = path.iter().try_fold(tree, |tree, key| tree.as_map()?.get(key)).and_then(Tree::as_map);
        if !object.is_some_and(|object| keys.iter().any(|key| object.contains_key(key))) {
            return;
        }
        let (mut tree, mut node) = (tree, target);
        for key in path {
            self.tell_entries(tree, node);
            let inside = tree.as_map().and_then(|map| map.get(key));
            let entry = node.inside.entry_mut(&Segment::Key(Arc::from(*key)));
            let (Some(inside), Some(entry)) = (inside, entry) else { return };
            (tree, node) = (inside, entry);
        }
        self.tell_entries(tree, node);
    }

    /// A step of the platform wrote strings in the object at `path`.
    pub(super) fn wrote(&mut self, target: &mut Shadow, path: &[&str], keys: &[Arc<str>], step: &'static str) {
        let own = self.built_in(step);
        let Some(object) = path.iter().try_fold(target, |node, key| node.entry(&Arc::from(*key))) else { return };
        for key in keys {
            let Some(entry) = object.entry(key) else { return };
            let before = std::mem::replace(entry, Shadow::whole(own));
            if before.is_told() {
                entry.origin = Some(self.table.over(own, before));
            }
        }
    }

    /// A step of the platform made something else of the value at `path`.
    pub(super) fn made(&mut self, target: &mut Shadow, path: &[Segment], step: &'static str) {
        let mut node = target;
        for segment in path {
            // A value with one origin as a whole is told apart on the way.
            let whole = node.origin;
            let mut part = |segment: &Segment| Shadow {
                origin: whole.map(|whole| self.table.part(whole, || segment.clone())),
                inside: Inside::Whole,
            };
            match (&mut node.inside, segment) {
                (inside @ Inside::Whole, Segment::Key(key)) => {
                    *inside = Inside::Map(vec![(key.clone(), part(segment))]);
                }
                (inside @ Inside::Whole, Segment::Index(at)) => {
                    *inside = Inside::List((0..=*at).map(|at| part(&Segment::Index(at))).collect());
                }
                (Inside::List(items), Segment::Index(at)) => {
                    items.extend((items.len()..=*at).map(|at| part(&Segment::Index(at))));
                }
                _ => {}
            }
            let Some(found) = node.inside.entry_mut(segment) else { return };
            node = found;
        }
        let mut parts = Vec::new();
        node.each_inside(&mut |id| parts.push(id));
        if let Some(whole) = node.origin {
            *node = Shadow::whole(self.table.made(whole, &parts, step));
        }
    }

    fn here(&mut self, what: What) -> OriginId {
        self.table.add(self.at, what)
    }
}

impl Trace for Tracer {
    type Shadow = Shadow;
    const KEEPS: bool = true;

    fn enter(&mut self, segment: impl Fn() -> Segment) {
        self.at = self.table.below(self.at, segment());
    }

    fn leave(&mut self) {
        self.at = self.table.above(self.at);
    }

    fn literal(&mut self) -> Shadow {
        Shadow::whole(self.here(What::Literal))
    }

    fn computed<'e>(&mut self, mut expressions: impl Iterator<Item = &'e Arc<Expression>>) -> Shadow {
        let what = match (expressions.next(), expressions.next()) {
            (Some(only), None) => What::One(only.clone()),
            (first, second) => What::Many(first.into_iter().chain(second).chain(expressions).cloned().collect()),
        };
        Shadow::whole(self.here(what))
    }

    fn list(&mut self, items: Vec<Shadow>) -> Shadow {
        Shadow { origin: Some(self.here(What::Literal)), inside: Inside::List(items) }
    }

    fn map(&mut self, entries: Vec<(Arc<str>, Shadow)>) -> Shadow {
        Shadow { origin: Some(self.here(What::Literal)), inside: Inside::Map(entries) }
    }
}

impl Tracer {
    /// Gives every list in a value that was written as a whole a shadow with as many items, so that a patch can insert
    /// and remove among them. To be called before a value is patched, or patched in.
    pub(super) fn tell_lists(&mut self, tree: &Tree, shadow: &mut Shadow) {
        match (tree, &mut shadow.inside) {
            (Tree::List(items) | Tree::Strings(items), inside @ Inside::Whole) if !items.is_empty() => {
                let opened = items.iter().enumerate();
                let opened = opened.map(|(at, item)| self.part(item, shadow.origin, || Segment::Index(at))).collect();
                *inside = Inside::List(opened);
            }
            (Tree::Map(map) | Tree::StringMap(map), inside @ Inside::Whole)
                if map.iter().any(|(_, value)| holds_list(value)) =>
            {
                let opened = map
                    .iter()
                    .map(|(key, value)| (key.clone(), self.part(value, shadow.origin, || Segment::Key(key.clone()))));
                *inside = Inside::Map(opened.collect());
            }
            (Tree::List(items) | Tree::Strings(items), Inside::List(shadows)) => {
                items.iter().zip(shadows).for_each(|(item, shadow)| self.tell_lists(item, shadow));
            }
            (Tree::Map(map) | Tree::StringMap(map), Inside::Map(entries)) => {
                for (key, shadow) in entries {
                    if let Some(value) = map.get(key) {
                        self.tell_lists(value, shadow);
                    }
                }
            }
            _ => {}
        }
    }

    /// Gives an object that was written as a whole a shadow with its entries, so that each can be merged into another.
    pub(super) fn tell_entries(&mut self, tree: &Tree, shadow: &mut Shadow) {
        if let (Some(map), Inside::Whole) = (tree.as_map(), &shadow.inside) {
            let origin = shadow.origin;
            let opened =
                map.iter().map(|(key, value)| (key.clone(), self.part(value, origin, || Segment::Key(key.clone()))));
            shadow.inside = Inside::Map(opened.collect());
        }
    }

    /// A part of a value that was written as a whole.
    fn part(&mut self, tree: &Tree, whole: Option<OriginId>, segment: impl Fn() -> Segment) -> Shadow {
        let origin = whole.map(|whole| self.table.part(whole, segment));
        let mut shadow = Shadow { origin, inside: Inside::Whole };
        self.tell_lists(tree, &mut shadow);
        shadow
    }
}

fn holds_list(tree: &Tree) -> bool {
    match tree {
        Tree::List(_) | Tree::Strings(_) => true,
        Tree::Map(map) | Tree::StringMap(map) => map.iter().any(|(_, value)| holds_list(value)),
        _ => false,
    }
}
