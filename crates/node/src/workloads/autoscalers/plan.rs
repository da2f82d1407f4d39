//! An autoscaler, its target and what the target's pods use in; replicas and status out. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::{
    HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition, HorizontalPodAutoscalerSpec,
    HorizontalPodAutoscalerStatus, MetricSpec, MetricStatus, MetricTarget, ResourceMetricSource,
};
use k8s_openapi::api::core::v1::Pod;

use super::behavior::{Bounds, tolerance};
use super::metric::{Measured, proposal};
use super::refuse::refusal;
use super::sampler::PodUsage;
use crate::pods::time;
use crate::recorder::Tone;

/// How often an autoscaler looks.
const PERIOD: Duration = Duration::from_secs(15);
/// How soon it looks again where processors have been looked at only once.
const SECOND_LOOK: Duration = Duration::from_secs(5);
/// The longest time that a window or a policy's period may be.
const REMEMBERED: Duration = Duration::from_hours(1);

/// What an autoscaler remembers from look to look; of one process, as in Kubernetes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Memory {
    /// What was recommended before windows and policies, and when.
    pub(crate) recommendations: Vec<(Timestamp, i32)>,
    /// How many replicas came, and when.
    pub(crate) ups: Vec<(Timestamp, i32)>,
    /// How many went.
    pub(crate) downs: Vec<(Timestamp, i32)>,
}

impl Memory {
    fn forget(&mut self, now: Timestamp) {
        for list in [&mut self.recommendations, &mut self.ups, &mut self.downs] {
            list.retain(|(at, _)| at.saturating_add(REMEMBERED).is_ok_and(|until| until > now));
        }
    }
}

/// Everything known about an autoscaler.
pub(crate) struct AutoscalerWorld<'a> {
    pub(crate) autoscaler: &'a HorizontalPodAutoscaler,
    /// The replicas that its target asks for; `None`: there is no such target.
    pub(crate) replicas: Option<i32>,
    /// The pods that the target's selector matches.
    pub(crate) pods: &'a [Arc<Pod>],
    pub(crate) usage: &'a BTreeMap<String, PodUsage>,
    /// Another autoscaler of the same target.
    pub(crate) rival: Option<&'a str>,
    pub(crate) memory: &'a Memory,
    pub(crate) now: Timestamp,
}

/// What to write for an autoscaler: first the target's scale, then the status.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AutoscalerPlan {
    /// The replicas to ask for, and why.
    pub(crate) rescale: Option<(i32, String)>,
    pub(crate) status: HorizontalPodAutoscalerStatus,
    pub(crate) tell: Vec<(Tone, &'static str, String)>,
    pub(crate) memory: Memory,
    pub(crate) look_again: Option<Timestamp>,
    now: Timestamp,
    current: i32,
}

impl AutoscalerPlan {
    fn set(&mut self, kind: &str, holds: bool, reason: &str, message: &str) {
        let conditions = self.status.conditions.get_or_insert_default();
        let status = if holds { "True" } else { "False" };
        let held = conditions.iter().position(|condition| condition.type_ == kind);
        let since = held.map(|at| &conditions[at]).filter(|held| held.status == status);
        let since = since.and_then(|held| held.last_transition_time.clone()).unwrap_or_else(|| time(self.now));
        let condition = HorizontalPodAutoscalerCondition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_transition_time: Some(since),
        };
        match held {
            Some(at) => conditions[at] = condition,
            None => conditions.push(condition),
        }
    }

    fn told_reason(&self, kind: &str) -> Option<&str> {
        let mut conditions = self.status.conditions.iter().flatten();
        conditions.find(|condition| condition.type_ == kind)?.reason.as_deref()
    }

    /// The target has the new scale.
    pub(crate) fn rescaled(&mut self) {
        let Some((replicas, reason)) = self.rescale.clone() else { return };
        let message = format!("the HPA controller was able to update the target scale to {replicas}");
        self.set("AbleToScale", true, "SucceededRescale", &message);
        self.tell.push((Tone::Normal, "SuccessfulRescale", format!("New size: {replicas}; reason: {reason}")));
        self.status.last_scale_time = Some(time(self.now));
        let changes = if replicas > self.current { &mut self.memory.ups } else { &mut self.memory.downs };
        changes.push((self.now, (replicas - self.current).abs()));
    }

    /// The target was not scaled.
    pub(crate) fn not_rescaled(&mut self, error: &str) {
        let Some((replicas, reason)) = self.rescale.clone() else { return };
        let message = format!("the HPA controller was unable to update the target scale: {error}");
        self.set("AbleToScale", false, "FailedUpdateScale", &message);
        let message = format!("New size: {replicas}; reason: {reason}; error: {error}");
        self.tell.push((Tone::Warning, "FailedRescale", message));
        self.status.desired_replicas = self.current;
    }
}

/// Plans an autoscaler's next step.
pub(crate) fn plan(world: &AutoscalerWorld<'_>) -> AutoscalerPlan {
    let autoscaler = world.autoscaler;
    let mut memory = world.memory.clone();
    memory.forget(world.now);
    let mut plan = AutoscalerPlan {
        rescale: None,
        status: autoscaler.status.clone().unwrap_or_default(),
        tell: Vec::new(),
        memory,
        look_again: world.now.saturating_add(PERIOD).ok(),
        now: world.now,
        current: world.replicas.unwrap_or_default(),
    };
    plan.status.observed_generation = autoscaler.metadata.generation;
    let spec = &autoscaler.spec;
    if let Some(words) = refusal(spec) {
        if plan.told_reason("ScalingActive") != Some("UnsupportedField") {
            plan.tell.push((Tone::Warning, "UnsupportedField", words.clone()));
        }
        plan.set("ScalingActive", false, "UnsupportedField", &words);
        plan.status.current_metrics = None;
        plan.look_again = None;
        return plan;
    }
    let target = &spec.scale_target_ref;
    if world.replicas.is_none() {
        let words = format!("{} {:?} not found", target.kind.to_lowercase(), target.name);
        let message = format!("the HPA controller was unable to get the target's current scale: {words}");
        plan.set("AbleToScale", false, "FailedGetScale", &message);
        plan.tell.push((Tone::Warning, "FailedGetScale", words));
        return plan;
    }
    plan.set("AbleToScale", true, "SucceededGetScale", "the HPA controller was able to get the target's current scale");
    if let Some(rival) = world.rival {
        let message =
            format!("{} {} is controlled by another HorizontalPodAutoscaler too: {rival}", target.kind, target.name);
        plan.set("ScalingActive", false, "AmbiguousSelector", &message);
        plan.tell.push((Tone::Warning, "AmbiguousSelector", message));
        return plan;
    }
    decide(world, spec, &mut plan);
    plan
}

fn decide(world: &AutoscalerWorld<'_>, spec: &HorizontalPodAutoscalerSpec, plan: &mut AutoscalerPlan) {
    let current = plan.current;
    let (least, most) = (spec.min_replicas.unwrap_or(1), spec.max_replicas);
    if plan.memory.recommendations.is_empty() {
        plan.memory.recommendations.push((world.now, current));
    }
    plan.status.current_replicas = Some(current);
    let (desired, reason) = if current == 0 {
        let words = "scaling is disabled since the replica count of the target is zero";
        plan.set("ScalingActive", false, "ScalingDisabled", words);
        plan.status.current_metrics = None;
        (0, String::new())
    } else if current > most {
        (most, "Current number of replicas above Spec.MaxReplicas".to_owned())
    } else if current < least {
        (least, "Current number of replicas below Spec.MinReplicas".to_owned())
    } else {
        let Some((wanted, name)) = recommendation(world, spec, plan) else {
            plan.status.desired_replicas = current;
            return;
        };
        let bounds = Bounds { behavior: spec.behavior.as_ref(), least, most, now: world.now };
        let (stabilized, held) = bounds.stabilized(current, wanted, &plan.memory);
        plan.memory.recommendations.push((world.now, wanted));
        let (reason, words) = held.unwrap_or(("ReadyForNewScale", "recommended size matches current size"));
        plan.set("AbleToScale", true, reason, words);
        let (desired, reason, words) = bounds.limited(current, stabilized, &plan.memory);
        plan.set("ScalingLimited", desired != stabilized, reason, words);
        let reason =
            if desired > current { format!("{name} above target") } else { "All metrics below target".to_owned() };
        (desired, reason)
    };
    plan.status.desired_replicas = desired;
    if desired != current {
        plan.rescale = Some((desired, reason));
    }
}

/// The most that a metric asks for, and its name; `None` where that cannot be said, which is told.
fn recommendation(
    world: &AutoscalerWorld<'_>,
    spec: &HorizontalPodAutoscalerSpec,
    plan: &mut AutoscalerPlan,
) -> Option<(i32, String)> {
    let metrics = spec.metrics.clone().filter(|metrics| !metrics.is_empty()).unwrap_or_else(usual_metrics);
    let measured = Measured {
        replicas: plan.current,
        pods: world.pods,
        usage: world.usage,
        tolerance: tolerance(spec.behavior.as_ref()),
        now: world.now,
    };
    if world.usage.values().flat_map(|pod| pod.containers.values()).any(|used| used.cpu.is_none()) {
        plan.look_again = world.now.saturating_add(SECOND_LOOK).ok();
    }
    let mut best: Option<(i32, String)> = None;
    let mut statuses: Vec<MetricStatus> = Vec::new();
    let mut failures: Vec<(&'static str, String)> = Vec::new();
    for metric in &metrics {
        match proposal(metric, &measured) {
            Ok(proposal) => {
                if best.as_ref().is_none_or(|(replicas, _)| proposal.replicas > *replicas) {
                    best = Some((proposal.replicas, proposal.name));
                }
                statuses.push(proposal.status);
            }
            Err(words) => {
                let reason = match metric.type_.as_str() {
                    "ContainerResource" => "FailedGetContainerResourceMetric",
                    _ => "FailedGetResourceMetric",
                };
                failures.push((reason, words));
            }
        }
    }
    plan.status.current_metrics = (!statuses.is_empty()).then_some(statuses);
    plan.tell.extend(failures.iter().map(|(reason, words)| (Tone::Warning, *reason, words.clone())));
    // With a metric unknown, replicas may come for another's sake, but not go.
    let known = best.filter(|(replicas, _)| failures.is_empty() || *replicas >= plan.current);
    let Some((replicas, name)) = known else {
        if let Some((reason, words)) = failures.first() {
            let message = format!("the HPA was unable to compute the replica count: {words}");
            plan.set("ScalingActive", false, reason, &message);
            let (failed, all) = (failures.len(), metrics.len());
            let words = format!("invalid metrics ({failed} invalid out of {all}), first error is: {words}");
            plan.tell.push((Tone::Warning, "FailedComputeMetricsReplicas", words));
        }
        return None;
    };
    let message = format!("the HPA was able to successfully calculate a replica count from {name}");
    plan.set("ScalingActive", true, "ValidMetricFound", &message);
    Some((replicas, name))
}

/// What an autoscaler without metrics goes by.
fn usual_metrics() -> Vec<MetricSpec> {
    let target =
        MetricTarget { type_: "Utilization".to_owned(), average_utilization: Some(80), ..MetricTarget::default() };
    let resource = Some(ResourceMetricSource { name: "cpu".to_owned(), target });
    vec![MetricSpec { type_: "Resource".to_owned(), resource, ..MetricSpec::default() }]
}
