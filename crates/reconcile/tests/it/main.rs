//! The laws of the engine, on an API server in this process that can fail on purpose.

mod cluster;
mod copies;
mod deletion;
mod failures;
mod laws;
mod on_kubelite;
mod running;
