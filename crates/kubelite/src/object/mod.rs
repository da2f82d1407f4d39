//! Objects as values: their metadata, and the selectors that choose among them.

pub(crate) mod field_selector;
mod label_query;
pub(crate) mod label_selector;
pub(crate) mod meta;
pub(crate) mod names;
pub(crate) mod quantity;
