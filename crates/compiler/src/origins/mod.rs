//! Where every field of every manifest came from.
//!
//! Only when asked for ([`crate::Compiler::component_with_origins`] and its like) a compilation notes down what it does:
//! which template it renders with which variables, what it patches where. That is all that [`Origins`] keeps until the
//! first question. Then the same is done again, and this time each rendered object has a shadow of the same shape whose
//! nodes name an [`Origin`]; patches are applied to both. What an expression read for one field of its value is found out
//! when somebody asks for that field.
//!
//! ```text
//! compile: render ──▶ tree ──patch──▶ tree ──finish──▶ manifest
//!            └───────── log ─┴────────── log ─┴────────▶ Origins
//!                                                          │ first question: the same again
//! replay:  render ──▶ tree + shadow ──patch──▶ tree + shadow ──finish──▶ shadow ──▶ explain, annotated, leaves: in words
//!                         └─ numbers ─▶ table: template, step, expression, variables
//! ```

mod effect;
mod explain;
mod log;
mod notes;
mod reads;
mod replay;
mod shadow;
mod table;
mod tracer;
mod yaml;

pub use explain::{Explained, parse_path};
pub use reads::{Given, Read};

pub(crate) use log::{Recorder, Track, render};
pub(crate) use reads::Overridden;
pub(crate) use tracer::{NoTrace, Trace};

use std::sync::OnceLock;

use crate::problem::Place;
use crate::template::Segment;
use log::Event;
use reads::Effort;
use replay::Told;
use shadow::Shadow;

/// What wrote a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writer {
    /// A template of the type, as written there.
    Template,
    /// A template of a trait that creates a resource.
    TraitCreate,
    /// A patch of a trait: `add`, `replace`, `mergeShallow`.
    TraitPatch,
    /// A step of the platform itself: labels, the resource hash, the network policy.
    BuiltIn(&'static str),
}

/// Where a field came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What wrote it.
    pub writer: Writer,
    /// The line that wrote it: object, field in it, and the expression if there is one.
    pub place: Place,
    /// What the expression read to give this field, and who gave that.
    pub reads: Vec<Read>,
    /// What a step of the platform then made of the value: `its JSON as one text`.
    pub made: Option<&'static str>,
    /// What was there before.
    pub overwrote: Option<Box<Origin>>,
}

/// The origins of all manifests of one compilation.
#[derive(Debug, Clone)]
pub struct Origins {
    events: Vec<Event>,
    manifests: Vec<Track>,
    /// The step of the platform that made a manifest behind the others.
    last: Option<&'static str>,
    /// Made of the above at the first question.
    told: OnceLock<Told>,
}

impl Origins {
    fn new(events: Vec<Event>, manifests: Vec<Track>, last: Option<&'static str>) -> Self {
        Self { events, manifests, last, told: OnceLock::new() }
    }

    /// The origin of a field: `manifest` is the place in the list of manifests, `path` the steps to the field.
    pub fn of(&self, manifest: usize, path: &[Segment]) -> Option<Origin> {
        self.tell(manifest, path, &Effort::new())
    }

    fn tell(&self, manifest: usize, path: &[Segment], effort: &Effort) -> Option<Origin> {
        let told = self.told.get_or_init(|| Told::replay(&self.events, &self.manifests, self.last));
        told.table.tell(&told.manifests.get(manifest)?.at(path)?, effort)
    }
}
