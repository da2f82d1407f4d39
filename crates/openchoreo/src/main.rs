#![forbid(unsafe_code)]
//! The server binary: `openchoreo up` runs everything in one process, `openchoreo down` takes
//! away what it left, `openchoreo trust` makes its https trusted.

mod cli;
mod data_dir;
mod down;
mod engine;
mod logging;
mod trust;
mod up;

use clap::Parser;
use std::process::ExitCode;

/// Objects are made and dropped by all threads, by the thousand: the system's allocator takes a third of the time for that.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let outcome = match cli.command {
        cli::Command::Up(options) => up::main(&options),
        cli::Command::Down(options) => down::main(&options),
        cli::Command::Trust(options) => trust::main(&options).map(|()| ExitCode::SUCCESS),
        cli::Command::Version => {
            println!("openchoreo {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
