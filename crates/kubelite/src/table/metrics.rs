//! What an autoscaler looks at, and what it saw last, in one cell.

use serde_json::Value;

/// Metrics that are shown; of more only the number is told.
const SHOWN: usize = 2;

/// `cpu: 40%/60%, 3/5 (avg) + 1 more...`
pub(super) fn targets(object: &Value) -> String {
    let seen = &object["status"]["currentMetrics"];
    let metrics = object["spec"]["metrics"].as_array().map_or(&[][..], Vec::as_slice);
    if metrics.is_empty() {
        return "<none>".to_owned();
    }
    let shown: Vec<String> =
        metrics.iter().take(SHOWN).enumerate().map(|(index, metric)| target(metric, &seen[index])).collect();
    let more = metrics.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" + {more} more...") } else { String::new() };
    shown.join(", ") + &rest
}

fn target(metric: &Value, seen: &Value) -> String {
    let kind = metric["type"].as_str().unwrap_or_default();
    let field = match kind {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let (wanted, current) = (&metric[field]["target"], &seen[field]["current"]);
    let text = |value: &Value| value.as_str().map_or_else(|| "<unknown>".to_owned(), str::to_owned);
    let average = wanted["averageValue"].as_str();
    match (kind, average) {
        ("Pods", _) => format!("{}/{}", text(&current["averageValue"]), average.unwrap_or_default()),
        ("External" | "Object", Some(average)) => format!("{}/{average} (avg)", text(&current["averageValue"])),
        ("External" | "Object", None) => {
            format!("{}/{}", text(&current["value"]), wanted["value"].as_str().unwrap_or_default())
        }
        (_, Some(average)) => format!("{}: {}/{average}", name(metric, field), text(&current["averageValue"])),
        (_, None) => {
            let percent =
                |value: &Value, absent: &str| value.as_i64().map_or(absent.to_owned(), |part| format!("{part}%"));
            let current = percent(&current["averageUtilization"], "<unknown>");
            format!("{}: {current}/{}", name(metric, field), percent(&wanted["averageUtilization"], "<auto>"))
        }
    }
}

fn name<'m>(metric: &'m Value, field: &str) -> &'m str {
    metric[field]["name"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metrics_are_shown_with_what_was_seen_last() {
        let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 60}}});
        let pods = json!({"type": "Pods", "pods": {"target": {"averageValue": "5"}}});
        let queue = json!({"type": "External", "external": {"target": {"averageValue": "3"}}});
        let object = json!({
            "spec": {"metrics": [cpu, pods, queue]},
            "status": {"currentMetrics": [{"resource": {"current": {"averageUtilization": 40}}}]},
        });
        assert_eq!(targets(&object), "cpu: 40%/60%, <unknown>/5 + 1 more...");
        assert_eq!(targets(&json!({"spec": {}})), "<none>");
    }
}
