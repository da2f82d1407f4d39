//! What can be done with a project beside reading it: deploy.

mod deploy;

pub(crate) use deploy::deploy;

use crate::cli::{name_argument, text_option};
use clap::{ArgAction, Command};

/// Adds the verbs to the noun.
pub(crate) fn commands(noun: Command) -> Command {
    noun.subcommand(
        Command::new("deploy")
            .about("Deploy a project to the first environment, or promote it to another")
            .arg(name_argument("Name of the project"))
            .arg(text_option("to", "ENV", "Environment to promote to [default: the pipeline's first]"))
            .arg(text_option("release", "NAME", "Release [default: the newest; when promoting, the one before it has]"))
            .arg(
                text_option("set", "PATH=VALUE", "Value for the environment, such as quota.pods=20; may be repeated")
                    .action(ArgAction::Append),
            ),
    )
}
