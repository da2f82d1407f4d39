//! Where every field of every manifest came from.
//!
//! Kept beside the manifests and only when asked for ([`crate::Compiler::component_with_origins`]): each rendered object
//! has a shadow of the same shape whose nodes name an [`Origin`]; patches are applied to both.

mod explain;
mod notes;
mod reads;
mod recorder;
mod shadow;
mod table;

pub use explain::{Explained, parse_path};
pub use reads::{Given, Read};

pub(crate) use recorder::{NoTrace, Recorder, Trace, render};
pub(crate) use shadow::Shadow;

use crate::problem::Place;
use table::Table;

/// The number of an origin in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginId(u32);

/// What wrote a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writer {
    /// A template of the type, as written there.
    Template,
    /// A template of a trait that creates a resource.
    TraitCreate,
    /// A patch of a trait: `add`, `replace`, `mergeShallow`.
    TraitPatch,
    /// A step of the platform itself: labels, the resource hash.
    BuiltIn(&'static str),
}

/// Where a field came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What wrote it.
    pub writer: Writer,
    /// The line that wrote it: object, field in it, and the expression if there is one.
    pub place: Place,
    /// What the expression read, and who gave that.
    pub reads: Vec<Read>,
    /// What was there before.
    pub overwrote: Option<OriginId>,
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

    /// The origin with this number.
    pub fn get(&self, id: OriginId) -> Option<Origin> {
        self.table.get(id)
    }

    /// The origin of a field: `manifest` is the place in the list of rendered resources, `path` the steps to the field. A
    /// field inside a value that an expression gave as a whole has that value's origin.
    pub fn of(&self, manifest: usize, path: &[crate::template::Segment]) -> Option<Origin> {
        let (id, inside) = self.manifests.get(manifest)?.at(path)?;
        let mut origin = self.get(id)?;
        if origin.place.expression.is_none() && !matches!(origin.writer, Writer::BuiltIn(_)) {
            // Written literally: the line of the field itself is known.
            let mut below = String::new();
            crate::template::write_path(&mut below, inside);
            origin.place = origin.place.below(&below);
        }
        Some(origin)
    }
}
