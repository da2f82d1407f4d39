//! How many replicas one metric asks for. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricStatus, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus, ResourceMetricStatus,
};
use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt as _;

use super::sampler::{PodUsage, Used};
use super::standing::{Standing, sort};
use crate::pods::thousandths;

/// How far a ratio may be from 1 before anything changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tolerance {
    pub(super) up: f64,
    pub(super) down: f64,
}

impl Tolerance {
    fn covers(self, ratio: f64) -> bool {
        (1.0 - self.down..=1.0 + self.up).contains(&ratio)
    }
}

/// What is known about the pods of a target.
pub(super) struct Measured<'a> {
    pub(super) replicas: i32,
    pub(super) pods: &'a [Arc<Pod>],
    pub(super) usage: &'a BTreeMap<String, PodUsage>,
    pub(super) tolerance: Tolerance,
    pub(super) now: Timestamp,
}

/// What a metric asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Proposal {
    pub(super) replicas: i32,
    /// The metric in words.
    pub(super) name: String,
    pub(super) status: MetricStatus,
}

/// A resource of pods, or of one container in each.
struct Asked<'a> {
    resource: &'a str,
    container: Option<&'a str>,
    target: &'a MetricTarget,
}

/// A ratio, and the current values that it comes from.
struct Current {
    ratio: f64,
    utilization: Option<i32>,
    average: i64,
}

/// What a metric asks for, or why that cannot be said. `metric` is one that `refuse` lets pass.
pub(super) fn proposal(metric: &MetricSpec, measured: &Measured<'_>) -> Result<Proposal, String> {
    let asked = match (&metric.resource, &metric.container_resource) {
        (Some(source), _) if metric.type_ == "Resource" => {
            Asked { resource: &source.name, container: None, target: &source.target }
        }
        (_, Some(source)) => {
            Asked { resource: &source.name, container: Some(&source.container), target: &source.target }
        }
        _ => return Err(format!("metric type {} is not measured", metric.type_)),
    };
    let (replicas, current) = replicas(&asked, measured)?;
    let kind = if asked.container.is_some() { "container resource" } else { "resource" };
    let of_request = if current.utilization.is_some() { " utilization (percentage of request)" } else { "" };
    let value = MetricValueStatus {
        average_utilization: current.utilization,
        average_value: Some(quantity(current.average)),
        value: None,
    };
    let name = asked.resource.to_owned();
    let (resource, container_resource) = match asked.container {
        None => (Some(ResourceMetricStatus { current: value, name }), None),
        Some(container) => {
            let status = ContainerResourceMetricStatus { container: container.to_owned(), current: value, name };
            (None, Some(status))
        }
    };
    Ok(Proposal {
        replicas,
        name: format!("{} {kind}{of_request}", asked.resource),
        status: MetricStatus { type_: metric.type_.clone(), resource, container_resource, ..MetricStatus::default() },
    })
}

fn replicas(asked: &Asked<'_>, measured: &Measured<'_>) -> Result<(i32, Current), String> {
    if measured.pods.is_empty() {
        return Err("no pods returned by selector while calculating replica count".to_owned());
    }
    let used = |usage: &PodUsage| used(asked, usage);
    let standing = sort(measured.pods, measured.usage, used, asked.resource == "cpu", measured.now);
    let Standing { mut counted, unready, missing } = standing;
    if counted.is_empty() {
        return Err(format!(
            "unable to get metrics for resource {}: did not receive metrics for targeted pods (pods might be unready)",
            asked.resource
        ));
    }
    let goal = goal(asked, measured.pods)?;
    let first = goal.ratio(&counted)?;
    let growing = !unready.is_empty() && first.ratio > 1.0;
    if !growing && missing.is_empty() {
        let replicas = if measured.tolerance.covers(first.ratio) {
            measured.replicas
        } else {
            up(first.ratio * counted.len() as f64)
        };
        return Ok((replicas, first));
    }
    // What is not known holds back: on the way down it counts as busy, on the way up as idle.
    for name in missing {
        if first.ratio < 1.0 {
            let assumed = goal.at_goal(&name);
            counted.insert(name, assumed);
        } else if first.ratio > 1.0 {
            counted.insert(name, 0);
        }
    }
    if growing {
        counted.extend(unready.into_iter().map(|name| (name, 0)));
    }
    let second = goal.ratio(&counted)?.ratio;
    let turned = (first.ratio < 1.0 && second > 1.0) || (first.ratio > 1.0 && second < 1.0);
    if measured.tolerance.covers(second) || turned {
        return Ok((measured.replicas, first));
    }
    let wanted = up(second * counted.len() as f64);
    let backwards = (second < 1.0 && wanted > measured.replicas) || (second > 1.0 && wanted < measured.replicas);
    Ok((if backwards { measured.replicas } else { wanted }, first))
}

fn up(replicas: f64) -> i32 {
    replicas.ceil().clamp(0.0, f64::from(i32::MAX)) as i32
}

/// What is compared with what is used.
enum Goal {
    /// A percentage of what each pod requests.
    Percent { percent: i32, requests: BTreeMap<String, i64> },
    /// A value for each pod.
    Value(i64),
}

impl Goal {
    fn ratio(&self, counted: &BTreeMap<String, i64>) -> Result<Current, String> {
        let total: i64 = counted.values().fold(0, |sum, value| sum.saturating_add(*value));
        let average = total / (counted.len() as i64).max(1);
        match self {
            Self::Value(value) => {
                Ok(Current { ratio: average as f64 / (*value).max(1) as f64, utilization: None, average })
            }
            Self::Percent { percent, requests } => {
                let of = counted.keys().filter_map(|name| requests.get(name));
                let requested: i64 = of.fold(0, |sum, value| sum.saturating_add(*value));
                if requested == 0 {
                    return Err("no metrics returned matched known pods".to_owned());
                }
                let utilization = i128::from(total) * 100 / i128::from(requested);
                let utilization = i32::try_from(utilization).unwrap_or(i32::MAX);
                let ratio = f64::from(utilization) / f64::from(*percent);
                Ok(Current { ratio, utilization: Some(utilization), average })
            }
        }
    }

    /// What a pod of which nothing is known is held to use while replicas are to be taken away.
    fn at_goal(&self, pod: &str) -> i64 {
        match self {
            Self::Value(value) => *value,
            Self::Percent { percent, requests } => {
                let request = requests.get(pod).copied().unwrap_or_default();
                request.saturating_mul(i64::from((*percent).max(100))) / 100
            }
        }
    }
}

fn goal(asked: &Asked<'_>, pods: &[Arc<Pod>]) -> Result<Goal, String> {
    let target = asked.target;
    if target.type_ == "AverageValue" {
        let value = target.average_value.as_ref().and_then(|value| thousandths(&value.0));
        return value.map(Goal::Value).ok_or_else(|| "target.averageValue is not a quantity".to_owned());
    }
    let percent = target.average_utilization.ok_or("target.averageUtilization is missing")?.max(1);
    let mut requests = BTreeMap::new();
    for pod in pods {
        requests.insert(pod.name_any(), requested(asked, pod)?);
    }
    Ok(Goal::Percent { percent, requests })
}

/// The containers that run as long as their pod.
fn lasting(pod: &Pod) -> impl Iterator<Item = &Container> {
    let spec = pod.spec.as_ref();
    let sidecars = spec.into_iter().flat_map(|spec| spec.init_containers.iter().flatten());
    let sidecars = sidecars.filter(|container| container.restart_policy.as_deref() == Some("Always"));
    spec.into_iter().flat_map(|spec| spec.containers.iter()).chain(sidecars)
}

fn requested(asked: &Asked<'_>, pod: &Pod) -> Result<i64, String> {
    let resource = asked.resource;
    let mut total = 0_i64;
    let mut found = false;
    for container in lasting(pod).filter(|one| asked.container.is_none_or(|name| name == one.name)) {
        found = true;
        let resources = container.resources.clone().unwrap_or_default();
        let of = |list: Option<BTreeMap<String, Quantity>>| thousandths(&list?.get(resource)?.0);
        let request = of(resources.requests).or_else(|| of(resources.limits));
        let missing =
            || format!("missing request for {resource} in container {} of Pod {}", container.name, pod.name_any());
        total = total.saturating_add(request.filter(|value| *value > 0).ok_or_else(missing)?);
    }
    let name = asked.container.unwrap_or_default();
    if found { Ok(total) } else { Err(format!("container {name} not present in Pod {}", pod.name_any())) }
}

fn used(asked: &Asked<'_>, usage: &PodUsage) -> Option<i64> {
    let of = |used: &Used| if asked.resource == "cpu" { used.cpu } else { Some(used.memory) };
    match asked.container {
        Some(name) => of(usage.containers.get(name)?),
        None if usage.containers.is_empty() => None,
        None => usage.containers.values().try_fold(0_i64, |sum, one| Some(sum.saturating_add(of(one)?))),
    }
}

/// Thousandths in the shortest decimal form of Kubernetes.
fn quantity(value: i64) -> Quantity {
    let (mut value, mut step) = (value, 0);
    let suffixes = ["m", "", "k", "M", "G", "T"];
    while value % 1000 == 0 && step + 1 < suffixes.len() && (value != 0 || step == 0) {
        value /= 1000;
        step += 1;
    }
    Quantity(format!("{value}{}", suffixes[step]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::time::Duration;

    const NOW: &str = "2026-11-21T10:00:00Z";

    #[test]
    fn quantities_are_as_short_as_they_can_be() {
        for (value, text) in
            [(0, "0"), (500, "500m"), (1500, "1500m"), (2000, "2"), (5_000_000, "5k"), (50_331_648_000, "50331648")]
        {
            assert_eq!(quantity(value).0, text);
        }
    }

    /// A ready pod that requests 1 processor and 100Mi. Text: what it uses of each in per cent; `-` nothing is known;
    /// `pending`.
    fn pod(index: usize, text: &str) -> (Arc<Pod>, Option<(String, PodUsage)>) {
        let name = format!("p{index}");
        let requests = json!({"requests": {"cpu": "1", "memory": "100Mi"}});
        let pod = json!({
            "metadata": {"name": name}, "spec": {"containers": [{"name": "c", "resources": requests}]},
            "status": {"phase": if text == "pending" { "Pending" } else { "Running" }, "startTime": "2026-11-21T09:00:00Z",
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-21T09:00:00Z"}]},
        });
        let used = text.parse::<i64>().ok().map(|percent| {
            let used = Used { cpu: Some(percent * 10), memory: percent * 1_048_576_000 };
            let containers = BTreeMap::from([("c".to_owned(), used)]);
            (name, PodUsage { at: NOW.parse().expect("a moment"), window: Duration::from_secs(15), containers })
        });
        (Arc::new(serde_json::from_value(pod).expect("a pod")), used)
    }

    fn proposed(metric: &Value, replicas: i32, pods: &str) -> Result<Proposal, String> {
        let (pods, usage): (Vec<_>, Vec<_>) =
            pods.split_whitespace().enumerate().map(|(index, text)| pod(index, text)).unzip();
        let measured = Measured {
            replicas,
            pods: &pods,
            usage: &usage.into_iter().flatten().collect(),
            tolerance: Tolerance { up: 0.1, down: 0.1 },
            now: NOW.parse().expect("a moment"),
        };
        proposal(&serde_json::from_value(metric.clone()).expect("a metric"), &measured)
    }

    fn percent(name: &str, percent: i32) -> Value {
        json!({"type": "Resource", "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": percent}}})
    }

    fn average(name: &str, value: &str) -> Value {
        json!({"type": "Resource", "resource": {"name": name, "target": {"type": "AverageValue", "averageValue": value}}})
    }

    #[test]
    fn replicas_follow_the_ratio_and_what_is_unknown_holds_back() {
        for (what, metric, replicas, pods, wanted) in [
            ("twice as busy as wanted", percent("cpu", 50), 2, "100 100", 4),
            ("rounded up", percent("cpu", 50), 3, "60 60 60", 4),
            ("half as busy", percent("cpu", 80), 4, "40 40 40 40", 2),
            ("idle", percent("cpu", 50), 3, "0 0 0", 0),
            ("above, within the tolerance", percent("cpu", 50), 3, "55 55 55", 3),
            ("just beyond it", percent("cpu", 50), 3, "56 56 56", 4),
            ("below, within the tolerance", percent("cpu", 50), 3, "45 45 45", 3),
            ("memory", percent("memory", 50), 2, "100 100", 4),
            ("a value for each", average("cpu", "250m"), 2, "50 50", 4),
            ("a value of memory", average("memory", "50Mi"), 4, "25 25 25 25", 2),
            ("a pod that is pending on the way up counts as idle", percent("cpu", 50), 3, "100 100 pending", 4),
            ("and keeps all as it is when that is enough", percent("cpu", 50), 3, "80 80 pending", 3),
            ("on the way down it is not counted", percent("cpu", 50), 3, "10 10 pending", 1),
            ("an unknown one on the way down counts as busy", percent("cpu", 50), 3, "10 10 -", 3),
            ("so that less goes", percent("cpu", 100), 4, "10 10 10 -", 2),
            ("an unknown one on the way up counts as idle", percent("cpu", 50), 3, "100 100 -", 4),
            ("a value, unknown on the way down", average("cpu", "500m"), 4, "10 10 10 -", 2),
            ("a ratio that turns keeps all as it is", percent("cpu", 50), 2, "60 -", 2),
        ] {
            assert_eq!(proposed(&metric, replicas, pods).map(|proposal| proposal.replicas), Ok(wanted), "{what}");
        }
    }

    #[test]
    fn what_a_metric_is_now_is_told() {
        let told = |metric: &Value| proposed(metric, 2, "30 90").expect("a proposal");
        let expected = json!({"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 60, "averageValue": "600m"}}});
        let proposal = told(&percent("cpu", 60));
        assert_eq!(serde_json::to_value(&proposal.status).expect("a status"), expected);
        assert_eq!(proposal.name, "cpu resource utilization (percentage of request)");
        let expected =
            json!({"type": "Resource", "resource": {"name": "memory", "current": {"averageValue": "62914560"}}});
        let proposal = told(&average("memory", "60Mi"));
        assert_eq!(serde_json::to_value(&proposal.status).expect("a status"), expected);
        assert_eq!(proposal.name, "memory resource");
        let metric = json!({"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "c", "target": {"type": "Utilization", "averageUtilization": 60}}});
        let expected = json!({"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "c", "current": {"averageUtilization": 60, "averageValue": "600m"}}});
        let proposal = told(&metric);
        assert_eq!(serde_json::to_value(&proposal.status).expect("a status"), expected);
        assert_eq!(proposal.name, "cpu container resource utilization (percentage of request)");
    }

    #[test]
    fn what_cannot_be_computed_says_why() {
        let of_container = json!({"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "other", "target": {"type": "AverageValue", "averageValue": "1"}}});
        let missing =
            "unable to get metrics for resource cpu: did not receive metrics for targeted pods (pods might be unready)";
        for (metric, pods, expected) in [
            (percent("cpu", 50), "", "no pods returned by selector while calculating replica count"),
            (percent("cpu", 50), "- pending", missing),
            (of_container, "50", missing),
        ] {
            assert_eq!(proposed(&metric, 1, pods), Err(expected.to_owned()));
        }
        let asked: MetricSpec = serde_json::from_value(percent("cpu", 50)).expect("a metric");
        let (bare, usage) = pod(0, "50");
        let mut bare = (*bare).clone();
        bare.spec.iter_mut().for_each(|spec| spec.containers[0].resources = None);
        let measured = Measured {
            replicas: 1,
            pods: &[Arc::new(bare)],
            usage: &usage.into_iter().collect(),
            tolerance: Tolerance { up: 0.1, down: 0.1 },
            now: NOW.parse().expect("a moment"),
        };
        assert_eq!(proposal(&asked, &measured), Err("missing request for cpu in container c of Pod p0".to_owned()));
    }
}
