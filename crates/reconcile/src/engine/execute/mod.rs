//! Carrying plans out: what of a plan is not so yet becomes requests, in stages; then they are sent.

mod prepare;
mod request;
mod send;
mod status;

pub(crate) use prepare::{Prepared, Preparing, prepare};
pub(crate) use request::{Expect, Request};
pub(crate) use send::{Results, Work, execute};
