//! `occ config …`

use super::edit::ContextChange;
use super::file::ConfigFile;
use crate::cli::{name_argument, text_option};
use crate::failure::Failure;
use crate::objects::Table;
use crate::session::has_token;
use clap::{ArgMatches, Command};
use std::path::Path;

/// The sub-commands.
pub(crate) fn command() -> Command {
    let context_options = |command: Command, needed: bool| {
        command
            .arg(name_argument("Name of the context"))
            .arg(text_option("controlplane", "NAME", "Control plane that it speaks with").required(needed))
            .arg(text_option("credentials", "NAME", "Credentials that it logs in with").required(needed))
            .arg(text_option("resource", "NAME", "Resource that commands mean when they do not say one"))
            .arg(text_option("component", "NAME", "Component that commands mean when they do not say one").short('c'))
    };
    let group = |name: &'static str, about: &'static str| {
        Command::new(name).about(about).subcommand_required(true).arg_required_else_help(true)
    };
    let named = |verb: &'static str, about: &'static str, what: &'static str| {
        Command::new(verb).about(about).arg(name_argument(what))
    };
    group("config", "Contexts, control planes and credentials")
        .subcommand(
            group("context", "What commands mean when they do not say it")
                .visible_alias("contexts")
                .subcommand(context_options(Command::new("add").about("Add a context"), true))
                .subcommand(Command::new("list").about("List contexts; * marks the current one"))
                .subcommand(context_options(Command::new("update").about("Change a context"), false))
                .subcommand(named("use", "Make a context the current one", "Name of the context"))
                .subcommand(named("delete", "Delete a context", "Name of the context")),
        )
        .subcommand(
            group("controlplane", "Where control planes are")
                .visible_alias("controlplanes")
                .subcommand(
                    named("add", "Add a control plane", "Name of the control plane")
                        .arg(text_option("url", "URL", "Address of its API").required(true)),
                )
                .subcommand(Command::new("list").about("List control planes"))
                .subcommand(
                    named("update", "Change a control plane", "Name of the control plane")
                        .arg(text_option("url", "URL", "Address of its API").required(true)),
                )
                .subcommand(named("delete", "Delete a control plane", "Name of the control plane")),
        )
        .subcommand(
            group("credentials", "How to log in; `occ login` fills them")
                .subcommand(named("add", "Add empty credentials", "Name of the credentials"))
                .subcommand(Command::new("list").about("List credentials"))
                .subcommand(named("delete", "Delete credentials", "Name of the credentials")),
        )
}

/// Does what the arguments say.
pub(crate) fn run(path: Option<&Path>, matches: &ArgMatches) -> Result<(), Failure> {
    let mut file = ConfigFile::open(path)?;
    let Some((group, matches)) = matches.subcommand() else { return Ok(()) };
    let Some((verb, matches)) = matches.subcommand() else { return Ok(()) };
    if verb == "list" {
        list(&file, group).print()?;
        return Ok(());
    }
    let text = |id: &str| matches.get_one::<String>(id).cloned();
    let name = text("name").unwrap_or_default();
    let url = || text("url").unwrap_or_default();
    let change = || ContextChange {
        controlplane: text("controlplane"),
        credentials: text("credentials"),
        namespace: text("namespace"),
        project: text("project"),
        component: text("component"),
        resource: text("resource"),
    };
    let config = &mut file.config;
    match (group, verb) {
        ("context", "add") => config.add_context(&name, change())?,
        ("context", "update") => config.update_context(&name, change())?,
        ("context", "use") => config.use_context(&name)?,
        ("context", _) => config.delete_context(&name)?,
        ("controlplane", "add") => config.add_control_plane(&name, &url())?,
        ("controlplane", "update") => config.update_control_plane(&name, &url())?,
        ("controlplane", _) => config.delete_control_plane(&name)?,
        (_, "add") => config.add_credentials(&name)?,
        _ => config.delete_credentials(&name)?,
    }
    file.save()?;
    let what = if group == "controlplane" { "control plane" } else { group };
    match verb {
        "use" => eprintln!("Now using context: {name}"),
        "add" => eprintln!("Created {what}: {name}"),
        "update" => eprintln!("Updated {what}: {name}"),
        _ => eprintln!("Deleted {what}: {name}"),
    }
    Ok(())
}

fn list(file: &ConfigFile, group: &str) -> Table {
    let config = &file.config;
    let dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    match group {
        "context" => Table {
            headers: ["", "NAME", "CONTROLPLANE", "CREDENTIALS", "NAMESPACE", "PROJECT", "COMPONENT", "RESOURCE"]
                .map(str::to_owned)
                .to_vec(),
            rows: config
                .contexts
                .iter()
                .map(|one| {
                    let mark = if one.name == config.current_context { "*" } else { "" };
                    let cells = [
                        &one.name,
                        &one.controlplane,
                        &one.credentials,
                        &one.namespace,
                        &one.project,
                        &one.component,
                        &one.resource,
                    ];
                    std::iter::once(mark.to_owned()).chain(cells.map(|cell| dash(cell))).collect()
                })
                .collect(),
        },
        "controlplane" => Table {
            headers: ["NAME", "URL"].map(str::to_owned).to_vec(),
            rows: config.controlplanes.iter().map(|one| vec![one.name.clone(), one.url.clone()]).collect(),
        },
        _ => Table {
            headers: ["NAME", "AUTH METHOD", "HAS TOKEN"].map(str::to_owned).to_vec(),
            rows: config
                .credentials
                .iter()
                .map(|one| {
                    let kept = !one.token.is_empty() || has_token(&file.path, &one.client_id);
                    let token = if kept { "yes" } else { "-" };
                    vec![one.name.clone(), dash(&one.auth_method), token.to_owned()]
                })
                .collect(),
        },
    }
}
