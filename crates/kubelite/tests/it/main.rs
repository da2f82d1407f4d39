//! The server as a client sees it: in process, over TLS, with kubectl, after a crash.

mod admission;
mod apply;
mod basics;
mod conformance;
mod contract;
mod custom;
mod damage;
mod durability;
mod eviction;
mod fan_out;
mod faults;
mod kubectl;
mod lifecycle;
mod limits;
mod metrics;
mod rights;
mod rules;
mod streams;
mod support;
mod tls;
