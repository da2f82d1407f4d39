//! Rules of `metadata`, the same for every kind but for the form of names.

use serde_json::Value;

use super::{
    cause,
    go_json::{OWNER, go_json},
};
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

/// Labels that a Job gets from its name, by way of its template.
const JOB_NAME: &[&str] = &["batch.kubernetes.io/job-name", "job-name"];

fn form(kind: &Kind) -> Form {
    match &*kind.kind {
        _ if kind.origin == Origin::Custom => Form::Subdomain,
        "Namespace" | "Service" => Form::Label,
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" | "PodDisruptionBudget" => Form::Segment,
        _ => Form::Subdomain,
    }
}

/// Field errors of `metadata`.
pub(crate) fn validate_metadata(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let metadata = &object["metadata"];
    let mut absent = false;
    let mut invalid = |field: String, value: &str, problem: &str| {
        causes.push(cause(
            "FieldValueInvalid",
            field,
            format!("Invalid value: {}: {problem}", schema::go_quote(value)),
        ));
    };
    if old.is_none() {
        let name = meta::text(object, "name");
        if name.is_empty() {
            absent = true;
        }
        let prefix = meta::text(object, "generateName");
        if !prefix.is_empty() {
            // A prefix may end in what a name may not end in.
            let sample = format!("{}a", prefix.trim_end_matches(['-', '.']));
            for problem in names::problems(form(kind), &sample) {
                invalid("metadata.generateName".into(), prefix, &problem);
            }
        }
        for problem in names::problems(form(kind), name).into_iter().filter(|_| !name.is_empty()) {
            invalid("metadata.name".into(), name, &problem);
        }
    }
    for (key, value) in metadata["labels"].as_object().into_iter().flatten() {
        for problem in names::qualified(key) {
            invalid("metadata.labels".into(), key, &problem);
        }
        let text = value.as_str().unwrap_or_default();
        if JOB_NAME.contains(&key.as_str()) && &*kind.kind == "Job" {
            // Copied from the template, where it is told.
            continue;
        }
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
    for (index, name) in meta::finalizers(object).into_iter().enumerate() {
        let problems = names::qualified(name);
        for problem in &problems {
            invalid("metadata.finalizers".into(), name, problem);
        }
        // Definitions and their objects may have any.
        let own = kind.origin == Origin::Builtin && &*kind.group != "apiextensions.k8s.io";
        if own
            && problems.is_empty()
            && !name.contains('/')
            && !matches!(name, "foregroundDeletion" | "orphan" | "kubernetes")
        {
            let problem = "name is neither a standard finalizer name nor is it fully qualified";
            invalid(format!("metadata.finalizers[{index}]"), name, problem);
        }
    }
    if size > ANNOTATIONS {
        causes.push(cause(
            "FieldValueTooLong",
            "metadata.annotations",
            format!("Too long: may not be more than {ANNOTATIONS} bytes"),
        ));
    }
    if absent {
        let message = "Required value: name or generateName is required";
        causes.insert(0, cause("FieldValueRequired", "metadata.name", message));
    }
    owners(metadata, &mut causes);
    causes
}

/// Workloads' own rules look at a change of `metadata` only as a change.
const ONLY_AS_CHANGE: &[&str] = &["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"];

/// Field errors of `metadata` after an update. Kubernetes looks at it as such and as a change, for any object and once more for
/// one of its own kinds: an error is told as often as it is found.
pub(crate) fn validate_update(kind: &Kind, old: &Value, new: &Value) -> Vec<Cause> {
    let form = validate_metadata(kind, new, Some(old));
    let both = ["metadata.labels", "metadata.annotations", "metadata.ownerReferences"];
    let mut change = validate_changes(old, new);
    change.extend(form.iter().filter(|cause| both.iter().any(|field| cause.field.starts_with(field))).cloned());
    let mut causes = form.clone();
    causes.extend(change.iter().cloned());
    causes.extend(change);
    if kind.origin == Origin::Builtin && !ONLY_AS_CHANGE.contains(&&*kind.kind) {
        causes.extend(form);
    }
    causes
}

/// What an update may not say otherwise in `metadata`.
fn validate_changes(old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let (was, is) = (&old["metadata"], &new["metadata"]);
    if was["deletionGracePeriodSeconds"] != is["deletionGracePeriodSeconds"] {
        let message = format!(
            "Invalid value: {}: field is immutable; may only be changed via deletion",
            is["deletionGracePeriodSeconds"]
        );
        causes.push(cause("FieldValueInvalid", "metadata.deletionGracePeriodSeconds", message));
    }
    if meta::deleting(old) {
        let before = meta::finalizers(old);
        let added: Vec<String> = meta::finalizers(new)
            .into_iter()
            .filter(|name| !before.contains(name))
            .map(|name| format!("{name:?}"))
            .collect();
        if !added.is_empty() {
            let message = format!(
                "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                added.join(", ")
            );
            causes.push(cause("FieldValueForbidden", "metadata.finalizers", message));
        }
    }
    let same_time = |key: &str| {
        let time = |value: &Value| value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        was[key] == is[key] || time(&was[key]).is_some_and(|was| time(&is[key]) == Some(was))
    };
    for (key, same) in [
        ("uid", was["uid"] == is["uid"]),
        ("creationTimestamp", same_time("creationTimestamp")),
        ("deletionTimestamp", same_time("deletionTimestamp")),
    ] {
        if !same {
            let message = format!("Invalid value: {}: field is immutable", is[key]);
            causes.push(cause("FieldValueInvalid", format!("metadata.{key}"), message));
        }
    }
    causes
}

fn owners(metadata: &Value, causes: &mut Vec<Cause>) {
    let Value::Array(owners) = &metadata["ownerReferences"] else { return };
    let mut controller: Option<String> = None;
    for owner in owners {
        for key in ["apiVersion", "kind", "name", "uid"] {
            if owner[key].as_str().is_none_or(str::is_empty) {
                let what = if key == "apiVersion" { "version must" } else { "must" };
                let field = format!("metadata.ownerReferences.{key}");
                causes.push(cause("FieldValueInvalid", field, format!("Invalid value: \"\": {what} not be empty")));
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
                    owners = go_json(&metadata["ownerReferences"], OWNER)
                );
                causes.push(cause("FieldValueInvalid", "metadata.ownerReferences", message));
            }
            controller = Some(this);
        }
    }
}
