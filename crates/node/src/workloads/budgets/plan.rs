//! A budget, its pods and how many of them are wished for in, its status out. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt as _;
use kube::core::{Selector, SelectorExt as _};

use crate::pods::time;
use crate::workloads::owned::{is_active, is_ending, ready_since, sooner};
use crate::workloads::rollout::scaled;

/// How long a pod that was allowed to go may take to go before it counts again.
const PATIENCE: Duration = Duration::from_mins(2);

/// Whether a budget covers a pod. One without a selector covers none, one with an empty selector all.
pub(crate) fn covers(budget: &PodDisruptionBudget, pod: &Pod) -> bool {
    let selector = budget.spec.as_ref().and_then(|spec| spec.selector.clone());
    let selector = selector.and_then(|selector| Selector::try_from(selector).ok());
    selector.is_some_and(|selector| selector.matches(pod.labels()))
}

/// The status, where it changes, and when to look again. `wished`: how many pods the owners of the covered pods ask for.
pub(super) fn plan(
    budget: &PodDisruptionBudget,
    pods: &[Arc<Pod>],
    wished: i32,
    now: Timestamp,
) -> (Option<PodDisruptionBudgetStatus>, Option<Timestamp>) {
    let spec = budget.spec.clone().unwrap_or_default();
    let held = budget.status.clone().unwrap_or_default();
    let covered: Vec<&Arc<Pod>> = pods.iter().filter(|pod| is_active(pod) && covers(budget, pod)).collect();
    let mut look_again = None;
    let mut disrupted = BTreeMap::new();
    for (name, since) in held.disrupted_pods.iter().flatten() {
        let until = since.0.saturating_add(PATIENCE).unwrap_or(since.0);
        let waits = pods.iter().any(|pod| pod.name_any() == *name && !is_ending(pod));
        if waits && until > now {
            look_again = sooner(look_again, Some(until));
            disrupted.insert(name.clone(), since.clone());
        }
    }
    let healthy = covered.iter().filter(|pod| ready_since(pod).is_some() && !disrupted.contains_key(&pod.name_any()));
    let healthy = healthy.count() as i32;
    let (expected, desired) = match (&spec.max_unavailable, &spec.min_available) {
        (Some(most), _) => (wished, wished - scaled(most, wished, true)),
        (None, Some(IntOrString::Int(least))) => (covered.len() as i32, *least),
        (None, Some(percent)) => (wished, scaled(percent, wished, true)),
        (None, None) => (covered.len() as i32, 1),
    };
    let desired = desired.max(0);
    let allowed = if expected > 0 { (healthy - desired).max(0) } else { 0 };
    let status = PodDisruptionBudgetStatus {
        observed_generation: budget.metadata.generation,
        expected_pods: Some(expected),
        current_healthy: Some(healthy),
        desired_healthy: Some(desired),
        disruptions_allowed: Some(allowed),
        disrupted_pods: (!disrupted.is_empty()).then_some(disrupted),
        conditions: Some(vec![condition(budget, &held, allowed > 0, now)]),
    };
    ((held != status).then_some(status), look_again)
}

fn condition(
    budget: &PodDisruptionBudget,
    held: &PodDisruptionBudgetStatus,
    allowed: bool,
    now: Timestamp,
) -> Condition {
    let status = if allowed { "True" } else { "False" };
    let before =
        held.conditions.iter().flatten().find(|told| told.type_ == "DisruptionAllowed" && told.status == status);
    Condition {
        type_: "DisruptionAllowed".to_owned(),
        status: status.to_owned(),
        reason: if allowed { "SufficientPods" } else { "InsufficientPods" }.to_owned(),
        message: String::new(),
        observed_generation: budget.metadata.generation,
        last_transition_time: before.map_or_else(|| time(now), |told| told.last_transition_time.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: &str = "2026-11-21T10:00:00Z";

    fn pod(name: &str, ready: bool) -> Arc<Pod> {
        let conditions: Vec<Value> = ready.then(|| json!({"type": "Ready", "status": "True"})).into_iter().collect();
        let pod = json!({"metadata": {"name": name, "labels": {"app": "web"}}, "status": {"phase": "Running", "conditions": conditions}});
        Arc::new(serde_json::from_value(pod).expect("a pod"))
    }

    fn told(spec: &Value, status: &Value, wished: i32) -> PodDisruptionBudgetStatus {
        let mut whole = json!({"selector": {"matchLabels": {"app": "web"}}});
        for (field, value) in spec.as_object().expect("fields") {
            whole[field] = value.clone();
        }
        let budget = json!({"metadata": {"name": "web", "generation": 1}, "spec": whole, "status": status});
        let budget = serde_json::from_value(budget).expect("a budget");
        let pods = [pod("a", true), pod("b", true), pod("c", false)];
        plan(&budget, &pods, wished, NOW.parse().expect("a moment")).0.expect("a status")
    }

    #[test]
    fn what_is_healthy_beyond_what_is_asked_for_may_go() {
        for (spec, expected, desired, allowed) in [
            (json!({"minAvailable": 1}), 3, 1, 1),
            (json!({"minAvailable": 2}), 3, 2, 0),
            (json!({"minAvailable": "50%"}), 4, 2, 0),
            (json!({"maxUnavailable": 3}), 4, 1, 1),
            (json!({"maxUnavailable": "30%"}), 4, 2, 0),
            (json!({"maxUnavailable": 9}), 4, 0, 2),
            (json!({"selector": {"matchLabels": {"app": "other"}}}), 0, 1, 0),
        ] {
            let status = told(&spec, &json!({}), 4);
            let counts = (status.expected_pods, status.desired_healthy, status.disruptions_allowed);
            assert_eq!(counts, (Some(expected), Some(desired), Some(allowed)), "{spec}");
            let condition = status.conditions.expect("conditions").remove(0);
            assert_eq!(condition.status == "True", allowed > 0, "{spec}");
        }
    }

    #[test]
    fn a_pod_that_was_let_go_counts_no_more_for_a_while() {
        let let_go = |moment: &str| json!({"disruptedPods": {"a": moment, "z": moment}});
        for (moment, allowed, kept) in [("2026-11-21T09:59:00Z", 0, Some(1)), ("2026-11-21T09:50:00Z", 1, None)] {
            let status = told(&json!({"minAvailable": 1}), &let_go(moment), 3);
            let disrupted = status.disrupted_pods.map(|pods| pods.len());
            assert_eq!((status.disruptions_allowed, disrupted), (Some(allowed), kept), "{moment}");
        }
    }
}
