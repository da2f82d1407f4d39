//! Where every field of every manifest came from.
//!
//! Kept beside the manifests and only when asked for ([`crate::Compiler::component_with_origins`] and its like): each
//! rendered object has a shadow of the same shape whose nodes name an [`Origin`]; patches are applied to both. What an
//! expression read for one field of its value is found out when somebody asks for that field.
//!
//! ```text
//! render ──▶ tree + shadow ──patch──▶ tree + shadow ──finish──▶ manifest + shadow ──▶ Origins
//!                 └─ numbers ─▶ table: template, step, expression, variables        explain, annotated, leaves: in words
//! ```

mod effect;
mod explain;
mod notes;
mod reads;
mod recorder;
mod shadow;
mod table;
mod yaml;

pub use explain::{Explained, parse_path};
pub use reads::{Given, Read};

pub(crate) use reads::Overridden;
pub(crate) use recorder::{NoTrace, Recorder, Trace, render};
pub(crate) use shadow::Shadow;

use crate::problem::Place;
use reads::Effort;
use table::{OriginId, Table};

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
    table: Table,
    manifests: Vec<Shadow>,
}

impl Origins {
    fn new(table: Table, manifests: Vec<Shadow>) -> Self {
        Self { table, manifests }
    }

    /// The origin of a field: `manifest` is the place in the list of manifests, `path` the steps to the field.
    pub fn of(&self, manifest: usize, path: &[crate::template::Segment]) -> Option<Origin> {
        self.tell(manifest, path, &Effort::new())
    }

    fn tell(&self, manifest: usize, path: &[crate::template::Segment], effort: &Effort) -> Option<Origin> {
        self.table.tell(&self.manifests.get(manifest)?.at(path)?, effort)
    }
}
