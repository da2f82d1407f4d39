//! Migration from client-side apply: what kubectl applied before and nobody changed since is no conflict for kubectl.

use serde_json::Value;

use super::compare::Comparison;
use super::conflict::{Conflict, Conflicts};
use super::extent;
use super::set::FieldSet;
use super::typing::Type;

pub(crate) const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// All annotations of an object together may be this long.
const MAX_ANNOTATIONS: usize = 256 << 10;

/// The conflicts that stand after those of the object's own client-side apply are forgiven; `None` when there is nothing to forgive by.
pub(crate) fn forgive(
    place: Type<'_>,
    live: &Value,
    api_version: &str,
    conflicts: &Conflicts,
) -> Option<Vec<Conflict>> {
    let text = annotation(live)?;
    let last: Value = serde_json::from_str(text).ok()?;
    if last.get("apiVersion").and_then(Value::as_str) != Some(api_version) {
        return None;
    }
    let changes = Comparison::of(place, &last, live);
    let allowed: FieldSet =
        extent::of(place, &last).difference(&changes.modified).difference(&changes.added).difference(&changes.removed);
    Some(conflicts.0.iter().filter(|conflict| !allowed.has(&conflict.path)).cloned().collect())
}

fn annotation(object: &Value) -> Option<&str> {
    let text = object.get("metadata")?.get("annotations")?.get(ANNOTATION)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

/// Writes what kubectl applies now into the annotation, where the object has it.
pub(crate) fn refresh(object: &mut Value, applied: &Value) {
    if annotation(object).is_none() {
        return;
    }
    let mut applied = applied.clone();
    if let Some(annotations) = applied.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(ANNOTATION);
    }
    let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) else { return };
    annotations.insert(ANNOTATION.to_owned(), Value::String(format!("{}\n", schema::go_json(&applied))));
    let size: usize = annotations.iter().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
    if size > MAX_ANNOTATIONS {
        annotations.remove(ANNOTATION);
    }
}
