#![forbid(unsafe_code)]
//! Developer commands of the repository

fn main() {}
