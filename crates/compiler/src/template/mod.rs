//! The template language: JSON whose strings and keys may hold `${…}`.

mod fault;
mod scan;

pub use fault::{Fault, Faults, Segment, TemplateError};
pub use scan::{Found, Nested, find};
