//! What an autoscaler asks for that is not carried out here.

use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscalerSpec, MetricTarget};

/// The kinds whose replicas are scaled.
const TARGETS: &[&str] = &["Deployment", "ReplicaSet", "StatefulSet"];

/// The first field that is not carried out, with its path and what would be.
pub(super) fn refusal(spec: &HorizontalPodAutoscalerSpec) -> Option<String> {
    let target = &spec.scale_target_ref;
    let group = target.api_version.as_deref().unwrap_or("apps/v1");
    if group != "apps/v1" || !TARGETS.contains(&target.kind.as_str()) {
        let words = format!("{group} {}: not scaled on this node; apps/v1 {} are", target.kind, TARGETS.join(", "));
        return Some(format!("spec.scaleTargetRef: {words}"));
    }
    if spec.min_replicas == Some(0) {
        return Some("spec.minReplicas: 0 needs a metric that exists without pods; use 1 or more".to_owned());
    }
    spec.metrics.iter().flatten().enumerate().find_map(|(index, metric)| {
        let path = format!("spec.metrics[{index}]");
        match (metric.type_.as_str(), &metric.resource, &metric.container_resource) {
            ("Resource", Some(source), _) => refused(&format!("{path}.resource"), &source.name, &source.target),
            ("ContainerResource", _, Some(source)) => {
                refused(&format!("{path}.containerResource"), &source.name, &source.target)
            }
            ("Resource" | "ContainerResource", ..) => {
                Some(format!("{path}: the source that its type names is missing"))
            }
            (other, ..) => {
                Some(format!("{path}.type: {other}: not measured on this node; Resource and ContainerResource are"))
            }
        }
    })
}

fn refused(path: &str, resource: &str, target: &MetricTarget) -> Option<String> {
    if !matches!(resource, "cpu" | "memory") {
        return Some(format!("{path}.name: {resource}: not measured on this node; cpu and memory are"));
    }
    match target.type_.as_str() {
        "Utilization" if target.average_utilization.is_some_and(|percent| percent > 0) => None,
        "Utilization" => Some(format!("{path}.target.averageUtilization: must be greater than 0")),
        "AverageValue" => {
            let value = target.average_value.as_ref().and_then(|value| crate::pods::thousandths(&value.0));
            value
                .is_none_or(|value| value <= 0)
                .then(|| format!("{path}.target.averageValue: must be a positive quantity"))
        }
        other => Some(format!("{path}.target.type: {other}: not carried out; Utilization and AverageValue are")),
    }
}

#[cfg(test)]
mod tests {
    use super::refusal;
    use serde_json::{Value, json};

    #[test]
    fn what_is_not_carried_out_is_named_by_its_path() {
        let resource =
            |name: &str, target: Value| json!({"type": "Resource", "resource": {"name": name, "target": target}});
        let percent = json!({"type": "Utilization", "averageUtilization": 50});
        for (field, value, expected) in [
            ("metrics", json!([resource("cpu", percent.clone())]), None),
            ("metrics", json!([resource("memory", json!({"type": "AverageValue", "averageValue": "1Mi"}))]), None),
            (
                "metrics",
                json!([{"type": "ContainerResource", "containerResource": {"container": "a", "name": "cpu", "target": percent}}]),
                None,
            ),
            (
                "metrics",
                json!([resource("cpu", percent.clone()), {"type": "External"}]),
                Some("spec.metrics[1].type: External: "),
            ),
            ("metrics", json!([{"type": "Resource"}]), Some("spec.metrics[0]: the source")),
            (
                "metrics",
                json!([resource("storage", percent.clone())]),
                Some("spec.metrics[0].resource.name: storage: "),
            ),
            (
                "metrics",
                json!([resource("cpu", json!({"type": "Value", "value": "1"}))]),
                Some("spec.metrics[0].resource.target.type: Value: "),
            ),
            (
                "metrics",
                json!([resource("cpu", json!({"type": "Utilization"}))]),
                Some("spec.metrics[0].resource.target.averageUtilization: "),
            ),
            (
                "metrics",
                json!([resource("cpu", json!({"type": "AverageValue", "averageValue": "0"}))]),
                Some("spec.metrics[0].resource.target.averageValue: "),
            ),
            ("minReplicas", json!(0), Some("spec.minReplicas: 0 ")),
            (
                "scaleTargetRef",
                json!({"kind": "DaemonSet", "name": "a", "apiVersion": "apps/v1"}),
                Some("spec.scaleTargetRef: apps/v1 DaemonSet: "),
            ),
            (
                "scaleTargetRef",
                json!({"kind": "Deployment", "name": "a", "apiVersion": "example.com/v1"}),
                Some("spec.scaleTargetRef: example.com/v1 Deployment: "),
            ),
        ] {
            let mut spec = json!({"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "a", "apiVersion": "apps/v1"}});
            spec[field] = value;
            let told = refusal(&serde_json::from_value(spec.clone()).expect("a spec"));
            let fits = match (&told, expected) {
                (Some(told), Some(expected)) => told.starts_with(expected),
                (None, None) => true,
                _ => false,
            };
            assert!(fits, "{spec}: {told:?}");
        }
    }
}
