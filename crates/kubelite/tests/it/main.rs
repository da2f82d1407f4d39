//! The server as a client sees it, in process.

mod apply;
mod basics;
mod custom;
mod lifecycle;
mod support;
