//! From files to what the compiler takes, for commands that ask no control plane: names are found as a control plane finds
//! them, and what only a control plane knows has something in its place that says so.
//!
//! ```text
//! files ─▶ objects: complete, last of a name ─▶ component and all that it uses ─▶ place (environment, binding, plane)
//!                                                                                      │
//!                     compiler's input ◀─ dependencies: other components, resources ◀──┘
//! ```

mod dependencies;
mod object;
mod objects;
mod place;
mod resources;
mod surroundings;
mod used;
mod whole;

pub(crate) use dependencies::Told;
pub(crate) use object::{Kinds, Object};
pub(crate) use objects::{Added, Objects};
pub(crate) use place::Place;
pub(crate) use used::{Lack, Used, find_trait, reference};
pub(crate) use whole::{Whole, not_there};
