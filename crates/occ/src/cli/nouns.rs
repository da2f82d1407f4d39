//! The verbs of each noun.

use super::arguments::{flag, name_argument, text_option};
use crate::component;
use crate::failure::Failure;
use crate::noun::Noun;
use crate::objects::{self, Format};
use crate::project;
use crate::session::Session;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use std::process::ExitCode;

fn output(formats: &'static [&'static str]) -> Arg {
    Arg::new("output")
        .short('o')
        .long("output")
        .value_name("FORMAT")
        .value_parser(PossibleValuesParser::new(formats))
        .default_value(formats[0])
        .help("Form of the output")
}

/// `occ NOUN …`
pub(super) fn command(noun: &Noun) -> Command {
    let mut list = Command::new("list")
        .visible_alias("ls")
        .about(format!("List {}", noun.plural_words()))
        .arg(output(&["table", "wide", "name", "yaml", "json"]))
        .arg(text_option("selector", "LABELS", "Only objects with these labels, such as a=b").short('l'));
    match noun.filter {
        Some("component") => {
            list = list.arg(text_option("component", "NAME", "Only what belongs to this component").short('c'));
        }
        Some("resource") => list = list.arg(text_option("resource", "NAME", "Only what belongs to this resource")),
        Some("workflow") => list = list.arg(text_option("workflow", "NAME", "Only runs of this workflow")),
        _ => {}
    }
    let get = Command::new("get")
        .about(format!("Show one of the {}", noun.plural_words()))
        .arg(name_argument("Name of the object"))
        .arg(output(&["yaml", "json", "name", "table", "wide"]));
    let delete = Command::new("delete")
        .visible_alias("rm")
        .about(format!("Delete one of the {}", noun.plural_words()))
        .arg(name_argument("Name of the object"))
        .arg(flag("wait", "Return when it is gone, with everything that it made"))
        .arg(
            text_option("timeout", "TIME", "How long to wait, such as 90s or 5m")
                .default_value("5m")
                .value_parser(objects::duration)
                .requires("wait"),
        );
    let mut aliases = noun.aliases.to_vec();
    if !aliases.contains(&noun.plural) {
        aliases.push(noun.plural);
    }
    let command = Command::new(noun.word)
        .about(noun.about)
        .visible_aliases(aliases)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(list)
        .subcommand(get)
        .subcommand(delete);
    match noun.kind {
        "Component" => component::commands(command),
        "Project" => project::commands(command),
        _ => command,
    }
}

/// Does what the arguments say.
pub(super) async fn run(session: &Session, noun: &Noun, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let Some((verb, matches)) = matches.subcommand() else { return Ok(ExitCode::SUCCESS) };
    let text = |id: &str| matches.try_get_one::<String>(id).ok().flatten().map(String::as_str);
    let name = text("name").unwrap_or_default();
    let format = text("output").map_or(Format::Table, Format::of);
    match verb {
        "list" => {
            let owner = noun.filter.filter(|filter| *filter != "project").and_then(text);
            objects::list(session, noun, format, owner, text("selector")).await?;
        }
        "get" => objects::get(session, noun, name, format).await?,
        "logs" => component::logs(session, name, matches).await?,
        "exec" => return component::exec(session, name, matches).await,
        "deploy" if noun.kind == "Project" => project::deploy(session, name, matches).await?,
        "deploy" => component::deploy(session, name, matches).await?,
        _ => {
            let limit = matches.get_flag("wait").then(|| matches.get_one("timeout").copied()).flatten();
            objects::delete(session, noun, name, limit).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
