//! Arguments: the tree of commands, and from there to what does the work. No runtime is started for help.

mod arguments;
mod completion;
mod nouns;
mod screen;

pub(crate) use arguments::{environment_argument, files_argument, flag, name_argument, text_option};

use crate::failure::Failure;
use crate::noun::{Noun, nearest};
use crate::session::{self, Session, Settings};
use crate::{apply, check, config, render, version, wait, why};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command};
use std::process::ExitCode;

/// All commands.
pub(crate) fn command() -> Command {
    let root = Command::new("occ")
        .about("The command line of OpenChoreo")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .max_term_width(100)
        .args(arguments::everywhere())
        .override_help(screen::text())
        .subcommand(apply::command())
        .subcommand(check::command())
        .subcommand(wait::command())
        .subcommand(why::command())
        .subcommand(render::command())
        .subcommand(session::command_login())
        .subcommand(session::command_logout())
        .subcommand(config::command())
        .subcommand(completion::command())
        .subcommand(Command::new("version").about("Versions of this program and of the control plane"));
    Noun::all().fold(root, |root, noun| root.subcommand(nouns::command(&noun)))
}

/// Says what is wrong with the arguments, and what is near. The code is 2, or 0 if help was asked for.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
    {
        let verbs = ["get", "list", "delete", "logs", "exec", "describe"];
        if verbs.contains(&word.as_str()) {
            eprintln!("The noun comes first: occ NOUN {word}, for example occ component {word}");
        }
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Does what the arguments say.
pub(crate) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let Some((word, below)) = matches.subcommand() else { return Ok(ExitCode::SUCCESS) };
    let settings = Settings::read(below_most(below));
    match word {
        "config" => return config::run(settings.config.as_deref(), below).map(|()| ExitCode::SUCCESS),
        "completion" => return completion::run(below).map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Input(format!("cannot start: {error}")))?;
    let ended = runtime.block_on(async {
        match word {
            "apply" => apply::run(&Session::open(&settings)?, below).await?,
            "check" => return check::run(below).await,
            "wait" => wait::run(&Session::open(&settings)?, below).await?,
            "why" => why::run(&Session::open(&settings)?, below).await?,
            "render" => render::run(below).await?,
            "login" => session::login(&settings, below).await?,
            "logout" => session::logout(&settings)?,
            "version" => version::run(&settings).await?,
            noun => {
                let noun = Noun::of_word(noun).ok_or_else(|| unknown_noun(noun))?;
                return nouns::run(&Session::open(&settings)?, &noun, below).await;
            }
        }
        Ok(ExitCode::SUCCESS)
    });
    // A read of standard input that nobody waits for any more must not hold the process.
    runtime.shutdown_background();
    ended
}

/// Flags that every command has are found at the last sub-command.
fn below_most(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, below)| below_most(below))
}

/// A noun that there is not, with the one that may be meant.
pub(crate) fn unknown_noun(word: &str) -> Failure {
    let known = Noun::all().flat_map(|noun| noun.aliases.iter().copied().chain([noun.word]));
    let hint = nearest(word, known)
        .map_or_else(|| "`occ --help` lists the nouns".to_owned(), |near| format!("did you mean {near:?}?"));
    Failure::Input(format!("unknown noun {word:?}: {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_help_fits_a_screen() {
        fn check(command: &mut Command, path: &str) {
            let lines = command.render_help().to_string().lines().count();
            assert!(lines <= 40, "help of {path:?} has {lines} lines");
            for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
                let path = format!("{path} {}", below.get_name());
                check(below, &path);
            }
        }
        let mut root = command();
        root.build();
        check(&mut root, "occ");
    }
}
