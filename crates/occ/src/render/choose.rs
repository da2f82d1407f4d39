//! Which component is meant, and why it cannot be rendered.

use crate::check::{self, Report};
use crate::failure::Failure;
use crate::gather::{Lack, Object, Objects};

/// The component of a name, or the only one.
pub(super) fn component<'o, 's>(
    objects: &'o Objects<'s>,
    name: Option<&str>,
    namespace: Option<&str>,
) -> Result<&'o Object<'s>, Failure> {
    let all: Vec<&Object<'_>> =
        objects.of_kind("Component").filter(|found| namespace.is_none_or(|asked| found.namespace() == asked)).collect();
    let within = namespace.map(|namespace| format!(" in namespace {namespace}")).unwrap_or_default();
    if all.is_empty() {
        return Err(Failure::NotFound(format!("no Component{within} is in the files")));
    }
    let meant: Vec<&Object<'_>> =
        all.iter().copied().filter(|found| name.is_none_or(|name| found.name() == name)).collect();
    match (&meant[..], name) {
        ([only], _) => Ok(only),
        ([], name) => Err(Failure::NotFound(format!(
            "no Component {:?}{within} is in the files; there are {}",
            name.unwrap_or_default(),
            names(&all)
        ))),
        (several, Some(name)) => {
            let namespaces: Vec<&str> = several.iter().map(|found| found.namespace()).collect();
            Err(Failure::Input(format!(
                "a Component {name:?} is in the namespaces {}: say which with --namespace",
                namespaces.join(", ")
            )))
        }
        (several, None) => {
            Err(Failure::Input(format!("several components are in the files: say one of {}", names(several))))
        }
    }
}

fn names(objects: &[&Object<'_>]) -> String {
    objects.iter().map(|object| object.name()).collect::<Vec<_>>().join(", ")
}

/// Tells all that is missing or wrong. That something is not among the files goes first: it can be added.
pub(super) fn refused(object: &Object<'_>, lacks: &[Lack<'_, '_>], report: &mut Report) -> Failure {
    let absent: Vec<String> = lacks
        .iter()
        .filter_map(|lack| match lack {
            Lack::Absent { path, what } => {
                let text = format!("{what} is in none of the files: add its file with -f");
                Some(object.manifest.wrong(path, text).to_string())
            }
            Lack::Wrong { .. } | Lack::Unfit(_) => None,
        })
        .collect();
    let others = lacks.iter().filter(|lack| !matches!(lack, Lack::Absent { .. }));
    check::lacks(object, others, report);
    report.sort();
    eprint!("{}", report.told());
    if absent.is_empty() { Failure::Reported } else { Failure::NotFound(absent.join("\n")) }
}
