//! Arguments that several commands have.

use clap::{Arg, ArgAction, value_parser};
use std::path::PathBuf;

/// Flags of every command.
pub(super) fn everywhere() -> [Arg; 4] {
    [
        text_option("namespace", "NAME", "Namespace [default: the context's]").short('n').global(true),
        text_option("project", "NAME", "Project [default: the context's]").short('p').global(true),
        text_option("context", "NAME", "Context of the configuration [default: the current one]").global(true),
        Arg::new("config")
            .long("config")
            .env("OPENCHOREO_CONFIG")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .global(true)
            .hide_env_values(true)
            .help("Configuration [default: ~/.openchoreo/config]"),
    ]
}

/// `--NAME VALUE`
pub(crate) fn text_option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

/// The name of an object, in its place.
pub(crate) fn name_argument(help: &'static str) -> Arg {
    Arg::new("name").value_name("NAME").required(true).help(help)
}

/// `-f FILE`, as often as there are files; `what` they hold.
pub(crate) fn files_argument(what: &str) -> Arg {
    Arg::new("file")
        .short('f')
        .long("file")
        .value_name("FILE")
        .action(ArgAction::Append)
        .help(format!("{what}: file, folder with all below it, URL, or - for standard input; may be repeated"))
}

/// The environment, where one is asked for.
pub(crate) fn environment_argument(default: &str) -> Arg {
    Arg::new("environment")
        .long("environment")
        .short('e')
        .value_name("NAME")
        .help(format!("Environment [default: {default}]"))
}

/// `--NAME`
pub(crate) fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}
