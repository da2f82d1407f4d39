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

use crate::failure::Failure;
use crate::manifests::{Manifest, Source, manifests, sources};
use crate::objects::print;
use clap::{Arg, ArgAction, ArgMatches, Command};
use finding::{Finding, Report, Severity};
use serde_json::Value;
use std::process::ExitCode;

/// `occ check`
pub(crate) fn command() -> Command {
    Command::new("check")
        .about("Say what is wrong with files, and what would be made of the components in them")
        .after_help(
            "Nothing is asked of a control plane: types, traits and environments that are not among the files\n\
             are named in a note. The exit code is 1 where there is an error, 0 where there are only warnings.",
        )
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required_unless_present("more")
                .action(ArgAction::Append)
                .num_args(1..)
                .help("File, folder with all below it, URL, or - for standard input; may be repeated"),
        )
        .arg(
            Arg::new("more")
                .short('f')
                .long("file")
                .value_name("FILE")
                .action(ArgAction::Append)
                .help("The same, as with apply"),
        )
}

/// An object as a control plane would store it, and where it was written.
struct Object<'s> {
    manifest: Manifest,
    /// The text that it was read from.
    stream: &'s str,
    /// Without unknown fields, with defaults.
    stored: Value,
    /// Whether the schema of its kind takes it.
    fits: bool,
}

impl Object<'_> {
    fn is(&self, kind: &str) -> bool {
        self.manifest.noun.kind == kind
    }

    fn name(&self) -> &str {
        &self.manifest.name
    }

    fn namespace(&self) -> &str {
        self.manifest.namespace.as_deref().unwrap_or("default")
    }

    fn spec(&self) -> &Value {
        &self.stored["spec"]
    }

    /// The object as its type; `None` where it does not fit, which is told already.
    fn read<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        self.fits.then(|| serde_json::from_value(self.stored.clone()).ok()).flatten()
    }

    fn title(&self) -> String {
        format!("{} {}", self.manifest.noun.kind, self.manifest.name)
    }
}

/// Checks what the arguments name.
pub(crate) async fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let named = ["file", "more"].into_iter().filter_map(|id| matches.get_many::<String>(id)).flatten();
    let sources = sources(named).await?;
    let report = check(&sources);
    print(&report.to_string())?;
    Ok(ExitCode::from(u8::from(report.has_errors())))
}

/// Checks texts.
fn check(sources: &[Source]) -> Report {
    let mut report = Report::new(sources.len());
    let mut objects = Vec::new();
    let mut kinds = alone::Kinds::default();
    for source in sources {
        for document in manifests(source) {
            match document {
                Ok(manifest) => {
                    report.objects += 1;
                    let object = alone::object(manifest, &source.text, &mut kinds, &mut report);
                    match objects.iter().position(|other: &Object<'_>| same(other, &object)) {
                        Some(first) if objects[first].stored == object.stored => {}
                        Some(_) => {
                            let text = "another object of this kind and name is among the files: the last one counts";
                            report.add(Finding::of(&object, Severity::Warning, "object/twice", "metadata.name", text));
                            objects.push(object);
                        }
                        None => objects.push(object),
                    }
                }
                Err(wrong) if wrong.foreign => report.skip(),
                Err(wrong) => report.add(Finding::document(wrong)),
            }
        }
    }
    component::types(&objects, &mut report);
    release::components(&objects, &mut report);
    report.sort();
    report
}

fn same(a: &Object<'_>, b: &Object<'_>) -> bool {
    a.is(b.manifest.noun.kind)
        && a.name() == b.name()
        && (!a.manifest.noun.namespaced || a.namespace() == b.namespace())
}
