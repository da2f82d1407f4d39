//! HorizontalPodAutoscaler in `autoscaling/v1`: one number for processors; all that it cannot say rides in annotations.

use serde_json::{Map, Value, json};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CURRENT: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
/// The field of `v1` for what `v2` has among its metrics, in `spec` and in `status`.
const WANTED: &str = "targetCPUUtilizationPercentage";
const SEEN: &str = "currentCPUUtilizationPercentage";

/// Makes it an object of `v2`.
pub(super) fn second(object: &mut Map<String, Value>) {
    let mut ridden = [METRICS, BEHAVIOR, CURRENT, CONDITIONS].map(|key| take(object, key));
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        let mut metrics = list(ridden[0].take());
        if let Some(percent) = spec.remove(WANTED) {
            metrics.insert(0, processors("target", &percent));
        }
        put(spec, "metrics", (!metrics.is_empty()).then(|| metrics.into()));
        put(spec, "behavior", ridden[1].take());
    }
    if let Some(status) = object.get_mut("status").and_then(Value::as_object_mut) {
        let mut current = list(ridden[2].take());
        if let Some(percent) = status.remove(SEEN) {
            current.insert(0, processors("current", &percent));
        }
        put(status, "currentMetrics", (!current.is_empty()).then(|| current.into()));
        put(status, "conditions", ridden[3].take());
    }
}

/// Makes it an object of `v1`.
pub(super) fn first(object: &mut Map<String, Value>) {
    let mut riding = Vec::new();
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        let (percent, rest) = split(spec.remove("metrics"), "target");
        put(spec, WANTED, percent);
        riding.push((METRICS, rest));
        riding.push((BEHAVIOR, spec.remove("behavior")));
    }
    if let Some(status) = object.get_mut("status").and_then(Value::as_object_mut) {
        let (percent, rest) = split(status.remove("currentMetrics"), "current");
        put(status, SEEN, percent);
        riding.push((CURRENT, rest));
        riding.push((CONDITIONS, status.remove("conditions")));
    }
    for (key, value) in riding {
        let Some(value) = value.filter(|value| !value.is_null()) else { continue };
        let Some(metadata) = object.entry("metadata").or_insert_with(|| json!({})).as_object_mut() else { continue };
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(key.into(), value.to_string().into());
        }
    }
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(key.into(), value);
    }
}

fn list(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

fn processors(side: &str, percent: &Value) -> Value {
    let mut number = json!({"averageUtilization": percent});
    if side == "target" {
        number["type"] = "Utilization".into();
    }
    json!({"type": "Resource", "resource": {"name": "cpu", side: number}})
}

/// The utilization of processors, and all other metrics.
fn split(metrics: Option<Value>, side: &str) -> (Option<Value>, Option<Value>) {
    let mut rest = list(metrics);
    let at = rest.iter().position(|metric| {
        metric["type"] == "Resource"
            && metric["resource"]["name"] == "cpu"
            && metric["resource"][side]["averageUtilization"].is_number()
    });
    let percent = at.map(|at| rest.remove(at)["resource"][side]["averageUtilization"].take());
    (percent, (!rest.is_empty()).then(|| rest.into()))
}

/// Takes an annotation that holds JSON; one that does not stays.
fn take(object: &mut Map<String, Value>, key: &str) -> Option<Value> {
    let metadata = object.get_mut("metadata")?.as_object_mut()?;
    let annotations = metadata.get_mut("annotations")?.as_object_mut()?;
    let value = serde_json::from_str(annotations.get(key)?.as_str()?).ok()?;
    annotations.remove(key);
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_again_nothing_is_lost() {
        let object = json!({
            "metadata": {"name": "a"},
            "spec": {
                "maxReplicas": 5, "behavior": {"scaleDown": {"selectPolicy": "Max"}},
                "metrics": [
                    {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}},
                    {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
                ],
            },
            "status": {"desiredReplicas": 1, "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 7}}}]},
        });
        let mut converted = object.as_object().unwrap().clone();
        first(&mut converted);
        assert_eq!(converted["spec"], json!({"maxReplicas": 5, "targetCPUUtilizationPercentage": 80}));
        assert_eq!(converted["status"], json!({"desiredReplicas": 1, "currentCPUUtilizationPercentage": 7}));
        second(&mut converted);
        assert_eq!(Value::Object(converted), object);
    }
}
