//! The downward API: what a pod is told of itself, as environment and as files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use k8s_openapi::api::core::v1::{Container, Pod, ResourceFieldSelector};

use super::environment::Addresses;
use super::quantity;

/// What the computer has to give.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Machine {
    pub(crate) cpus: i64,
    /// In bytes.
    pub(crate) memory: i64,
}

/// A field of the pod; `None` where there is none of that path.
pub(crate) fn field_value(pod: &Pod, field: &str, addresses: &Addresses) -> Option<String> {
    let metadata = &pod.metadata;
    let spec = pod.spec.as_ref();
    let quoted = |text: &str| text.strip_prefix("['").and_then(|rest| rest.strip_suffix("']")).map(str::to_owned);
    Some(match field {
        "metadata.name" => metadata.name.clone().unwrap_or_default(),
        "metadata.namespace" => metadata.namespace.clone().unwrap_or_default(),
        "metadata.uid" => metadata.uid.clone().unwrap_or_default(),
        "spec.nodeName" => spec.and_then(|spec| spec.node_name.clone()).unwrap_or_default(),
        "spec.serviceAccountName" => {
            spec.and_then(|spec| spec.service_account_name.clone()).unwrap_or_else(|| "default".to_owned())
        }
        "status.podIP" => addresses.pod.first().cloned().unwrap_or_default(),
        "status.podIPs" => addresses.pod.join(","),
        "status.hostIP" | "status.hostIPs" => addresses.host.clone(),
        _ => {
            let (map, rest) = field
                .strip_prefix("metadata.labels")
                .map(|rest| (&metadata.labels, rest))
                .or_else(|| field.strip_prefix("metadata.annotations").map(|rest| (&metadata.annotations, rest)))?;
            let key = quoted(rest)?;
            map.as_ref().and_then(|map| map.get(&key)).cloned().unwrap_or_default()
        }
    })
}

/// A field as a file: all labels and all annotations too, one `key="value"` a line. Addresses are environment only.
pub(crate) fn file_value(pod: &Pod, field: &str) -> Option<String> {
    match field {
        "metadata.labels" => Some(lines(pod.metadata.labels.as_ref())),
        "metadata.annotations" => Some(lines(pod.metadata.annotations.as_ref())),
        field if field.starts_with("metadata.") => field_value(pod, field, &Addresses::default()),
        _ => None,
    }
}

fn lines(map: Option<&BTreeMap<String, String>>) -> String {
    let mut text = String::new();
    for (key, value) in map.into_iter().flatten() {
        if !text.is_empty() {
            text.push('\n');
        }
        // Writing to a string does not fail.
        let _ = write!(text, "{key}={value:?}");
    }
    text
}

/// A container's limit or request in units of the divisor, rounded up. What is not limited is the computer's whole; what
/// is not requested is 0. The error names what is wrong.
pub(crate) fn resource_value(
    container: &Container,
    selector: &ResourceFieldSelector,
    machine: Machine,
) -> Result<String, String> {
    let name = selector.resource.as_str();
    let resources = container.resources.clone().unwrap_or_default();
    let of = |map: &Option<BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>>, name: &str| {
        map.as_ref().and_then(|map| map.get(name)).and_then(|quantity| quantity::thousandths(&quantity.0))
    };
    let thousandths = match name.split_once('.') {
        Some(("limits", "cpu")) => of(&resources.limits, "cpu").unwrap_or(machine.cpus * 1000),
        Some(("limits", "memory")) => of(&resources.limits, "memory").unwrap_or(machine.memory.saturating_mul(1000)),
        Some(("requests", which @ ("cpu" | "memory"))) => {
            of(&resources.requests, which).or(of(&resources.limits, which)).unwrap_or(0)
        }
        _ => {
            return Err(format!(
                "resource {name:?} is not supported; supported are limits.cpu, limits.memory, requests.cpu and requests.memory"
            ));
        }
    };
    let divisor = selector.divisor.as_ref().map_or("1", |divisor| divisor.0.as_str());
    // The API server fills in 0 for none.
    let divisor = if divisor == "0" { "1" } else { divisor };
    let divisor = quantity::thousandths(divisor).filter(|divisor| *divisor > 0);
    let divisor = divisor.ok_or_else(|| "the divisor is not a positive quantity".to_owned())?;
    Ok((thousandths.div_euclid(divisor) + i64::from(thousandths.rem_euclid(divisor) > 0)).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn resources_are_told_in_units_of_the_divisor() {
        let container = json!({"name": "c", "resources": {"limits": {"cpu": "1500m", "memory": "64Mi"}}});
        let container: Container = serde_json::from_value(container).expect("a container");
        let bare: Container = serde_json::from_value(json!({"name": "c"})).expect("a container");
        let machine = Machine { cpus: 4, memory: 8 << 30 };
        for (of, resource, divisor, expected) in [
            (&container, "limits.cpu", "1", Ok("2")),
            (&container, "limits.cpu", "1m", Ok("1500")),
            (&container, "limits.memory", "1Mi", Ok("64")),
            (&container, "limits.memory", "0", Ok("67108864")),
            (&container, "requests.cpu", "1m", Ok("1500")),
            (&bare, "limits.cpu", "1", Ok("4")),
            (&bare, "limits.memory", "1Gi", Ok("8")),
            (&bare, "requests.memory", "1", Ok("0")),
            (&bare, "limits.cpu", "x", Err("the divisor is not a positive quantity")),
            (
                &bare,
                "limits.hugepages-2Mi",
                "1",
                Err(
                    "resource \"limits.hugepages-2Mi\" is not supported; supported are limits.cpu, limits.memory, requests.cpu and requests.memory",
                ),
            ),
        ] {
            let selector = json!({"resource": resource, "divisor": divisor});
            let selector: ResourceFieldSelector = serde_json::from_value(selector).expect("a selector");
            let told = resource_value(of, &selector, machine);
            assert_eq!(told.as_deref().map_err(String::as_str), expected, "{resource} / {divisor}");
        }
    }

    #[test]
    fn labels_and_annotations_are_lines() {
        let pod = json!({"metadata": {"name": "p", "labels": {"b": "2", "a": "x\"y\nz"}}});
        let pod: Pod = serde_json::from_value(pod).expect("a pod");
        assert_eq!(file_value(&pod, "metadata.labels").as_deref(), Some("a=\"x\\\"y\\nz\"\nb=\"2\""));
        assert_eq!(file_value(&pod, "metadata.labels['b']").as_deref(), Some("2"));
        assert_eq!(file_value(&pod, "metadata.annotations").as_deref(), Some(""));
        assert_eq!(file_value(&pod, "status.podIP"), None);
    }
}
