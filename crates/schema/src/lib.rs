#![forbid(unsafe_code)]
//! Structural schemas: parse, default, prune, validate, explain
