//! The built `occ`, for a running server.

use crate::server::Server;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program with the configuration that a server wrote.
pub(crate) struct CommandLine {
    program: PathBuf,
    home: PathBuf,
    configuration: String,
}

impl CommandLine {
    /// Where it was built beside the server; none, with a word why.
    pub(crate) fn of(server: &Server) -> Option<CommandLine> {
        let program = Path::new(env!("CARGO_BIN_EXE_openchoreo")).with_file_name("occ");
        if !program.exists() {
            println!("skipped: {} is not there: cargo build -p occ", program.display());
            return None;
        }
        let configuration = server.line("occ").trim_start_matches("OPENCHOREO_CONFIG=").to_owned();
        Some(CommandLine { program, home: server.place.path("home"), configuration })
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        command.args(words).env("HOME", &self.home).env("OPENCHOREO_CONFIG", &self.configuration);
        command.output().expect("occ runs")
    }
}
