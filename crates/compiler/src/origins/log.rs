//! What a compilation notes down for whoever may ask later: which template was rendered with which variables, and what
//! was done to what came out.

use std::sync::Arc;

use super::reads::{GivenValues, Overridden};
use super::{Origins, Writer};
use crate::patch::{Op, Pointer};
use crate::problem::Place;
use crate::program::Loop;
use crate::template::{Bindings, Faults, Segment, Template};
use crate::tree::Tree;

/// Room for the events of a usual component.
const ROOM: usize = 32;

/// A rendered value, by the event that it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Track(pub(super) usize);

/// One thing that happened.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A template was rendered.
    Rendered(Box<Rendering>),
    /// What has happened to a value until now is the past of a second one, too.
    Copied(Track),
    /// A patch wrote one value into another.
    Patched { target: Track, value: Track, op: Op, pointers: Vec<Pointer> },
    /// A step of the platform wrote strings in the object at a path of each value.
    Wrote { targets: Vec<Track>, path: &'static [&'static str], names: Vec<Arc<str>>, step: &'static str },
    /// A step of the platform made something else of what stood at a path.
    Made { target: Track, path: Vec<Segment>, step: &'static str },
}

/// A template and all that its rendering depended on.
#[derive(Debug, Clone)]
pub(super) struct Rendering {
    pub(super) writer: Writer,
    pub(super) place: Place,
    /// `None` stands for `null`.
    pub(super) template: Option<Arc<Template>>,
    pub(super) bindings: Bindings,
    pub(super) given: Arc<GivenValues>,
    pub(super) turn: Option<Turn>,
}

/// A turn of a loop: the loop, and the variables around it.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub(super) for_each: Arc<Loop>,
    pub(super) outside: Bindings,
}

/// Notes down what happens.
#[derive(Debug)]
pub(crate) struct Recorder {
    events: Vec<Event>,
    given: Arc<GivenValues>,
    overridden: Arc<Overridden>,
    turn: Option<Turn>,
}

impl Recorder {
    /// A recorder; `overridden` names what the environment changes in the workload's configuration.
    pub(crate) fn new(overridden: Overridden) -> Self {
        Self { events: Vec::with_capacity(ROOM), given: Arc::default(), overridden: Arc::new(overridden), turn: None }
    }

    /// A recorder for a pipeline without workloads, whose expressions read these values.
    pub(crate) fn of_values(parameters: Option<&serde_json::Value>, configs: Option<&serde_json::Value>) -> Self {
        let mut recorder = Self::new(Overridden::default());
        recorder.given(parameters, configs, false);
        recorder
    }

    /// The values that expressions read from here on, as they were given.
    /// `bound` where the component type gives them to a trait of its own.
    pub(crate) fn given(
        &mut self,
        parameters: Option<&serde_json::Value>,
        configs: Option<&serde_json::Value>,
        bound: bool,
    ) {
        self.given = Arc::new(GivenValues {
            parameters: parameters.cloned().unwrap_or_default(),
            environment_configs: configs.cloned().unwrap_or_default(),
            overridden: self.overridden.clone(),
            bound,
        });
    }

    /// A turn of a loop begins, or something that is in no loop; the variables around it.
    pub(crate) fn turn(&mut self, for_each: Option<&Arc<Loop>>, outside: &Bindings) {
        self.turn = for_each.map(|for_each| Turn { for_each: for_each.clone(), outside: outside.clone() });
    }

    fn push(&mut self, event: Event) -> Track {
        self.events.push(event);
        Track(self.events.len() - 1)
    }

    fn rendered(
        &mut self,
        template: Option<&Arc<Template>>,
        bindings: &Bindings,
        writer: Writer,
        place: Place,
    ) -> Track {
        self.push(Event::Rendered(Box::new(Rendering {
            writer,
            place,
            template: template.cloned(),
            bindings: bindings.clone(),
            given: self.given.clone(),
            turn: self.turn.clone(),
        })))
    }

    /// A second value with the past of another.
    pub(crate) fn copied(&mut self, from: Track) -> Track {
        self.push(Event::Copied(from))
    }

    /// A patch wrote `value` at places of `target`, where it did so without an error.
    pub(crate) fn patched(&mut self, target: Track, op: Op, pointers: Vec<Pointer>, value: Track) {
        self.push(Event::Patched { target, value, op, pointers });
    }

    /// A step of the platform wrote strings in the object at `path` of each of `targets`.
    pub(crate) fn wrote<'k>(
        &mut self,
        targets: impl Iterator<Item = Track>,
        path: &'static [&'static str],
        names: impl Iterator<Item = &'k Arc<str>>,
        step: &'static str,
    ) {
        self.push(Event::Wrote { targets: targets.collect(), path, names: names.cloned().collect(), step });
    }

    /// A step of the platform made something else of the value at `path`.
    pub(crate) fn made(&mut self, target: Track, path: Vec<Segment>, step: &'static str) {
        self.push(Event::Made { target, path, step });
    }

    /// The origins of manifests in their order, and of a last one that is the platform's own.
    pub(crate) fn into_origins(
        recorder: Option<Self>,
        manifests: Vec<Option<Track>>,
        last: Option<&'static str>,
    ) -> Origins {
        let events = recorder.map(|recorder| recorder.events).unwrap_or_default();
        Origins::new(events, manifests.into_iter().flatten().collect(), last)
    }
}

/// Renders a template (`None`: `null`), and notes it down if there is a recorder.
pub(crate) fn render(
    template: Option<&Arc<Template>>,
    bindings: &Bindings,
    faults: &mut Faults,
    recorder: Option<&mut Recorder>,
    writer: Writer,
    place: impl FnOnce() -> Place,
) -> (Tree, Option<Track>) {
    let track = recorder.map(|recorder| recorder.rendered(template, bindings, writer, place()));
    (template.map_or(Tree::Null, |template| template.render(bindings, faults)), track)
}
