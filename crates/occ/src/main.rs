#![forbid(unsafe_code)]
//! The command line of OpenChoreo

fn main() {}
