#![forbid(unsafe_code)]
//! A Kubernetes API server as a library
