//! Rules of `metadata`, the same for every kind but for the form of names.

use serde_json::Value;

use super::cause;
use crate::{
    kinds::{Kind, Origin},
    object::{
        meta,
        names::{self, Form},
    },
    status::Cause,
};

/// Most bytes of all annotations together.
const ANNOTATIONS: usize = 256 * 1024;

fn form(kind: &Kind) -> Form {
    match &*kind.kind {
        _ if kind.origin == Origin::Custom => Form::Subdomain,
        "Namespace" => Form::Label,
        "Service" => Form::Label1035,
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => Form::Segment,
        _ => Form::Subdomain,
    }
}

/// Field errors of `metadata`.
pub(crate) fn validate_metadata(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let metadata = &object["metadata"];
    let mut invalid = |field: String, value: &str, problem: &str| {
        causes.push(cause(
            "FieldValueInvalid",
            field,
            format!("Invalid value: {}: {problem}", schema::go_quote(value)),
        ));
    };
    if old.is_none() {
        let name = meta::text(object, "name");
        for problem in names::problems(form(kind), name) {
            invalid("metadata.name".into(), name, &problem);
        }
        let prefix = meta::text(object, "generateName");
        if !prefix.is_empty() {
            // A prefix may end in what a name may not end in.
            let sample = format!("{}a", prefix.trim_end_matches(['-', '.']));
            for problem in names::problems(form(kind), &sample) {
                invalid("metadata.generateName".into(), prefix, &problem);
            }
        }
    }
    for (key, value) in metadata["labels"].as_object().into_iter().flatten() {
        for problem in names::qualified(key) {
            invalid("metadata.labels".into(), key, &problem);
        }
        let text = value.as_str().unwrap_or_default();
        for problem in names::label_value(text) {
            invalid("metadata.labels".into(), text, &problem);
        }
    }
    let mut size = 0;
    for (key, value) in metadata["annotations"].as_object().into_iter().flatten() {
        for problem in names::qualified(&key.to_lowercase()) {
            invalid("metadata.annotations".into(), key, &problem);
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    for name in meta::finalizers(object) {
        for problem in names::qualified(name) {
            invalid("metadata.finalizers".into(), name, &problem);
        }
    }
    if size > ANNOTATIONS {
        causes.push(cause(
            "FieldValueTooLong",
            "metadata.annotations",
            format!("Too long: may not be more than {ANNOTATIONS} bytes"),
        ));
    }
    types(metadata, &mut causes);
    owners(metadata, &mut causes);
    causes
}

/// Metadata of custom kinds has no schema of its own, so its types are checked here.
fn types(metadata: &Value, causes: &mut Vec<Cause>) {
    for map in ["labels", "annotations"] {
        match &metadata[map] {
            Value::Null => {}
            Value::Object(entries) => {
                for (key, value) in entries.iter().filter(|(_, value)| !value.is_string()) {
                    let message = format!("Invalid value: {value}: must be a string (quote it)");
                    causes.push(cause("FieldValueTypeInvalid", format!("metadata.{map}[{key}]"), message));
                }
            }
            other => causes.push(cause(
                "FieldValueTypeInvalid",
                format!("metadata.{map}"),
                format!("Invalid value: {other}: must be a map of strings"),
            )),
        }
    }
    if let Some(items) = metadata["finalizers"].as_array() {
        for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.is_string()) {
            causes.push(cause(
                "FieldValueTypeInvalid",
                format!("metadata.finalizers[{index}]"),
                format!("Invalid value: {item}: must be a string"),
            ));
        }
    } else if !metadata["finalizers"].is_null() {
        causes.push(cause("FieldValueTypeInvalid", "metadata.finalizers", "Invalid value: must be a list of strings"));
    }
}

fn owners(metadata: &Value, causes: &mut Vec<Cause>) {
    let owners = match &metadata["ownerReferences"] {
        Value::Null => return,
        Value::Array(owners) => owners,
        _ => {
            return causes.push(cause(
                "FieldValueTypeInvalid",
                "metadata.ownerReferences",
                "Invalid value: must be a list",
            ));
        }
    };
    let mut controller: Option<String> = None;
    for (index, owner) in owners.iter().enumerate() {
        let at = format!("metadata.ownerReferences[{index}]");
        for key in ["apiVersion", "kind", "name", "uid"] {
            if owner[key].as_str().is_none_or(str::is_empty) {
                let field = if key == "apiVersion" { format!("{at}.apiVersion") } else { format!("{at}.{key}") };
                causes.push(cause(
                    "FieldValueInvalid",
                    field,
                    "Invalid value: \"\": must not be empty"
                        .replace("must not", if key == "apiVersion" { "version must not" } else { "must not" }),
                ));
            }
        }
        for key in ["controller", "blockOwnerDeletion"] {
            if owner.get(key).is_some_and(|flag| !flag.is_boolean() && !flag.is_null()) {
                causes.push(cause(
                    "FieldValueTypeInvalid",
                    format!("{at}.{key}"),
                    format!("Invalid value: {}: must be true or false", owner[key]),
                ));
            }
        }
        if owner["controller"] == true {
            let this = format!(
                "{}/{}",
                owner["kind"].as_str().unwrap_or_default(),
                owner["name"].as_str().unwrap_or_default()
            );
            if let Some(other) = &controller {
                let message = format!(
                    "Invalid value: {owners}: Only one reference can have Controller set to true. Found \"true\" in references for {other} and {this}",
                    owners = metadata["ownerReferences"]
                );
                causes.push(cause("FieldValueInvalid", "metadata.ownerReferences", message));
            }
            controller = Some(this);
        }
    }
}
