//! Releases: parameters fit the schemas that were frozen with them, everything that is used was frozen, and what was
//! frozen is right by itself.

use schema::{ErrorKind, FieldError};
use serde_json::Value;

use super::{frozen, items, repeated, text};
use crate::bind::{Undeclared, Values};
use crate::spec::SchemaSection;

/// Checks a new release.
pub(super) fn check(spec: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let frozen = items(spec, "/traits");
    let keys: Vec<String> = frozen.iter().map(|one| format!("{}:{}", kind(one), text(one, "name"))).collect();
    for (position, key) in repeated(keys.iter().map(String::as_str)) {
        errors.push(FieldError::duplicate(format!("spec.traits[{position}]"), key.into()));
    }
    let parameters = spec.pointer("/componentProfile/parameters");
    let of_type = spec.pointer("/componentType/spec/parameters");
    if let Err(why) = fits(of_type, parameters) {
        let detail = format!("parameters do not match ComponentType schema: {why}");
        errors.push(invalid("spec.componentProfile.parameters".into(), detail));
    }
    let used = items(spec, "/componentProfile/traits");
    for (position, name) in repeated(used.iter().map(|one| text(one, "instanceName"))) {
        let path = format!("spec.componentProfile.traits[{position}].instanceName");
        errors.push(FieldError::duplicate(path, name.into()));
    }
    for (position, one) in used.iter().enumerate() {
        let path = format!("spec.componentProfile.traits[{position}]");
        let name = text(one, "name");
        let Some(found) = frozen.iter().find(|other| kind(other) == kind(one) && text(other, "name") == name) else {
            let detail =
                format!("{} {name:?} is referenced in componentProfile but not found in traits snapshot", kind(one));
            errors.push(FieldError::invalid(format!("{path}.name"), name.into(), detail));
            continue;
        };
        if let Err(why) = fits(found.pointer("/spec/parameters"), one.get("parameters")) {
            let detail = format!("parameters do not match {} {name:?} schema: {why}", kind(one));
            errors.push(invalid(format!("{path}.parameters"), detail));
        }
    }
    if spec.pointer("/workload/container/image").and_then(Value::as_str).is_none_or(str::is_empty) {
        errors.push(FieldError::required("spec.workload.container.image", "the image to run"));
    }
    let of_type = &spec["componentType"];
    let type_kind = Some(text(of_type, "kind")).filter(|kind| !kind.is_empty()).unwrap_or("ComponentType");
    errors.extend(frozen::errors(type_kind, &of_type["spec"], "spec.componentType"));
    for (position, one) in frozen.iter().enumerate() {
        errors.extend(frozen::errors("Trait", &one["spec"], &format!("spec.traits[{position}]")));
    }
    errors
}

/// Checks a new release of a resource.
pub(super) fn of_resource(spec: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Err(why) = fits(spec.pointer("/resourceType/spec/parameters"), spec.get("parameters")) {
        errors.push(invalid("spec.parameters".into(), format!("parameters do not match ResourceType schema: {why}")));
    }
    errors.extend(frozen::errors("ResourceType", &spec["resourceType"]["spec"], "spec.resourceType"));
    errors
}

fn kind(used: &Value) -> &str {
    match text(used, "kind") {
        "" => "Trait",
        kind => kind,
    }
}

fn invalid(path: String, detail: String) -> FieldError {
    FieldError { kind: ErrorKind::Invalid, path, value: None, detail }
}

/// Whether values fit a schema section, defaults filled in; absent values are no values.
fn fits(section: Option<&Value>, given: Option<&Value>) -> Result<(), String> {
    let section: Option<SchemaSection> = section
        .filter(|section| !section.is_null())
        .map(|section| serde_json::from_value(section.clone()))
        .transpose()
        .map_err(|error| error.to_string())?;
    let values = Values::parse(section.as_ref()).map_err(|error| error.to_string())?;
    values.bound(given, Undeclared::Dropped).map(drop).map_err(|error| error.to_string())
}
