//! What deployments of components and of projects have in common: the way through the environments, overrides, and the
//! binding that is written.

mod bind;
mod pipeline;
mod set;

pub(crate) use bind::{bind, sets};
pub(crate) use pipeline::{Pipeline, text};
pub(crate) use set::set;
