#![forbid(unsafe_code)]
//! A Kubernetes API server as a library

pub mod apply;
pub mod patch;
