//! Rules of Kubernetes' own kinds that their schemas cannot say: a file per family of kinds.

mod data;
mod immutable;
mod network;
mod plain;
mod pod;
mod rights;
mod scaling;
mod selector;
mod service;
mod status;
mod workload;

use serde_json::Value;

use super::{cause, pods, presence};
use crate::{kinds::Kind, status::Cause};

/// Field errors.
pub(super) fn check(kind: &Kind, schema: &schema::Schema, object: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut report = Report::default();
    presence::check(kind, schema, object, &mut report.causes);
    if let Some(old) = old {
        immutable::check(kind, object, old, &mut report.causes);
    }
    match &*kind.kind {
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "ReplicationController" => {
            workload::scaled(kind, object, &mut report);
        }
        "Job" => workload::job("spec", &object["spec"], &mut report),
        "CronJob" => workload::cron(object, &mut report),
        "Service" => service::check(object, old, &mut report),
        "ConfigMap" | "Secret" => data::check(kind, object, &mut report),
        "Role" | "ClusterRole" => rights::role(kind, object, &mut report),
        "RoleBinding" | "ClusterRoleBinding" => rights::binding(kind, object, &mut report),
        "NetworkPolicy" => network::policy(object, &mut report),
        "Ingress" => network::ingress(object, &mut report),
        "EndpointSlice" => network::slice(object, &mut report),
        "HorizontalPodAutoscaler" => scaling::autoscaler(object, &mut report),
        "PodDisruptionBudget" => scaling::budget(object, &mut report),
        "PersistentVolumeClaim" => plain::claim("spec", &object["spec"], &mut report),
        "PriorityClass" => plain::priority(object, &mut report),
        "StorageClass" => plain::storage(object, &mut report),
        "Lease" => plain::lease(object, &mut report),
        "Namespace" => plain::namespace(object, &mut report),
        "Event" => plain::event(object, &mut report),
        _ => {}
    }
    let mut copy = object.clone();
    if let Some(spec) = pods::spec_of(kind, &mut copy) {
        if &*kind.kind == "StatefulSet" {
            workload::claims_as_volumes(object, spec);
        }
        pod::check(kind, spec, &mut report);
    }
    report.causes
}

/// What is not wrong, but hardly meant.
pub(super) fn warnings(kind: &Kind, object: &Value) -> Vec<String> {
    if &*kind.kind == "Secret" { data::warnings(object) } else { Vec::new() }
}

/// Field errors of a status.
pub(super) fn check_status(kind: &Kind, object: &Value, old: &Value) -> Vec<Cause> {
    let mut report = Report::default();
    status::check(&kind.kind, object, old, &mut report);
    report.causes
}

/// Field errors as they are found.
#[derive(Default)]
struct Report {
    causes: Vec<Cause>,
}

impl Report {
    fn required(&mut self, at: impl Into<String>, detail: &str) {
        let message = if detail.is_empty() { "Required value".into() } else { format!("Required value: {detail}") };
        self.causes.push(cause("FieldValueRequired", at, message));
    }

    fn invalid(&mut self, at: impl Into<String>, value: &Value, detail: &str) {
        self.causes.push(cause("FieldValueInvalid", at, format!("Invalid value: {value}: {detail}")));
    }

    /// One error for each problem of a name or the like.
    fn invalid_all(&mut self, at: &str, value: &str, problems: &[String]) {
        for problem in problems {
            self.invalid(at, &value.into(), problem);
        }
    }

    fn unsupported(&mut self, at: impl Into<String>, value: &Value, known: &[&str]) {
        let known: Vec<String> = known.iter().map(|word| format!("{word:?}")).collect();
        let value = if value.is_null() { &Value::String(String::new()) } else { value };
        let message = format!("Unsupported value: {value}: supported values: {}", known.join(", "));
        self.causes.push(cause("FieldValueNotSupported", at, message));
    }

    fn duplicate(&mut self, at: impl Into<String>, value: &Value) {
        self.causes.push(cause("FieldValueDuplicate", at, format!("Duplicate value: {value}")));
    }

    fn not_found(&mut self, at: impl Into<String>, value: &Value) {
        self.causes.push(cause("FieldValueNotFound", at, format!("Not found: {value}")));
    }

    /// Numbers of ports; one that is absent is zero.
    fn port_number(&mut self, at: impl Into<String>, value: &Value) {
        let number = value.as_i64().unwrap_or(0);
        if !(1..=65535).contains(&number) {
            self.invalid(at, &number.into(), "must be between 1 and 65535, inclusive");
        }
    }

    /// A number or the name of a port.
    fn port(&mut self, at: &str, value: &Value) {
        match value.as_str() {
            Some(name) => {
                for problem in port_name(name) {
                    self.invalid(at, value, problem);
                }
            }
            None => self.port_number(at, value),
        }
    }

    fn not_negative(&mut self, at: impl Into<String>, value: &Value) {
        if value.as_i64().is_some_and(|number| number < 0) {
            self.invalid(at, value, "must be greater than or equal to 0");
        }
    }
}

/// What is wrong with the name of a port.
fn port_name(name: &str) -> Vec<&'static str> {
    let mut problems = Vec::new();
    if name.len() > 15 {
        problems.push("must be no more than 15 characters");
    }
    if !name.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-') {
        problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !name.bytes().any(|letter| letter.is_ascii_lowercase()) {
        problems.push("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        problems.push("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        problems.push("must not begin or end with a hyphen");
    }
    problems
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// Items with their paths.
fn items<'v>(value: &'v Value, at: &str) -> impl Iterator<Item = (String, &'v Value)> {
    value.as_array().into_iter().flatten().enumerate().map(move |(index, item)| (format!("{at}[{index}]"), item))
}
