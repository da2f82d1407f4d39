#![forbid(unsafe_code)]
//! The same commands on an allocator that counts, which costs time: started by `cargo xtask bench` for what it counts.

use std::process::ExitCode;

#[global_allocator]
static MEMORY: alloc_tracker::Allocator<mimalloc::MiMalloc> = alloc_tracker::Allocator::new(mimalloc::MiMalloc);

fn main() -> ExitCode {
    xtask::main()
}
