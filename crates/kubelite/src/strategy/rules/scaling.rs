//! HorizontalPodAutoscalers and PodDisruptionBudgets.

use serde_json::Value;

use super::{Report, items, selector, text, workload};

/// Types of metrics and the fields that they are in.
const METRICS: &[(&str, &str)] = &[
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("External", "external"),
    ("ContainerResource", "containerResource"),
];

/// A HorizontalPodAutoscaler of version 2 or 1.
pub(super) fn autoscaler(object: &Value, report: &mut Report) {
    let spec = &object["spec"];
    let least = spec["minReplicas"].as_i64().unwrap_or(1);
    let most = spec["maxReplicas"].as_i64().unwrap_or(0);
    if least < 1 {
        report.invalid("spec.minReplicas", &least.into(), "must be greater than or equal to 1");
    }
    if most == 0 {
        report.required("spec.maxReplicas", "must be set and greater than 0");
    } else if most < 0 {
        report.invalid("spec.maxReplicas", &most.into(), "must be greater than or equal to 1");
    }
    if most < least {
        report.invalid("spec.maxReplicas", &most.into(), "must be greater than or equal to `minReplicas`");
    }
    target("spec.scaleTargetRef", &spec["scaleTargetRef"], report);
    for (at, metric) in items(&spec["metrics"], "spec.metrics") {
        self::metric(&at, metric, report);
    }
    for side in ["scaleUp", "scaleDown"] {
        let (at, rules) = (format!("spec.behavior.{side}"), &spec["behavior"][side]);
        if !rules.is_object() {
            continue;
        }
        let window = &rules["stabilizationWindowSeconds"];
        report.not_negative(format!("{at}.stabilizationWindowSeconds"), window);
        if window.as_i64().is_some_and(|seconds| seconds > 3600) {
            report.invalid(format!("{at}.stabilizationWindowSeconds"), window, "must be less than or equal to 3600");
        }
        if rules["policies"].as_array().is_some_and(Vec::is_empty) {
            report.required(format!("{at}.policies"), "must specify at least one Policy");
        }
        for (at, policy) in items(&rules["policies"], &format!("{at}.policies")) {
            if !matches!(text(policy, "type"), "Pods" | "Percent") {
                report.unsupported(format!("{at}.type"), &policy["type"], &["Percent", "Pods"]);
            }
            for (field, most) in [("value", i64::MAX), ("periodSeconds", 1800)] {
                let number = policy[field].as_i64().unwrap_or(0);
                if number <= 0 {
                    report.invalid(format!("{at}.{field}"), &number.into(), "must be greater than zero");
                } else if number > most {
                    let detail = format!("must be less than or equal to {most}");
                    report.invalid(format!("{at}.{field}"), &number.into(), &detail);
                }
            }
        }
    }
}

fn target(at: &str, target: &Value, report: &mut Report) {
    for field in ["kind", "name"] {
        let value = text(target, field);
        for letter in ['/', '%'].iter().filter(|letter| value.contains(**letter)) {
            report.invalid(format!("{at}.{field}"), &value.into(), &format!("may not contain '{letter}'"));
        }
    }
    if !text(target, "apiVersion").contains('/') {
        report.invalid(format!("{at}.apiVersion"), &"".into(), "apiVersion must specify API group");
    }
}

fn metric(at: &str, metric: &Value, report: &mut Report) {
    let kind = text(metric, "type");
    let Some((_, field)) = METRICS.iter().find(|(name, _)| *name == kind) else {
        if kind.is_empty() {
            report.required(format!("{at}.type"), "must specify a metric source type");
        }
        let mut known: Vec<&str> = METRICS.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        // An unknown word is told by the schema too.
        let times = if kind.is_empty() { 2 } else { 1 };
        for _ in 0..times {
            report.unsupported(format!("{at}.type"), &kind.into(), &known);
        }
        return;
    };
    let source = &metric[field];
    if !source.is_object() {
        report.required(format!("{at}.{field}"), "must populate information for the given metric source");
        return;
    }
    let (at, target) = (format!("{at}.{field}.target"), &source["target"]);
    match text(target, "type") {
        "Utilization" | "Value" | "AverageValue" | "" => {}
        other => {
            let detail = "must be either Utilization, Value, or AverageValue";
            report.invalid(format!("{at}.type"), &other.into(), detail);
        }
    }
    if text(target, "type").is_empty() {
        report.required(format!("{at}.type"), "must specify a metric target type");
        report.invalid(format!("{at}.type"), &"".into(), "must be either Utilization, Value, or AverageValue");
    }
    if matches!(*field, "resource" | "containerResource") {
        let (share, value) = (&target["averageUtilization"], &target["averageValue"]);
        if share.is_null() && value.is_null() {
            let detail = "must set either a target raw value or a target utilization";
            report.required(format!("{at}.averageUtilization"), detail);
        }
        if share.as_i64().is_some_and(|share| share < 1) {
            report.invalid(format!("{at}.averageUtilization"), share, "must be greater than 0");
        }
    }
}

/// A PodDisruptionBudget.
pub(super) fn budget(object: &Value, report: &mut Report) {
    let spec = &object["spec"];
    if !spec["minAvailable"].is_null() && !spec["maxUnavailable"].is_null() {
        report.invalid("spec", &"".into(), "minAvailable and maxUnavailable cannot be both set");
    }
    for field in ["minAvailable", "maxUnavailable"] {
        if !spec[field].is_null() {
            share(&format!("spec.{field}"), &spec[field], report);
        }
    }
    selector::check("spec.selector", &spec["selector"], report);
}

fn share(at: &str, value: &Value, report: &mut Report) {
    workload::portion(at, value, report);
}
