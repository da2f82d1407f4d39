#![forbid(unsafe_code)]
//! `cargo xtask VERB`.

use std::process::ExitCode;

/// The same as in the server, so that what is measured here is what runs there.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    xtask::main()
}
