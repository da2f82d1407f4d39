#![forbid(unsafe_code)]
//! One interface to a remote cluster: apply order, health, logs, exec
