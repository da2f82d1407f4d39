#![forbid(unsafe_code)]
//! `occ`, the command line of OpenChoreo. It speaks REST with a control plane and nothing else; `check` and `render` speak
//! with nobody.

mod apply;
mod check;
mod cli;
mod component;
mod config;
mod failure;
mod gather;
mod manifests;
mod noun;
mod objects;
mod project;
mod promotion;
mod render;
mod session;
mod version;
mod wait;
mod why;

use std::process::ExitCode;

fn main() -> ExitCode {
    let matches = match cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return cli::refuse(&error),
    };
    match cli::run(&matches) {
        Ok(code) => code,
        Err(failure) => {
            if let Some(text) = failure.text() {
                eprintln!("Error: {text}");
            }
            failure.exit_code()
        }
    }
}
