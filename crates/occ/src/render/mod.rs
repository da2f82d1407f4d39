//! `occ render -f …`: what a component becomes in an environment, from files alone; no control plane is asked.
//!
//! ```text
//! files ─▶ documents ─▶ component, type, traits, workload, environment … ─▶ check ─▶ compile ─▶ manifests | notes | a sentence
//! ```

mod field;
mod gather;

use crate::cli::{flag, text_option};
use crate::failure::Failure;
use crate::manifests::{Manifest, manifests, sources};
use crate::objects::{print, yaml};
use clap::{Arg, ArgAction, ArgMatches, Command};
use compiler::origins::Origins;
use compiler::{Compiler, Rendered, check};
use field::Field;
use gather::{Documents, Gathered};
use serde_json::Value;

/// `occ render`
pub(crate) fn command() -> Command {
    Command::new("render")
        .about("Show what a component becomes, from files, without a control plane")
        .arg(Arg::new("name").value_name("COMPONENT").help("Component [default: the only one in the files]"))
        .arg(
            Arg::new("file")
                .short('f')
                .long("file")
                .value_name("FILE")
                .required(true)
                .action(ArgAction::Append)
                .help("The component and what it is made from: file, folder, URL, or -; may be repeated"),
        )
        .arg(text_option("environment", "NAME", "Environment [default: the first in the files]").short('e'))
        .arg(flag("notes", "Write behind the fields where they come from"))
        .arg(
            text_option("explain", "KIND:FIELD", "Only say where a field comes from: deployment:spec.replicas")
                .conflicts_with("notes")
                .value_parser(Field::parse),
        )
}

/// Reads, checks, compiles and shows. What is wrong or missing is told with it all, on standard error.
pub(crate) async fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let named: Vec<&String> = matches.get_many("file").into_iter().flatten().collect();
    let mut found: Vec<Manifest> = Vec::new();
    let mut broken = false;
    for document in sources(named.into_iter()).await?.iter().flat_map(manifests) {
        match document {
            Ok(manifest) => found.push(manifest),
            // Of another API: nothing of a component.
            Err(wrong) if wrong.foreign => {}
            Err(wrong) => {
                broken = true;
                eprintln!("Error: {wrong}");
            }
        }
    }
    if broken {
        return Err(Failure::Reported);
    }
    let text = |id: &str| matches.get_one::<String>(id).map(String::as_str);
    let documents = Documents::new(&found);
    let gathered = Gathered::new(&documents, text("name"), text("environment"))?;
    gathered.assumed().iter().for_each(|note| eprintln!("note: {note}"));

    let traits = gathered.traits();
    let input = gathered.input(&traits);
    let checked = check::component(&input);
    if !checked.is_clean() {
        eprint!("{checked}");
    }
    let (rendered, origins) = Compiler::new().component_with_origins(&input).map_err(|problems| {
        // The check tells what is wrong with more words; what only shows when it runs is told here.
        if checked.is_clean() { Failure::Input(problems.to_string()) } else { Failure::Reported }
    })?;
    let shown = match matches.get_one::<Field>("explain") {
        Some(field) => field.explain(&rendered, &origins, &documents)?,
        None => all(&rendered, &origins, matches.get_flag("notes"))?,
    };
    print(&shown)?;
    if checked.is_clean() { Ok(()) } else { Err(Failure::Reported) }
}

/// The manifests in the order of their origins.
fn objects(rendered: &Rendered) -> impl Iterator<Item = &Value> {
    rendered.resources.iter().map(|resource| &resource.object).chain([&rendered.network_policy])
}

fn all(rendered: &Rendered, origins: &Origins, notes: bool) -> Result<String, Failure> {
    let mut shown = Vec::new();
    for (at, object) in objects(rendered).enumerate() {
        shown.push(if notes { origins.annotated(at, object) } else { yaml(object)? });
    }
    Ok(shown.join("---\n"))
}
