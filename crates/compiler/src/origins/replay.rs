//! The shadows of all manifests, made by doing again what was noted down: the same templates with the same variables give
//! the same values, and this time each tells where it comes from.

use std::sync::Arc;

use super::Shadow;
use super::log::{Event, Rendering, Track};
use super::reads::{Round, Surroundings};
use super::table::Table;
use super::tracer::Tracer;
use crate::patch::{Op, apply_at};
use crate::template::{Faults, Template};
use crate::tree::Tree;

/// Where everything came from.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) table: Table,
    pub(super) manifests: Vec<Shadow>,
}

/// A value on its way, as it was at that moment of the compilation.
#[derive(Debug, Clone)]
struct Value {
    tree: Tree,
    shadow: Shadow,
    /// Whether the shadow tells the items of all lists apart, as patches need it.
    lists_told: bool,
}

impl Told {
    /// Does again what happened. Behind `manifests` stands what the step `last` of the platform made.
    pub(super) fn replay(events: &[Event], manifests: &[Track], last: Option<&'static str>) -> Self {
        let mut replay = Replay { tracer: Tracer::new(), values: Vec::with_capacity(events.len()) };
        for event in events {
            let value = replay.step(event);
            replay.values.push(value);
        }
        let Replay { mut tracer, values } = replay;
        let own = last.map(|step| Shadow::whole(tracer.built_in(step)));
        let shadow = |track: &Track| values.get(track.0)?.as_ref().map(|value| value.shadow.clone());
        let manifests = manifests.iter().filter_map(shadow).chain(own).collect();
        Self { table: tracer.into_table(), manifests }
    }
}

struct Replay {
    tracer: Tracer,
    /// What came of each event, for those that make a value.
    values: Vec<Option<Value>>,
}

impl Replay {
    fn step(&mut self, event: &Event) -> Option<Value> {
        match event {
            Event::Rendered(rendering) => return Some(self.render(rendering)),
            Event::Copied(from) => return self.values.get(from.0)?.clone(),
            Event::Patched { target, value, op, pointers } => {
                let value = self.patch_value(*value, *op)?;
                let target = self.values.get_mut(target.0)?.as_mut()?;
                target.tell_lists(&mut self.tracer);
                for pointer in pointers {
                    // It worked the first time, and nothing is different now.
                    if apply_at(&mut target.tree, *op, pointer, &value.tree).is_ok() {
                        self.tracer.patched(&mut target.shadow, *op, pointer, &value.shadow);
                    }
                }
            }
            Event::Wrote { targets, path, names, step } => {
                for target in targets {
                    let Some(target) = self.values.get_mut(target.0).and_then(Option::as_mut) else { continue };
                    self.tracer.about_to_write(&target.tree, &mut target.shadow, path, names);
                    self.tracer.wrote(&mut target.shadow, path, names, step);
                }
            }
            Event::Made { target, path, step } => {
                let target = self.values.get_mut(target.0)?.as_mut()?;
                self.tracer.made(&mut target.shadow, path, step);
            }
        }
        None
    }

    fn render(&mut self, rendering: &Rendering) -> Value {
        let Rendering { writer, place, template, bindings, given, turn } = rendering;
        let round = turn.as_ref().and_then(|turn| Round::new(&turn.for_each, &turn.outside, bindings));
        let surroundings =
            Surroundings { given: given.clone(), bindings: Some(bindings.clone()), round: round.map(Arc::new) };
        self.tracer.begin(writer.clone(), place.clone(), surroundings);
        let null = Template::Literal(Tree::Null);
        let template = template.as_deref().unwrap_or(&null);
        let (tree, shadow) = template.render_traced(bindings, &mut Faults::new(), &mut self.tracer);
        Value { tree, shadow, lists_told: false }
    }

    /// The value of a patch, as far told apart as the operation needs it.
    fn patch_value(&mut self, value: Track, op: Op) -> Option<Value> {
        let value = self.values.get_mut(value.0)?.as_mut()?;
        value.tell_lists(&mut self.tracer);
        if op == Op::MergeShallow {
            self.tracer.tell_entries(&value.tree, &mut value.shadow);
        }
        Some(value.clone())
    }
}

impl Value {
    fn tell_lists(&mut self, tracer: &mut Tracer) {
        if !self.lists_told {
            tracer.tell_lists(&self.tree, &mut self.shadow);
            self.lists_told = true;
        }
    }
}
