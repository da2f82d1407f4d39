//! Kinds with few rules.

use serde_json::Value;

use super::{Report, items, selector, text};
use crate::object::names;

/// How a claim may be used.
const MODES: &[&str] = &["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/// A PersistentVolumeClaim's spec.
pub(super) fn claim(at: &str, spec: &Value, report: &mut Report) {
    if spec["accessModes"].as_array().is_none_or(Vec::is_empty) {
        report.required(format!("{at}.accessModes"), "at least 1 access mode is required");
    }
    selector::check(&format!("{at}.selector"), &spec["selector"], report);
    for (_, mode) in items(&spec["accessModes"], "") {
        if !MODES.contains(&mode.as_str().unwrap_or_default()) {
            report.unsupported(format!("{at}.accessModes"), mode, MODES);
        }
    }
    let storage = &spec["resources"]["requests"]["storage"];
    match storage.as_str().and_then(crate::object::quantity::number) {
        None if storage.is_null() => report.required(format!("{at}.resources[storage]"), ""),
        Some(number) if number <= 0.0 => {
            report.invalid(format!("{at}.resources[storage]"), storage, "must be greater than zero");
        }
        _ => {}
    }
    let class = text(spec, "storageClassName");
    if !class.is_empty() {
        report.invalid_all(&format!("{at}.storageClassName"), class, &names::subdomain(class));
    }
}

/// Highest priority that is not the cluster's own.
const HIGHEST: i64 = 1_000_000_000;

/// A PriorityClass.
pub(super) fn priority(object: &Value, report: &mut Report) {
    let name = text(&object["metadata"], "name");
    if object["value"].as_i64().is_some_and(|value| value > HIGHEST) && !name.starts_with("system-") {
        let message = format!("Forbidden: maximum allowed value of a user defined priority is {HIGHEST}");
        report.causes.push(super::cause("FieldValueForbidden", "value", message));
    }
    if object["preemptionPolicy"] == "" {
        report.required("preemptionPolicy", "");
    }
}

/// A StorageClass.
pub(super) fn storage(object: &Value, report: &mut Report) {
    if object["volumeBindingMode"] == "" {
        report.unsupported("volumeBindingMode", &"".into(), &["Immediate", "WaitForFirstConsumer"]);
    }
}

/// A Lease.
pub(super) fn lease(object: &Value, report: &mut Report) {
    let seconds = &object["spec"]["leaseDurationSeconds"];
    if seconds.as_i64().is_some_and(|seconds| seconds <= 0) {
        report.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0");
    }
    report.not_negative("spec.leaseTransitions", &object["spec"]["leaseTransitions"]);
}

/// A Namespace.
pub(super) fn namespace(object: &Value, report: &mut Report) {
    for (_, finalizer) in items(&object["spec"]["finalizers"], "") {
        let name = finalizer.as_str().unwrap_or_default();
        let problems = names::qualified(name);
        report.invalid_all("spec.finalizers", name, &problems);
        if !name.contains('/') && name != "kubernetes" {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            report.invalid("spec.finalizers", finalizer, detail);
        }
    }
}

/// An Event: it lies where the object lies that it is about.
pub(super) fn event(object: &Value, report: &mut Report) {
    let about = &object["involvedObject"]["namespace"];
    let about = if about.is_null() { &object["regarding"]["namespace"] } else { about };
    let here = text(&object["metadata"], "namespace");
    let there = about.as_str().unwrap_or_default();
    if there != here && !(there.is_empty() && here == "default") {
        report.invalid("involvedObject.namespace", &there.into(), "does not match event.namespace");
    }
}
