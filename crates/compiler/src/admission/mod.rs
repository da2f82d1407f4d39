//! What is refused before it is stored: the rules of kinds that no schema can say.
//!
//! Pure: an object in, field errors out. A surface decides how they reach the user.

mod component;
mod frozen;
mod project;
mod release;
mod role_binding;
mod severity;
mod templates;
mod words;
mod workflow;

use schema::FieldError;
use serde_json::Value;

use crate::check;
use crate::problem::{Code, Problem};

/// What a rule says of an object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Why the object is refused.
    pub errors: Vec<FieldError>,
    /// What is probably not meant.
    pub warnings: Vec<String>,
}

impl Verdict {
    fn refused(errors: Vec<FieldError>) -> Self {
        Self { errors, warnings: Vec::new() }
    }
}

/// The kinds that have rules.
pub const KINDS: [&str; 17] = [
    "Project",
    "Component",
    "ComponentRelease",
    "ResourceRelease",
    "AuthzRoleBinding",
    "ClusterAuthzRoleBinding",
    "ReleaseBinding",
    "ComponentType",
    "ClusterComponentType",
    "Trait",
    "ClusterTrait",
    "ProjectType",
    "ClusterProjectType",
    "ResourceType",
    "ClusterResourceType",
    "Workflow",
    "ClusterWorkflow",
];

/// No more errors than these are told one by one.
const SHOWN: usize = crate::problem::SHOWN;

/// Fills in what is the same for all objects of a kind, and what an update leaves out and means to keep: the service
/// account of workflow runs, the release that a binding is pinned to. A project's pipeline may be given by its bare name.
pub fn complete(kind: &str, old: Option<&Value>, object: &mut Value) {
    if matches!(kind, "Workflow" | "ClusterWorkflow") {
        return workflow::complete(object);
    }
    if kind == "Project" {
        return project::complete(object);
    }
    let (true, Some(old)) = (kind == "ReleaseBinding", old) else { return };
    let pin = |binding: &Value| binding.pointer("/spec/releaseName").and_then(Value::as_str).map(str::to_owned);
    if pin(object).is_some_and(|pin| !pin.is_empty()) {
        return;
    }
    if let (Some(before), Some(spec)) = (pin(old), object.get_mut("spec").and_then(Value::as_object_mut)) {
        spec.insert("releaseName".into(), before.into());
    }
}

/// Judges an object; `old` is what it was, absent when it is new. Kinds without rules pass.
pub fn judge(kind: &str, old: Option<&Value>, object: &Value) -> Verdict {
    let nothing = Value::Object(serde_json::Map::new());
    let spec = object.get("spec").filter(|spec| !spec.is_null()).unwrap_or(&nothing);
    // What is stored already is not judged anew for a change of its labels or finalizers.
    if old.is_some_and(|old| old.get("spec") == Some(spec)) {
        return Verdict::default();
    }
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let errors = match kind {
        // What a release froze is never changed, so only a new one is judged.
        "ComponentRelease" | "ResourceRelease" if old.is_some() => return Verdict::default(),
        _ => rules(kind, spec),
    };
    match check::object(kind, name, spec) {
        Some(checked) => with(kind, spec, errors, checked),
        None => Verdict::refused(errors),
    }
}

/// What is refused of a new object's spec beyond what [`check::object`] finds; empty for kinds without such rules.
pub fn rules(kind: &str, spec: &Value) -> Vec<FieldError> {
    match kind {
        "Component" => component::check(spec),
        "ComponentRelease" => release::check(spec),
        "ResourceRelease" => release::of_resource(spec),
        "AuthzRoleBinding" | "ClusterAuthzRoleBinding" => role_binding::check(spec),
        "ComponentType" | "ClusterComponentType" => {
            let mut errors = templates::workload(spec);
            errors.extend(templates::used_traits(spec, kind == "ClusterComponentType"));
            errors
        }
        "Workflow" | "ClusterWorkflow" => workflow::check(spec, kind == "ClusterWorkflow"),
        _ => Vec::new(),
    }
}

/// Field errors beside what the checks of templates found.
fn with(kind: &str, spec: &Value, mut errors: Vec<FieldError>, checked: check::Checked) -> Verdict {
    let rules = errors.len();
    let mut warnings = Vec::new();
    for problem in checked.problems {
        let path = if problem.place.path.is_empty() { "spec".to_owned() } else { problem.place.path.clone() };
        let told = |error: &FieldError| error.path == path || path == "spec.resources";
        if !severity::refuses(kind, &problem) {
            warnings.push(warning(&problem));
        } else if problem.code != Code::Spec || !errors[..rules].iter().any(told) {
            words::errors(problem, path, spec, &mut errors);
        }
    }
    warnings.extend(checked.warnings.iter().map(warning));
    shorten(&mut errors, |more| FieldError {
        kind: schema::ErrorKind::Invalid,
        path: "spec".to_owned(),
        value: None,
        detail: format!("and {more} more errors"),
    });
    shorten(&mut warnings, |more| format!("and {more} more warnings"));
    Verdict { errors, warnings }
}

/// One line that says where and what.
fn warning(problem: &Problem) -> String {
    let first = problem.message.lines().next().unwrap_or_default();
    let message = first.split_once("<input>:").map_or(first, |(_, rest)| rest.splitn(3, ':').last().unwrap_or(rest));
    let expression = problem.place.expression.as_ref().map(|source| format!(" in ${{{}}}", source.trim()));
    format!("{}: {}{}", problem.place.path, message.trim(), expression.unwrap_or_default())
}

fn shorten<T>(list: &mut Vec<T>, rest: impl Fn(usize) -> T) {
    let more = list.len().saturating_sub(SHOWN);
    if more > 0 {
        list.truncate(SHOWN);
        list.push(rest(more));
    }
}

/// The values of a list's member that were there before, with their positions.
fn repeated<'v>(values: impl Iterator<Item = &'v str>) -> Vec<(usize, &'v str)> {
    let mut seen = std::collections::BTreeSet::new();
    values.enumerate().filter(|(_, value)| !seen.insert(*value)).collect()
}

/// The items of a list; none where there is no list.
fn items<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A text; empty where there is none.
fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
