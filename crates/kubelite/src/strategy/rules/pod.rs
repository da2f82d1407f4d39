//! Pod specs, alone or in a template.

use serde_json::Value;

use super::{Report, items, text};
use crate::{kinds::Kind, object::names};

fn prefix(kind: &Kind) -> &'static str {
    match &*kind.kind {
        "Pod" => "spec",
        "CronJob" => "spec.jobTemplate.spec.template.spec",
        "PodTemplate" => "template.spec",
        _ => "spec.template.spec",
    }
}

/// Paths of the downward API.
const FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Checks the spec.
pub(super) fn check(kind: &Kind, spec: &Value, report: &mut Report) {
    let at = prefix(kind);
    let volumes = volumes(at, spec, report);
    report.not_negative(format!("{at}.terminationGracePeriodSeconds"), &spec["terminationGracePeriodSeconds"]);
    if spec["activeDeadlineSeconds"].as_i64().is_some_and(|seconds| seconds < 1) {
        let at = format!("{at}.activeDeadlineSeconds");
        report.invalid(at, &spec["activeDeadlineSeconds"], "must be between 1 and 2147483647, inclusive");
    }
    let mut seen = Vec::new();
    for list in ["initContainers", "containers"] {
        for (at, container) in items(&spec[list], &format!("{at}.{list}")) {
            let name = text(container, "name");
            if !name.is_empty() {
                report.invalid_all(&format!("{at}.name"), name, &names::label(name));
                if seen.contains(&name) {
                    report.duplicate(format!("{at}.name"), &name.into());
                }
                seen.push(name);
            }
            if text(container, "image").is_empty() {
                report.required(format!("{at}.image"), "");
            }
            self::container(&at, container, &volumes, report);
        }
    }
}

fn volumes(at: &str, spec: &Value, report: &mut Report) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for (at, volume) in items(&spec["volumes"], &format!("{at}.volumes")) {
        let name = text(volume, "name");
        let at_name = format!("{at}.name");
        if name.is_empty() {
            // The schema says so of volumes that were sent; those of claims were not.
            if !report.causes.iter().any(|cause| cause.field == at_name) {
                report.required(at_name, "");
            }
        } else {
            let problems = names::label(name);
            report.invalid_all(&at_name, name, &problems);
            if known.iter().any(|other| other == name) {
                report.duplicate(at_name, &name.into());
            }
            if problems.is_empty() {
                known.push(name.to_owned());
            }
        }
        if volume["persistentVolumeClaim"].is_object() && text(&volume["persistentVolumeClaim"], "claimName").is_empty()
        {
            let at = format!("{at}.persistentVolumeClaim.claimName");
            if !report.causes.iter().any(|cause| cause.field == at) {
                report.required(at, "");
            }
        }
        for source in ["configMap", "secret"] {
            for (at, item) in items(&volume[source]["items"], &format!("{at}.{source}.items")) {
                let path = text(item, "path");
                if path.is_empty() {
                    report.required(format!("{at}.path"), "");
                } else if path.starts_with('/') {
                    report.invalid(format!("{at}.path"), &path.into(), "must be a relative path");
                }
            }
        }
    }
    known
}

fn container(at: &str, container: &Value, volumes: &[String], report: &mut Report) {
    let mut mounted = Vec::new();
    for (at, mount) in items(&container["volumeMounts"], &format!("{at}.volumeMounts")) {
        let wanted = text(mount, "name");
        if !volumes.iter().any(|name| name == wanted) {
            report.not_found(format!("{at}.name"), &wanted.into());
        }
        let path = text(mount, "mountPath");
        if mounted.contains(&path) && !path.is_empty() {
            report.invalid(format!("{at}.mountPath"), &path.into(), "must be unique");
        }
        mounted.push(path);
    }
    ports(at, container, report);
    environment(at, container, report);
    resources(&format!("{at}.resources"), &container["resources"], report);
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        self::probe(&format!("{at}.{probe}"), &container[probe], report);
    }
    for hook in ["postStart", "preStop"] {
        let (at, handler) = (format!("{at}.lifecycle.{hook}"), &container["lifecycle"][hook]);
        if handler.is_object() {
            handled(&at, handler, report);
        }
    }
}

fn ports(at: &str, container: &Value, report: &mut Report) {
    let mut named = Vec::new();
    for (at, port) in items(&container["ports"], &format!("{at}.ports")) {
        let name = text(port, "name");
        for problem in Some(name).filter(|name| !name.is_empty()).map(super::port_name).unwrap_or_default() {
            report.invalid(format!("{at}.name"), &name.into(), problem);
        }
        if !name.is_empty() && named.contains(&name) {
            report.duplicate(format!("{at}.name"), &name.into());
        }
        named.push(name);
        if port["containerPort"].as_i64().unwrap_or(0) == 0 {
            report.required(format!("{at}.containerPort"), "");
        } else {
            report.port_number(format!("{at}.containerPort"), &port["containerPort"]);
        }
        if port["hostPort"].as_i64().is_some_and(|number| number != 0) {
            report.port_number(format!("{at}.hostPort"), &port["hostPort"]);
        }
    }
}

fn environment(at: &str, container: &Value, report: &mut Report) {
    for (at, variable) in items(&container["env"], &format!("{at}.env")) {
        let source = &variable["valueFrom"];
        if let Some(map) = source.as_object() {
            if map.is_empty() {
                report.invalid(format!("{at}.valueFrom"), &"".into(), "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
            }
            if !text(variable, "value").is_empty() && !map.is_empty() {
                report.invalid(format!("{at}.valueFrom"), &"".into(), "may not be specified when `value` is not empty");
            }
            let path = text(&source["fieldRef"], "fieldPath");
            if !path.is_empty() {
                let at = format!("{at}.valueFrom.fieldRef.fieldPath");
                let subscript = path.starts_with("metadata.labels['") || path.starts_with("metadata.annotations['");
                if path.starts_with("metadata.") || path.starts_with("spec.") || path.starts_with("status.") {
                    if !FIELDS.contains(&path) && !subscript {
                        report.unsupported(at, &path.into(), FIELDS);
                    }
                } else {
                    report.invalid(at, &path.into(), "error converting fieldPath: field label not supported");
                }
            }
        }
    }
    for (at, source) in items(&container["envFrom"], &format!("{at}.envFrom")) {
        if source["configMapRef"].is_null() && source["secretRef"].is_null() {
            let list = at.rsplit_once('[').map_or(&*at, |(list, _)| list);
            report.invalid(list, &"".into(), "must specify one of: `configMapRef` or `secretRef`");
        }
    }
}

fn resources(at: &str, resources: &Value, report: &mut Report) {
    let quantity = |value: &Value| value.as_str().and_then(crate::object::quantity::number);
    for list in ["limits", "requests"] {
        for (name, value) in resources[list].as_object().into_iter().flatten() {
            let at = format!("{at}.{list}[{name}]");
            if !matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage")
                && !name.contains('/')
                && !name.starts_with("hugepages-")
            {
                report.invalid(at, &name.as_str().into(), "must be a standard resource for containers");
                continue;
            }
            if quantity(value).is_some_and(|number| number < 0.0) {
                report.invalid(at.clone(), value, "must be greater than or equal to 0");
            }
            let limit = &resources["limits"][name];
            if list == "requests"
                && let (Some(request), Some(limit_number)) = (quantity(value), quantity(limit))
                && request > limit_number
            {
                let detail =
                    format!("must be less than or equal to {name} limit of {}", limit.as_str().unwrap_or_default());
                report.invalid(at, value, &detail);
            }
        }
    }
}

fn probe(at: &str, probe: &Value, report: &mut Report) {
    if !probe.is_object() {
        return;
    }
    handled(at, probe, report);
    for field in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        report.not_negative(format!("{at}.{field}"), &probe[field]);
    }
}

/// One way to ask, and its port.
fn handled(at: &str, handler: &Value, report: &mut Report) {
    let ways = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];
    let given: Vec<&&str> = ways.iter().filter(|way| handler[**way].is_object()).collect();
    if given.is_empty() {
        report.required(at, "must specify a handler type");
    }
    for extra in given.iter().skip(1) {
        let message = "Forbidden: may not specify more than 1 handler type";
        report.causes.push(super::cause("FieldValueForbidden", format!("{at}.{extra}"), message));
    }
    if handler["exec"].is_object() && handler["exec"]["command"].as_array().is_none_or(Vec::is_empty) {
        report.required(format!("{at}.exec.command"), "");
    }
    for way in ["httpGet", "tcpSocket"] {
        if handler[way].is_object() {
            report.port(&format!("{at}.{way}.port"), &handler[way]["port"]);
        }
    }
}
