//! What is refused before it is stored: the rules of kinds that no schema can say.
//!
//! Pure: an object in, field errors out. A surface decides how they reach the user.

mod component;
mod release;
mod templates;

use schema::FieldError;
use serde_json::Value;

use crate::check;

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
pub const KINDS: [&str; 7] = [
    "Component",
    "ComponentRelease",
    "ReleaseBinding",
    "ComponentType",
    "ClusterComponentType",
    "Trait",
    "ClusterTrait",
];

/// Fills in what an update leaves out and means to keep: the release that a binding is pinned to.
pub fn complete(kind: &str, old: Option<&Value>, object: &mut Value) {
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
    let nothing = Value::Null;
    let spec = object.get("spec").unwrap_or(&nothing);
    // What is stored already is not judged anew for a change of its labels or finalizers.
    if old.is_some_and(|old| old.get("spec") == Some(spec)) {
        return Verdict::default();
    }
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "Component" => Verdict::refused(component::check(spec)),
        "ComponentRelease" if old.is_none() => Verdict::refused(release::check(spec)),
        "ComponentType" | "ClusterComponentType" => {
            let mut errors = templates::workload(spec);
            errors.extend(templates::used_traits(spec, kind == "ClusterComponentType"));
            with(errors, check::component_type(name, spec))
        }
        "Trait" | "ClusterTrait" => with(Vec::new(), check::trait_(name, spec)),
        _ => Verdict::default(),
    }
}

/// Field errors beside what the checks of templates found.
fn with(mut errors: Vec<FieldError>, checked: check::Checked) -> Verdict {
    errors.extend(checked.problems.into_iter().map(|problem| {
        let path = if problem.place.path.is_empty() { "spec".to_owned() } else { problem.place.path.clone() };
        FieldError {
            kind: schema::ErrorKind::Invalid,
            path,
            value: problem.place.expression.clone().map(Value::from),
            detail: problem.message,
        }
    }));
    let warnings = checked.warnings.iter().map(ToString::to_string).collect();
    Verdict { errors, warnings }
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
