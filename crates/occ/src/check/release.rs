//! A component with all that it uses, for each environment that the files bind it to: what is missing, what would be made.

use super::{Finding, Report, Severity, alone};
use crate::gather::{Lack, Object, Objects, Place, Told, Used, Whole, not_there};
use compiler::check::{self, ComponentChecked};
use compiler::{Compiler, Problem};
use std::fmt::Write as _;

/// Checks every component among the objects, in the environment that is asked for or in those of its bindings.
pub(super) fn components(objects: &Objects<'_>, environment: Option<&str>, report: &mut Report) {
    let compiler = Compiler::new();
    for object in objects.of_kind("Component") {
        let used = match Used::find(objects, object) {
            Ok(used) => used,
            Err(found) => {
                lacks(object, &found, report);
                continue;
            }
        };
        let places = match environment {
            None => Place::all(objects, &used),
            Some(_) => match Place::chosen(objects, &used, environment) {
                Ok(place) => vec![place],
                Err(text) => {
                    report.add(Finding::of(object, Severity::Error, "component/environment", "", text));
                    continue;
                }
            },
        };
        for place in places {
            let whole_component = Whole::new(objects, &used, place, &compiler);
            let checked = whole(&whole_component, report);
            made(&whole_component, &checked, report);
        }
    }
}

/// Tells what keeps a component from being looked at. What an object by itself has wrong is told with the object.
pub(crate) fn lacks<'l>(object: &Object<'_>, lacks: impl IntoIterator<Item = &'l Lack<'l, 'l>>, report: &mut Report) {
    for lack in lacks {
        match lack {
            Lack::Absent { what, .. } => report.note(not_there(object, what)),
            Lack::Wrong { path, text } => {
                report.add(Finding::of(object, Severity::Error, "component/reference", path, text.as_str()));
            }
            Lack::Unfit(unfit) => alone::unfit(unfit, report),
        }
    }
}

/// Checks a component in one place.
pub(crate) fn whole(whole: &Whole<'_, '_, '_>, report: &mut Report) -> ComponentChecked {
    let checked = check::component(&whole.input());
    let object = |problem: &Problem| whole.object(&problem.place).unwrap_or(whole.used.object);
    for (severity, list) in
        [(Severity::Error, &checked.checked.problems), (Severity::Warning, &checked.checked.warnings)]
    {
        for problem in list {
            report.add(Finding::problem(object(problem), severity, problem));
        }
    }
    for problem in &checked.missing {
        report.add(Finding::problem(object(problem), Severity::Error, problem));
    }
    for told in &whole.told {
        match told {
            Told::Note(text) => report.note(text.clone()),
            Told::Wrong { path, text } => {
                let workload = whole.used.workload_object;
                report.add(Finding::of(workload, Severity::Error, "component/dependency", path, text.as_str()));
            }
            Told::Problems(of, problems) => {
                for problem in problems {
                    report.add(Finding::problem(of, Severity::Error, problem));
                }
            }
        }
    }
    checked
}

fn made(whole: &Whole<'_, '_, '_>, checked: &ComponentChecked, report: &mut Report) {
    let what = format!("{} in {}", whole.used.object.title(), whole.place.environment);
    if !checked.produces.is_empty() {
        let mut text = format!("{what} would be made of\n");
        for produced in &checked.produces {
            let _ = writeln!(text, "    {produced}");
        }
        report.made(text);
    } else if !checked.is_clean() {
        report.made(format!("{what} cannot be made: see the errors above\n"));
    }
}
