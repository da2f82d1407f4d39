//! What the engine knows of its clusters: objects, indexes over them, and what cannot be seen.

mod change;
mod decoded;
mod entry;
mod fields;
mod index;
mod kind_cache;
mod store;

pub use change::Facets;
pub(crate) use change::{Thing, Touch, Touches};
pub(crate) use decoded::Decoded;
pub(crate) use entry::{Entry, Intake};
pub(crate) use fields::{covers, desired_hash, holds};
pub(crate) use index::{ErasedIndex, UNDECODABLE, label_index};
pub(crate) use kind_cache::{KindCache, Sight};
pub(crate) use store::{PlaneSight, Store};
