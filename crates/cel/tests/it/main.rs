//! The crate from outside: tables of expressions with their answers.
#![allow(missing_docs, clippy::unwrap_used)]

mod laws;
mod limits;
mod recorded;
mod table;
