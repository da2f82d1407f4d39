//! Component types with the traits that they embed, where both are among the files.

use super::{Finding, Report, Severity};
use crate::gather::{Object, Objects, find_trait, not_there, reference};
use compiler::check::{self, TraitSpec};

/// Checks every component type with its traits.
pub(super) fn types(objects: &Objects<'_>, report: &mut Report) {
    for object in objects.iter().filter(|object| object.fits() && is_type(object)) {
        let mut used = Vec::new();
        let mut all = true;
        for embedded in object.spec()["traits"].as_array().into_iter().flatten() {
            match find_trait(objects, object.namespace(), embedded) {
                Some(found) if found.fits() => used.push(found),
                Some(_) => all = false,
                None => {
                    all = false;
                    report.note(not_there(object, &reference(embedded)));
                }
            }
        }
        if used.is_empty() || !all {
            continue;
        }
        let specs: Vec<TraitSpec<'_>> = used
            .iter()
            .map(|used| TraitSpec { kind: used.manifest.noun.kind, name: used.name(), spec: used.spec() })
            .collect();
        let checked = check::component_type_with_traits(object.name(), object.spec(), &specs);
        for (severity, list) in [(Severity::Error, &checked.problems), (Severity::Warning, &checked.warnings)] {
            for problem in list {
                // Its object is the type or one of the traits; the place in the latter is the one that can be mended.
                let of_trait = used.iter().find(|used| problem.place.object == format!("Trait {}", used.name()));
                report.add(Finding::problem(of_trait.copied().unwrap_or(object), severity, problem));
            }
        }
    }
}

fn is_type(object: &Object<'_>) -> bool {
    object.is("ComponentType") || object.is("ClusterComponentType")
}
