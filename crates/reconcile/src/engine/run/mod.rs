//! Running the functions: a small pool of threads that take keys from the board, call the controller with one
//! consistent world, and hand what is to be sent to the executor.

mod erased;
mod worker;

pub(crate) use erased::{AnyController, Erased};
pub(crate) use worker::{dry_run, work};
