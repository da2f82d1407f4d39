//! `occ completion SHELL`: a script by which a shell completes our commands, nouns and flags.

use crate::failure::Failure;
use crate::objects::print;
use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;

/// The command.
pub(super) fn command() -> Command {
    Command::new("completion")
        .about("Print a script by which a shell completes commands, nouns and flags")
        .long_about(
            "Print a script by which a shell completes commands, nouns and flags.\n\n\
             bash, zsh:   source <(occ completion bash)\n\
             fish:        occ completion fish | source\n\
             powershell:  occ completion powershell | Out-String | Invoke-Expression",
        )
        .arg(Arg::new("shell").value_name("SHELL").required(true).value_parser(value_parser!(Shell)).help("Shell"))
}

/// Prints the script.
pub(super) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let Some(shell) = matches.get_one::<Shell>("shell") else { return Ok(()) };
    let mut script = Vec::new();
    clap_complete::generate(*shell, &mut super::command(), "occ", &mut script);
    print(&String::from_utf8_lossy(&script))
}
