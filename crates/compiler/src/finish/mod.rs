//! From rendered trees to manifests: labels, the resource hash, structure, order.

mod dump;
pub(crate) mod hash;
mod labels;
mod order;
mod structure;

pub(crate) use labels::{Labels, add_labels};
pub(crate) use order::compare;
pub(crate) use structure::{Missing, missing_field};
