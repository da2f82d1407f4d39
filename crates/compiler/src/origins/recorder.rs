//! Writing origins down while templates are rendered.

use std::sync::Arc;

use super::reads::GivenValues;
use super::{Origin, OriginId, Shadow, Writer};
use crate::origins::shadow::Inside;
use crate::patch::{self, Op, Pointer, apply_at};
use crate::problem::Place;
use crate::template::{Bindings, Expression, Faults, Segment, Template, write_path};
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
pub(crate) struct Recorder {
    table: Vec<Origin>,
    writer: Writer,
    place: Place,
    path: Vec<Segment>,
    given: GivenValues,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self {
            table: Vec::new(),
            writer: Writer::Template,
            place: Place::default(),
            path: Vec::new(),
            given: GivenValues::default(),
        }
    }

    /// What is rendered next: by whom, and where its template begins.
    pub(crate) fn begin(&mut self, writer: Writer, place: Place) {
        self.writer = writer;
        self.place = place;
        self.path.clear();
    }

    /// The values that expressions read from here on.
    pub(crate) fn given(&mut self, parameters: Option<&serde_json::Value>, configs: Option<&serde_json::Value>) {
        self.given = GivenValues {
            parameters: parameters.cloned().unwrap_or_default(),
            environment_configs: configs.cloned().unwrap_or_default(),
        };
    }

    /// A step of the platform itself.
    fn built_in(&mut self, step: &'static str, overwrote: Option<OriginId>) -> Shadow {
        Shadow::whole(self.push(Origin {
            writer: Writer::BuiltIn(step),
            place: Place::new("platform", step),
            reads: Vec::new(),
            overwrote,
        }))
    }

    /// A patch wrote `value` at a place of `target`'s object, where it did so without an error.
    pub(crate) fn patched(&mut self, target: &mut Shadow, op: Op, pointer: &Pointer, value: &Shadow) {
        let before = target.find(pointer).and_then(|node| node.origin);
        let mut value = value.clone();
        if let Some(origin) =
            value.origin.and_then(|id| self.table.get(id.0 as usize)).cloned().filter(|_| before.is_some())
        {
            value.origin = Some(self.push(Origin { overwrote: before, ..origin }));
        }
        // The shadow has the object's shape, so what worked there works here; if it ever does not, the origins around
        // the place answer for it.
        let _ = apply_at(target, op, pointer, &value);
    }

    /// A step of the platform wrote the string at `path`.
    pub(crate) fn wrote(&mut self, target: &mut Shadow, path: &[&str], step: &'static str) {
        let pointer: Pointer = path.iter().map(|key| patch::Segment::Key((*key).to_owned())).collect();
        let before = target.find(&pointer).and_then(|node| node.origin);
        let value = self.built_in(step, before);
        let _ = apply_at(target, Op::Add, &pointer, &value);
    }

    pub(crate) fn into_table(self) -> Vec<Origin> {
        self.table
    }

    fn push(&mut self, origin: Origin) -> OriginId {
        let id = OriginId(self.table.len() as u32);
        self.table.push(origin);
        id
    }

    fn here(&self) -> Place {
        let mut path = String::new();
        write_path(&mut path, &self.path);
        self.place.below(&path)
    }

    fn at_here(&mut self) -> OriginId {
        let origin = Origin { writer: self.writer.clone(), place: self.here(), reads: Vec::new(), overwrote: None };
        self.push(origin)
    }
}

impl Trace for Recorder {
    type Shadow = Shadow;
    const KEEPS: bool = true;

    fn enter(&mut self, segment: impl Fn() -> Segment) {
        self.path.push(segment());
    }

    fn leave(&mut self) {
        self.path.pop();
    }

    fn literal(&mut self) -> Shadow {
        Shadow::whole(self.at_here())
    }

    fn computed<'e>(&mut self, expressions: impl Iterator<Item = &'e Arc<Expression>>) -> Shadow {
        let mut place = self.here();
        let mut reads = Vec::new();
        for expression in expressions {
            if place.expression.is_none() {
                place.expression = Some(expression.source().to_string());
            }
            if let Ok(program) = expression.program() {
                reads.extend(self.given.reads(&program.ast().root));
            }
        }
        let origin = Origin { writer: self.writer.clone(), place, reads, overwrote: None };
        Shadow::whole(self.push(origin))
    }

    fn list(&mut self, items: Vec<Shadow>) -> Shadow {
        Shadow { origin: Some(self.at_here()), inside: Inside::List(items) }
    }

    fn map(&mut self, entries: Vec<(Arc<str>, Shadow)>) -> Shadow {
        let mut map = Shadow { origin: Some(self.at_here()), inside: Inside::Map(Vec::with_capacity(entries.len())) };
        for (key, value) in entries {
            crate::patch::Node::set(&mut map, &key, value);
        }
        map
    }
}

/// Renders a template, with a shadow if there is a recorder.
pub(crate) fn render(
    template: &Template,
    bindings: &Bindings,
    faults: &mut Faults,
    recorder: Option<&mut Recorder>,
    writer: Writer,
    place: impl FnOnce() -> Place,
) -> (Tree, Option<Shadow>) {
    let Some(recorder) = recorder else { return (template.render(bindings, faults), None) };
    recorder.begin(writer, place());
    let (tree, shadow) = template.render_traced(bindings, faults, recorder);
    (tree, Some(shadow))
}

/// Gives every list in a value that was written as a whole a shadow with as many items, so that a patch can insert and
/// remove among them. To be called before a value is patched, or patched in.
pub(crate) fn match_lists(tree: &Tree, shadow: &mut Shadow) {
    let origin = shadow.origin;
    let whole = || Shadow { origin, inside: Inside::Whole };
    match (tree, &mut shadow.inside) {
        (Tree::List(items) | Tree::Strings(items), inside @ Inside::Whole) if !items.is_empty() => {
            *inside = Inside::List(items.iter().map(|item| with_lists(item, whole())).collect());
        }
        (Tree::Map(map) | Tree::StringMap(map), inside @ Inside::Whole)
            if map.iter().any(|(_, value)| holds_list(value)) =>
        {
            *inside = Inside::Map(map.iter().map(|(key, value)| (key.clone(), with_lists(value, whole()))).collect());
        }
        (Tree::List(items) | Tree::Strings(items), Inside::List(shadows)) => {
            items.iter().zip(shadows).for_each(|(item, shadow)| match_lists(item, shadow));
        }
        (Tree::Map(map) | Tree::StringMap(map), Inside::Map(entries)) => {
            for (key, shadow) in entries {
                if let Some(value) = map.get(key) {
                    match_lists(value, shadow);
                }
            }
        }
        _ => {}
    }
}

fn with_lists(tree: &Tree, mut shadow: Shadow) -> Shadow {
    match_lists(tree, &mut shadow);
    shadow
}

fn holds_list(tree: &Tree) -> bool {
    match tree {
        Tree::List(_) | Tree::Strings(_) => true,
        Tree::Map(map) | Tree::StringMap(map) => map.iter().any(|(_, value)| holds_list(value)),
        _ => false,
    }
}
