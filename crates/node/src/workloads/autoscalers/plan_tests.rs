//! Autoscalers, targets and usage in, plans out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::plan::{AutoscalerPlan, AutoscalerWorld, Memory, plan};
use super::sampler::{PodUsage, Used};

const NOW: &str = "2026-11-21T10:00:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a moment")
}

fn autoscaler(spec: &Value, status: Option<&HorizontalPodAutoscalerStatus>) -> HorizontalPodAutoscaler {
    let mut whole = json!({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 1, "maxReplicas": 10,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}]});
    for (field, value) in spec.as_object().expect("fields") {
        whole[field] = value.clone();
    }
    let object = json!({"metadata": {"name": "web", "namespace": "shop", "uid": "h"}, "spec": whole, "status": status});
    serde_json::from_value(object).expect("an autoscaler")
}

/// Ready pods that request a processor and 100Mi each and use that much of it, in per cent; negative: not known.
fn pods(used: &[i64], at: Timestamp) -> (Vec<Arc<Pod>>, BTreeMap<String, PodUsage>) {
    let mut pods = Vec::new();
    let mut usage = BTreeMap::new();
    for (index, percent) in used.iter().enumerate() {
        let name = format!("web-{index}");
        let pod = json!({
            "metadata": {"name": name}, "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1", "memory": "100Mi"}}}]},
            "status": {"phase": "Running", "startTime": "2026-11-21T09:00:00Z",
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-21T09:00:00Z"}]}});
        pods.push(Arc::new(serde_json::from_value(pod).expect("a pod")));
        let cpu = (*percent >= 0).then_some(percent * 10);
        let containers = BTreeMap::from([("c".to_owned(), Used { cpu, memory: 1_048_576_000 })]);
        usage.insert(name, PodUsage { at, window: Duration::from_secs(15), containers });
    }
    (pods, usage)
}

fn planned(
    autoscaler: &HorizontalPodAutoscaler,
    replicas: Option<i32>,
    used: &[i64],
    memory: &Memory,
    at: Timestamp,
) -> AutoscalerPlan {
    let (pods, usage) = pods(used, at);
    plan(&AutoscalerWorld { autoscaler, replicas, pods: &pods, usage: &usage, rival: None, memory, now: at })
}

/// Conditions in the form `Type=Status Reason`.
fn told(plan: &AutoscalerPlan) -> Vec<String> {
    let conditions = plan.status.conditions.iter().flatten();
    conditions
        .map(|one| format!("{}={} {}", one.type_, one.status, one.reason.as_deref().unwrap_or_default()))
        .collect()
}

#[test]
fn replicas_conditions_and_reasons_are_kubernetes() {
    let above = "cpu resource utilization (percentage of request) above target";
    let both = json!([
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}},
        {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "512Ki"}}}]);
    let downwards = json!({"scaleDown": {"stabilizationWindowSeconds": 0}});
    let active = "ScalingActive=True ValidMetricFound";
    let (ready, free) = ("AbleToScale=True ReadyForNewScale", "ScalingLimited=False DesiredWithinRange");
    for (what, spec, replicas, used, rescale, conditions) in [
        ("busy", json!({}), 2, &[100, 100][..], Some((4, above)), vec![ready, active, free]),
        ("as it should be", json!({}), 2, &[50, 50], None, vec![ready, active, free]),
        (
            "too busy for its limit",
            json!({"maxReplicas": 3}),
            2,
            &[100, 100],
            Some((3, above)),
            vec![ready, active, "ScalingLimited=True TooManyReplicas"],
        ),
        (
            "idle, recommended higher a moment ago",
            json!({}),
            4,
            &[0, 0, 0, 0],
            None,
            vec!["AbleToScale=True ScaleDownStabilized", active, free],
        ),
        (
            "idle",
            json!({"behavior": downwards}),
            4,
            &[10, 10, 10, 10],
            Some((1, "All metrics below target")),
            vec![ready, active, free],
        ),
        (
            "all idle",
            json!({"behavior": downwards, "minReplicas": 2}),
            4,
            &[0, 0, 0, 0],
            Some((2, "All metrics below target")),
            vec![ready, active, "ScalingLimited=True TooFewReplicas"],
        ),
        (
            "the metric that asks for most",
            json!({"metrics": both}),
            2,
            &[60, 60],
            Some((4, "memory resource above target")),
            vec![ready, active, free],
        ),
        (
            "above its limit",
            json!({"maxReplicas": 3}),
            5,
            &[100],
            Some((3, "Current number of replicas above Spec.MaxReplicas")),
            vec!["AbleToScale=True SucceededGetScale"],
        ),
        (
            "below its limit",
            json!({"minReplicas": 3}),
            1,
            &[0],
            Some((3, "Current number of replicas below Spec.MinReplicas")),
            vec!["AbleToScale=True SucceededGetScale"],
        ),
        (
            "switched off",
            json!({}),
            0,
            &[],
            None,
            vec!["AbleToScale=True SucceededGetScale", "ScalingActive=False ScalingDisabled"],
        ),
        (
            "without metrics: 80 % of processors",
            json!({"metrics": null}),
            2,
            &[160, 160],
            Some((4, above)),
            vec![ready, active, free],
        ),
        (
            "nothing known",
            json!({}),
            2,
            &[-1, -1],
            None,
            vec!["AbleToScale=True SucceededGetScale", "ScalingActive=False FailedGetResourceMetric"],
        ),
        (
            "one metric unknown, the other asks for more",
            json!({"metrics": both}),
            2,
            &[-1, -1],
            Some((4, "memory resource above target")),
            vec![ready, active, free],
        ),
    ] {
        let memory =
            Memory { recommendations: vec![(now() - SignedDuration::from_secs(1), replicas)], ..Memory::default() };
        let plan = planned(&autoscaler(&spec, None), Some(replicas), used, &memory, now());
        assert_eq!(plan.rescale, rescale.map(|(to, why)| (to, why.to_owned())), "{what}");
        assert_eq!(told(&plan), conditions, "{what}");
        let desired = rescale.map_or(replicas, |(to, _)| to);
        assert_eq!((plan.status.current_replicas, plan.status.desired_replicas), (Some(replicas), desired), "{what}");
    }
}

#[test]
fn an_unknown_metric_lets_nothing_go() {
    let metrics = json!([
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}},
        {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "10Mi"}}}]);
    let spec = json!({"metrics": metrics, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}}});
    let plan = planned(&autoscaler(&spec, None), Some(4), &[-1, -1, -1, -1], &Memory::default(), now());
    let reasons: Vec<_> = plan.tell.iter().map(|(_, reason, _)| *reason).collect();
    assert_eq!(reasons, ["FailedGetResourceMetric", "FailedComputeMetricsReplicas"]);
    assert_eq!((plan.rescale, plan.look_again), (None, Some(now() + SignedDuration::from_secs(5))));
}

#[test]
fn what_is_refused_is_told_once_and_not_looked_at_again() {
    let spec = json!({"metrics": [{"type": "External", "external": {"metric": {"name": "q"}, "target": {"type": "Value", "value": "1"}}}]});
    let first = planned(&autoscaler(&spec, None), Some(2), &[100, 100], &Memory::default(), now());
    let words = "spec.metrics[0].type: External: not measured on this node; Resource and ContainerResource are";
    let message = first.status.conditions.as_ref().and_then(|all| all[0].message.clone());
    assert_eq!(
        (told(&first), message.as_deref()),
        (vec!["ScalingActive=False UnsupportedField".to_owned()], Some(words))
    );
    assert_eq!((first.rescale.clone(), first.look_again, first.tell.len()), (None, None, 1));
    let again = planned(&autoscaler(&spec, Some(&first.status)), Some(2), &[100, 100], &Memory::default(), now());
    assert_eq!((again.status, again.tell.len()), (first.status, 0));
}

#[test]
fn a_target_that_is_not_there_or_has_two_autoscalers_is_not_scaled() {
    let plan = planned(&autoscaler(&json!({}), None), None, &[], &Memory::default(), now());
    assert_eq!(told(&plan), ["AbleToScale=False FailedGetScale"]);
    let object = autoscaler(&json!({}), None);
    let (pods, usage) = pods(&[100], now());
    let world = AutoscalerWorld {
        autoscaler: &object,
        replicas: Some(1),
        pods: &pods,
        usage: &usage,
        rival: Some("other"),
        memory: &Memory::default(),
        now: now(),
    };
    let plan = super::plan::plan(&world);
    assert_eq!(told(&plan), ["AbleToScale=True SucceededGetScale", "ScalingActive=False AmbiguousSelector"]);
    assert_eq!(plan.rescale, None);
}

#[test]
fn a_load_that_comes_and_goes_is_followed_in_steps() {
    let (mut memory, mut status, mut replicas) = (Memory::default(), None, 1_i32);
    let mut seen = Vec::new();
    for step in 0..50_i64 {
        let at = now() + SignedDuration::from_secs(step * 15);
        // Work for six pods at the goal, then for half of one.
        let work = if step < 10 { 300 } else { 25 };
        let used = vec![work / i64::from(replicas); replicas as usize];
        let mut plan = planned(&autoscaler(&json!({}), status.as_ref()), Some(replicas), &used, &memory, at);
        plan.rescaled();
        if let Some((to, _)) = plan.rescale {
            seen.push((step, to));
            replicas = to;
            assert_eq!(plan.status.last_scale_time.as_ref().map(|time| time.0), Some(at));
        }
        (memory, status) = (plan.memory, Some(plan.status));
    }
    assert_eq!(seen, [(0, 5), (1, 6), (29, 1)], "up by policy, down five minutes after the last high recommendation");
}

#[test]
fn a_target_that_refuses_stays_as_it_is() {
    let mut plan = planned(&autoscaler(&json!({}), None), Some(2), &[100, 100], &Memory::default(), now());
    plan.not_rescaled("admission says no");
    assert_eq!(told(&plan)[0], "AbleToScale=False FailedUpdateScale");
    let events: Vec<_> = plan.tell.iter().map(|(_, reason, _)| *reason).collect();
    assert_eq!((events, plan.status.desired_replicas, plan.memory.ups.len()), (vec!["FailedRescale"], 2, 0));
}
