#![forbid(unsafe_code)]
//! The server binary: everything in one process, or one role

fn main() {}
