//! `occ check FILE…`: what is wrong with files, and what the components in them would become. No control plane is asked.
//!
//! ```text
//! files ─▶ objects ─▶ each alone: schema, rules of its kind, templates ─▶ each component with all that it uses
//!                         │                                                      │
//!                         └──────────────▶ findings, by place ◀──────────────────┴─▶ what would be made
//! ```

mod alone;
mod component;
mod finding;
mod release;

pub(crate) use finding::{Finding, Report, Severity};
pub(crate) use release::{lacks, whole};

use crate::cli::{environment_argument, files_argument};
use crate::failure::Failure;
use crate::gather::{Added, Kinds, Object, Objects};
use crate::manifests::{Source, manifests, sources};
use crate::objects::print;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::process::ExitCode;

const TWICE: &str = "another object of this kind and name is among the files: the last one counts";

/// `occ check`
pub(crate) fn command() -> Command {
    Command::new("check")
        .about("Say what is wrong with files, and what would be made of the components in them")
        .after_help(
            "Nothing is asked of a control plane: types, traits and environments that are not among the files\n\
             are named in a note. The exit code is 1 where there is an error, 0 where there are only warnings.",
        )
        .arg(
            Arg::new("files")
                .value_name("FILE")
                .required_unless_present("file")
                .action(ArgAction::Append)
                .num_args(1..)
                .help("File, folder with all below it, URL, or - for standard input; may be repeated"),
        )
        .arg(files_argument("The same, as with apply"))
        .arg(environment_argument("those that components are bound to, else the pipeline's first"))
}

/// Checks what the arguments name.
pub(crate) async fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let named = ["files", "file"].into_iter().filter_map(|id| matches.get_many::<String>(id)).flatten();
    let sources = sources(named).await?;
    let text = |id: &str| matches.get_one::<String>(id).map(String::as_str);
    let report = check(&sources, text("namespace"), text("environment"));
    print(&report.to_string())?;
    Ok(ExitCode::from(u8::from(report.has_errors())))
}

/// Checks texts. Objects that name no namespace are in `namespace`.
fn check(sources: &[Source], namespace: Option<&str>, environment: Option<&str>) -> Report {
    let mut report = Report::new(sources.len());
    let mut objects = Objects::default();
    let mut kinds = Kinds::default();
    for source in sources {
        for document in manifests(source) {
            match document {
                Ok(manifest) => {
                    report.objects += 1;
                    let object = Object::new(manifest, &source.text, namespace, &mut kinds);
                    alone::object(&object, &mut kinds, &mut report);
                    let twice = object.manifest.wrong("metadata.name", TWICE);
                    let title = object.title();
                    if let Added::Instead = objects.add(object) {
                        report.add(Finding::told(twice, Severity::Warning, "object/twice", &title, "metadata.name"));
                    }
                }
                Err(wrong) if wrong.foreign => report.skip(),
                Err(wrong) => report.add(Finding::document(wrong)),
            }
        }
    }
    component::types(&objects, &mut report);
    release::components(&objects, environment, &mut report);
    report.sort();
    report
}
