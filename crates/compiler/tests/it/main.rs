//! The compiler from outside.
#![allow(missing_docs, clippy::unwrap_used, clippy::format_collect)]

mod check;
mod errors;
mod laws;
mod limits;
mod origins;
mod pipelines;
mod sample;
