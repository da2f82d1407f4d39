#![forbid(unsafe_code)]
//! The REST API of the control plane: objects, live logs and exec, and the identity behind them.
//!
//! [`router`] gives an axum router over a [`kube::Client`]; [`serve`] answers on a listener until told to stop.

pub mod identity;

mod live;
mod meta;
mod objects;
mod openapi;
mod problem;
mod serving;

pub use live::{PlaneUnavailable, Planes, Reasons};
pub use serving::{Options, router, serve};
