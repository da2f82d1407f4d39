//! What a component type's templates make: exactly one workload, of the kind that the type declares.

use schema::FieldError;
use serde_json::Value;

use super::{items, repeated, text};

/// Kinds of which a type has one at most.
const WORKLOADS: [&str; 5] = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"];

/// The one workload.
pub(super) fn workload(spec: &Value) -> Vec<FieldError> {
    let declared = text(spec, "workloadType");
    let mut errors = Vec::new();
    let mut matching = Vec::new();
    for (position, resource) in items(spec, "/resources").iter().enumerate() {
        let kind = resource.pointer("/template/kind").and_then(Value::as_str).unwrap_or_default();
        let path = format!("spec.resources[{position}].template.kind");
        if declared != "proxy" && kind.eq_ignore_ascii_case(declared) {
            matching.push(path);
        } else if WORKLOADS.iter().any(|workload| kind.eq_ignore_ascii_case(workload)) {
            let detail = format!(
                "resource kind {kind:?} is a workload type that does not match the declared workloadType {declared:?}; only one workload resource is allowed"
            );
            errors.push(FieldError::forbidden(path, detail));
        }
    }
    let wanted = format!("must have exactly one resource with kind matching workloadType {declared:?}");
    match matching.len() {
        0 if declared != "proxy" => errors.push(FieldError::required("spec.resources", wanted)),
        0 | 1 => {}
        count => {
            errors.extend(matching.into_iter().map(|path| FieldError::duplicate(path, declared.into())));
            let detail = format!("{wanted}, found {count}");
            errors.push(FieldError::invalid("spec.resources", format!("{count} resources").into(), detail));
        }
    }
    errors
}

/// Traits that the type brings, and those that it allows.
pub(super) fn used_traits(spec: &Value, cluster: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let embedded = items(spec, "/traits");
    for (position, name) in repeated(embedded.iter().map(|one| text(one, "instanceName"))) {
        errors.push(FieldError::duplicate(format!("spec.traits[{position}].instanceName"), name.into()));
    }
    if cluster {
        for (position, one) in embedded.iter().enumerate().filter(|(_, one)| text(one, "kind") != "ClusterTrait") {
            let detail = "a ClusterComponentType can only use ClusterTraits";
            errors.push(FieldError::invalid(format!("spec.traits[{position}].kind"), text(one, "kind").into(), detail));
        }
    }
    let key = |one: &Value| format!("{}:{}", text(one, "kind"), text(one, "name"));
    for list in ["allowedTraits", "allowedWorkflows"] {
        let keys: Vec<String> = items(spec, &format!("/{list}")).iter().map(key).collect();
        for (position, key) in repeated(keys.iter().map(String::as_str)) {
            errors.push(FieldError::duplicate(format!("spec.{list}[{position}]"), key.into()));
        }
    }
    for (position, one) in items(spec, "/allowedTraits").iter().enumerate() {
        if embedded.iter().any(|used| key(used) == key(one)) {
            let detail = "the type brings this trait already: components cannot add it again";
            errors.push(FieldError::invalid(format!("spec.allowedTraits[{position}]"), key(one).into(), detail));
        }
    }
    errors
}
