//! Component types with the traits that they embed, where both are among the files.

use super::{Finding, Object, Report, Severity};
use compiler::check::{self, TraitSpec};
use serde_json::Value;

/// Checks every component type with its traits.
pub(super) fn types(objects: &[Object<'_>], report: &mut Report) {
    for object in objects.iter().filter(|object| object.fits && is_type(object)) {
        let mut used = Vec::new();
        let mut all = true;
        for embedded in object.spec()["traits"].as_array().into_iter().flatten() {
            match find_trait(objects, object.namespace(), embedded) {
                Some(found) if found.fits => used.push(found),
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

/// What could not be checked for the want of an object.
pub(super) fn not_there(object: &Object<'_>, what: &str) -> String {
    format!("{} uses {what}, which is not among the files: name its file too to check them together", object.title())
}

/// Kind and name of what a trait's use refers to.
pub(super) fn reference(used: &Value) -> String {
    let kind = used["kind"].as_str().filter(|kind| !kind.is_empty()).unwrap_or("Trait");
    format!("the {kind} {}", used["name"].as_str().unwrap_or_default())
}

/// The trait that a type or a component uses.
pub(super) fn find_trait<'o, 's>(objects: &'o [Object<'s>], namespace: &str, used: &Value) -> Option<&'o Object<'s>> {
    let kind = used["kind"].as_str().filter(|kind| !kind.is_empty()).unwrap_or("Trait");
    let name = used["name"].as_str()?;
    objects
        .iter()
        .rev()
        .find(|o| o.is(kind) && o.name() == name && (kind == "ClusterTrait" || o.namespace() == namespace))
}
