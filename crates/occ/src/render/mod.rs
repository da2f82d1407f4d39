//! `occ render -f …`: what a component becomes in an environment, from files alone; no control plane is asked.
//!
//! ```text
//! files ─▶ objects ─▶ component and all that it uses ─▶ check ─▶ compile ─▶ manifests | notes | a sentence
//! ```

mod choose;
mod field;

use crate::check::{self, Report};
use crate::cli::{environment_argument, files_argument, flag, text_option};
use crate::failure::Failure;
use crate::gather::{Kinds, Object, Objects, Place, Used, Whole};
use crate::manifests::{manifests, sources};
use crate::objects::{print, yaml};
use clap::{Arg, ArgMatches, Command};
use compiler::origins::Origins;
use compiler::{Compiler, Rendered};
use field::Field;
use serde_json::Value;

/// `occ render`
pub(crate) fn command() -> Command {
    Command::new("render")
        .about("Show what a component becomes, from files, without a control plane")
        .arg(Arg::new("name").value_name("COMPONENT").help("Component [default: the only one in the files]"))
        .arg(files_argument("The component and what it is made from").required(true))
        .arg(environment_argument("the pipeline's first"))
        .arg(flag("notes", "Write behind the fields where they come from"))
        .arg(
            text_option("explain", "KIND:FIELD", "Only say where a field comes from: deployment:spec.replicas")
                .conflicts_with("notes")
                .value_parser(Field::parse),
        )
}

/// Reads, checks, compiles and shows. What is wrong or missing is told with it all, on standard error.
pub(crate) async fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let text = |id: &str| matches.get_one::<String>(id).map(String::as_str);
    let sources = sources(matches.get_many("file").into_iter().flatten()).await?;
    let mut objects = Objects::default();
    let mut kinds = Kinds::default();
    let mut broken = false;
    for source in &sources {
        for document in manifests(source) {
            match document {
                Ok(manifest) => {
                    objects.add(Object::new(manifest, &source.text, text("namespace"), &mut kinds));
                }
                // Of another API: nothing of a component.
                Err(wrong) if wrong.foreign => {}
                Err(wrong) => {
                    broken = true;
                    eprintln!("Error: {wrong}");
                }
            }
        }
    }
    if broken {
        return Err(Failure::Reported);
    }
    let object = choose::component(&objects, text("name"), text("namespace"))?;
    let mut report = Report::new(sources.len());
    let used = Used::find(&objects, object).map_err(|lacks| choose::refused(object, &lacks, &mut report))?;
    let place = Place::chosen(&objects, &used, text("environment")).map_err(Failure::NotFound)?;
    let compiler = Compiler::new();
    let whole = Whole::new(&objects, &used, place, &compiler);
    check::whole(&whole, &mut report);
    report.note("UIDs are zeros: only a control plane gives them out".to_owned());
    report.sort();
    eprint!("{}", report.told());

    let (rendered, origins) = compiler.component_with_origins(&whole.input()).map_err(|problems| {
        // The check tells what is wrong with more words; what only shows when it runs is told here.
        if report.has_errors() { Failure::Reported } else { Failure::Input(problems.to_string()) }
    })?;
    let shown = match matches.get_one::<Field>("explain") {
        Some(field) => field.explain(&rendered, &origins, &whole)?,
        None => all(&rendered, &origins, matches.get_flag("notes"))?,
    };
    print(&shown)?;
    if report.has_errors() { Err(Failure::Reported) } else { Ok(()) }
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
