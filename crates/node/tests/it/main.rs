//! The node against a real container engine and an API server in process. Where there is no engine the tests say so and
//! do nothing.

mod batch;
mod lab;
mod lifecycle;
mod pods;
mod restarts;
mod rollouts;
mod secrets;
mod sets;
mod streams;
mod volumes;
