//! What can be done with a component beside reading it: logs, exec, deploy.
//!
//! ```text
//! component ─▶ project ─▶ pipeline ─▶ environment ─▶ binding ─▶ pods | release
//! ```

mod deploy;
mod events;
mod exec;
mod logs;
mod place;
mod terminal;

pub(crate) use deploy::deploy;
pub(crate) use exec::exec;
pub(crate) use logs::logs;

use crate::cli::{flag, name_argument, text_option};
use crate::objects::duration;
use clap::{Arg, ArgAction, Command, value_parser};

/// Adds the verbs to the noun.
pub(crate) fn commands(noun: Command) -> Command {
    let environment = || text_option("env", "NAME", "Environment [default: the pipeline's first]");
    let name = || name_argument("Name of the component");
    noun.subcommand(
        Command::new("logs")
            .about("Show what a component's containers print")
            .arg(name())
            .arg(environment())
            .arg(flag("follow", "Go on as lines come").short('f'))
            .arg(text_option("since", "TIME", "Only lines of the last 10m, 1h, …").value_parser(duration))
            .arg(text_option("tail", "LINES", "Only the last lines of each pod").value_parser(value_parser!(u32)))
            .arg(text_option("container", "NAME", "Container of each pod [default: its first]")),
    )
    .subcommand(
        Command::new("exec")
            .about("Run a command inside a component's container; its exit code is this command's")
            .arg(name())
            .arg(environment())
            .arg(text_option("pod", "NAME", "Pod [default: one that is ready]"))
            .arg(text_option("container", "NAME", "Container of the pod [default: its first]").short('c'))
            .arg(flag("tty", "Give it a terminal").short('t'))
            .arg(flag("stdin", "Pass on standard input").short('i'))
            .arg(
                Arg::new("command")
                    .value_name("CMD")
                    .last(true)
                    .num_args(1..)
                    .action(ArgAction::Append)
                    .help("Command with its arguments [default: a shell on a terminal]"),
            ),
    )
    .subcommand(
        Command::new("deploy")
            .about("Deploy a component to the first environment, or promote it to another")
            .arg(name())
            .arg(text_option("to", "ENV", "Environment to promote to [default: the pipeline's first]"))
            .arg(text_option("release", "NAME", "Release [default: a new one; when promoting, the one before it runs]"))
            .arg(
                text_option(
                    "set",
                    "PATH=VALUE",
                    "Override, such as componentTypeEnvironmentConfigs.replicas=2; may be repeated",
                )
                .action(ArgAction::Append),
            ),
    )
}
