//! How fast replicas may change: stabilisation windows, policies, tolerances. Pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::{HPAScalingRules, HorizontalPodAutoscalerBehavior};

use super::metric::Tolerance;
use super::plan::Memory;
use crate::pods::thousandths;

/// The ratio's distance from 1 that changes nothing, where an autoscaler names none.
const TOLERANCE: f64 = 0.1;
/// How long the highest recommendation stands before replicas go, where an autoscaler names no time.
const DOWN_WINDOW: i32 = 300;

/// A decision with the reason and the words of its condition.
pub(super) type Told = (i32, &'static str, &'static str);

/// A way to change, `up` or down.
struct Way {
    window: Duration,
    select: Select,
    policies: Vec<Policy>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Select {
    Most,
    Least,
    Disabled,
}

struct Policy {
    percent: bool,
    value: i32,
    period: Duration,
}

fn seconds(count: i32) -> Duration {
    Duration::from_secs(count.max(0) as u64)
}

fn way(rules: Option<&HPAScalingRules>, up: bool) -> Way {
    let rules = rules.cloned().unwrap_or_default();
    let policy = |kind: &str, value, period| Policy { percent: kind == "Percent", value, period: seconds(period) };
    let given: Vec<Policy> =
        rules.policies.iter().flatten().map(|given| policy(&given.type_, given.value, given.period_seconds)).collect();
    let policies = match (given.is_empty(), up) {
        (false, _) => given,
        (true, true) => vec![policy("Pods", 4, 15), policy("Percent", 100, 15)],
        (true, false) => vec![policy("Percent", 100, 15)],
    };
    let select = match rules.select_policy.as_deref() {
        Some("Disabled") => Select::Disabled,
        Some("Min") => Select::Least,
        _ => Select::Most,
    };
    let window = rules.stabilization_window_seconds.unwrap_or(if up { 0 } else { DOWN_WINDOW });
    Way { window: seconds(window), select, policies }
}

/// The tolerances of both ways.
pub(super) fn tolerance(behavior: Option<&HorizontalPodAutoscalerBehavior>) -> Tolerance {
    let of = |rules: Option<&HPAScalingRules>| {
        let given = rules.and_then(|rules| thousandths(&rules.tolerance.as_ref()?.0));
        given.map_or(TOLERANCE, |value| value.max(0) as f64 / 1000.0)
    };
    Tolerance {
        up: of(behavior.and_then(|behavior| behavior.scale_up.as_ref())),
        down: of(behavior.and_then(|behavior| behavior.scale_down.as_ref())),
    }
}

/// What an autoscaler's bounds make of a recommendation.
pub(super) struct Bounds<'a> {
    pub(super) behavior: Option<&'a HorizontalPodAutoscalerBehavior>,
    pub(super) least: i32,
    pub(super) most: i32,
    pub(super) now: Timestamp,
}

impl Bounds<'_> {
    fn up(&self) -> Way {
        way(self.behavior.and_then(|behavior| behavior.scale_up.as_ref()), true)
    }

    fn down(&self) -> Way {
        way(self.behavior.and_then(|behavior| behavior.scale_down.as_ref()), false)
    }

    /// The recommendation that holds over the windows of both ways, and what is told where it is another one.
    pub(super) fn stabilized(
        &self,
        current: i32,
        wanted: i32,
        memory: &Memory,
    ) -> (i32, Option<(&'static str, &'static str)>) {
        let within = |window: Duration| {
            let recent = memory.recommendations.iter().filter(move |(at, _)| is_within(*at, window, self.now));
            recent.map(|(_, replicas)| *replicas).chain([wanted])
        };
        let lowest = within(self.up().window).min().unwrap_or(wanted);
        let highest = within(self.down().window).max().unwrap_or(wanted);
        let held = current.max(lowest).min(highest);
        let told = match held.cmp(&wanted) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some((
                "ScaleDownStabilized",
                "recent recommendations were higher than current one, applying the highest recent recommendation",
            )),
            std::cmp::Ordering::Less => Some((
                "ScaleUpStabilized",
                "recent recommendations were lower than current one, applying the lowest recent recommendation",
            )),
        };
        (held, told)
    }

    /// What the policies and the autoscaler's own limits allow of it.
    pub(super) fn limited(&self, current: i32, wanted: i32, memory: &Memory) -> Told {
        if wanted > current {
            let limit = self.up().limit(current, memory, true, self.now).max(current);
            if limit < self.most && wanted > limit {
                let words = "the desired replica count is increasing faster than the maximum scale rate";
                return (limit, "ScaleUpLimit", words);
            }
            if wanted > self.most {
                let words = "the desired replica count is more than the maximum replica count";
                return (self.most, "TooManyReplicas", words);
            }
        } else if wanted < current {
            let limit = self.down().limit(current, memory, false, self.now).min(current);
            if limit > self.least && wanted < limit {
                let words = "the desired replica count is decreasing faster than the maximum scale rate";
                return (limit, "ScaleDownLimit", words);
            }
            if wanted < self.least {
                let words = "the desired replica count is less than the minimum replica count";
                return (self.least, "TooFewReplicas", words);
            }
        }
        (wanted, "DesiredWithinRange", "the desired count is within the acceptable range")
    }
}

fn is_within(at: Timestamp, window: Duration, now: Timestamp) -> bool {
    at.saturating_add(window).is_ok_and(|until| until > now)
}

impl Way {
    /// How far the replicas may be changed now, by what was changed within each policy's period.
    fn limit(&self, current: i32, memory: &Memory, up: bool, now: Timestamp) -> i32 {
        if self.select == Select::Disabled {
            return current;
        }
        let limits = self.policies.iter().map(|policy| {
            let sum = |changes: &[(Timestamp, i32)]| -> i32 {
                changes.iter().filter(|(at, _)| is_within(*at, policy.period, now)).map(|(_, count)| *count).sum()
            };
            let start = current - sum(&memory.ups) + sum(&memory.downs);
            let (whole, part) = (i64::from(start), i64::from(policy.value));
            let narrow = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
            match (policy.percent, up) {
                (false, true) => start.saturating_add(policy.value),
                (false, false) => start.saturating_sub(policy.value),
                (true, true) => narrow((whole * (100 + part)).saturating_add(99) / 100),
                (true, false) => narrow(whole * (100 - part) / 100),
            }
        });
        let limit = if (self.select == Select::Most) == up { limits.max() } else { limits.min() };
        limit.unwrap_or(current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: &str = "2026-11-21T10:00:00Z";

    fn ago(seconds: i64) -> Timestamp {
        NOW.parse::<Timestamp>().expect("a moment") - jiff::SignedDuration::from_secs(seconds)
    }

    fn changes(list: &[(i64, i32)]) -> Vec<(Timestamp, i32)> {
        list.iter().map(|(seconds, count)| (ago(*seconds), *count)).collect()
    }

    fn with_bounds<T>(behavior: &Value, then: impl FnOnce(&Bounds<'_>) -> T) -> T {
        let behavior: Option<HorizontalPodAutoscalerBehavior> =
            serde_json::from_value(behavior.clone()).expect("behavior");
        then(&Bounds { behavior: behavior.as_ref(), least: 2, most: 50, now: ago(0) })
    }

    #[test]
    fn the_windows_hold_what_was_recommended() {
        let both =
            json!({"scaleUp": {"stabilizationWindowSeconds": 60}, "scaleDown": {"stabilizationWindowSeconds": 60}});
        for (what, behavior, current, wanted, recent, expected, reason) in [
            ("up at once", json!(null), 3, 8, &[(30, 3)][..], 8, None),
            ("down after five minutes", json!(null), 8, 3, &[(301, 8), (299, 6)], 6, Some("ScaleDownStabilized")),
            ("down when the window is over", json!(null), 8, 3, &[(300, 8)], 3, None),
            ("down at once", json!({"scaleDown": {"stabilizationWindowSeconds": 0}}), 8, 3, &[(1, 8)], 3, None),
            ("up slowly", both.clone(), 3, 8, &[(59, 4), (30, 9)], 4, Some("ScaleUpStabilized")),
            ("neither", both, 5, 8, &[(59, 3)], 5, Some("ScaleUpStabilized")),
        ] {
            let memory = Memory { recommendations: changes(recent), ..Memory::default() };
            let (held, told) = with_bounds(&behavior, |bounds| bounds.stabilized(current, wanted, &memory));
            assert_eq!((held, told.map(|(reason, _)| reason)), (expected, reason), "{what}");
        }
    }

    #[test]
    fn policies_limit_each_step() {
        let up = |rules: Value| json!({"scaleUp": rules});
        let down = |rules: Value| json!({"scaleDown": rules});
        let pods = |count: i32, period: i32| json!({"type": "Pods", "value": count, "periodSeconds": period});
        let percent = |count: i32, period: i32| json!({"type": "Percent", "value": count, "periodSeconds": period});
        let none: &[(i64, i32)] = &[];
        for (what, behavior, current, wanted, ups, downs, expected, reason) in [
            ("four pods", json!(null), 2, 20, none, none, 6, "ScaleUpLimit"),
            ("twice", json!(null), 10, 40, none, none, 20, "ScaleUpLimit"),
            ("after a step within the period", json!(null), 6, 20, &[(14, 4)], none, 6, "ScaleUpLimit"),
            ("after a step before the period", json!(null), 6, 20, &[(15, 4)], none, 12, "ScaleUpLimit"),
            ("to the most", json!(null), 40, 70, none, none, 50, "TooManyReplicas"),
            ("as wanted", json!(null), 10, 12, none, none, 12, "DesiredWithinRange"),
            ("down to the least", json!(null), 10, 0, none, none, 2, "TooFewReplicas"),
            (
                "the smaller of two",
                up(json!({"selectPolicy": "Min", "policies": [pods(4, 60), percent(10, 60)]})),
                10,
                40,
                none,
                none,
                11,
                "ScaleUpLimit",
            ),
            ("never up", up(json!({"selectPolicy": "Disabled"})), 10, 40, none, none, 10, "ScaleUpLimit"),
            ("never down", down(json!({"selectPolicy": "Disabled"})), 10, 3, none, none, 10, "ScaleDownLimit"),
            ("one pod a minute", down(json!({"policies": [pods(1, 60)]})), 10, 3, none, none, 9, "ScaleDownLimit"),
            ("which has gone", down(json!({"policies": [pods(1, 60)]})), 9, 3, none, &[(59, 1)], 9, "ScaleDownLimit"),
            (
                "the larger of two",
                down(json!({"policies": [pods(4, 60), percent(10, 60)]})),
                20,
                3,
                none,
                none,
                16,
                "ScaleDownLimit",
            ),
            (
                "the smaller of two",
                down(json!({"selectPolicy": "Min", "policies": [pods(4, 60), percent(10, 60)]})),
                20,
                3,
                none,
                none,
                18,
                "ScaleDownLimit",
            ),
            ("half", down(json!({"policies": [percent(50, 15)]})), 9, 2, none, none, 4, "ScaleDownLimit"),
        ] {
            let memory = Memory { ups: changes(ups), downs: changes(downs), ..Memory::default() };
            let (replicas, told, _) = with_bounds(&behavior, |bounds| bounds.limited(current, wanted, &memory));
            assert_eq!((replicas, told), (expected, reason), "{what}");
        }
    }

    #[test]
    fn tolerances_are_those_of_the_behavior() {
        let behavior: HorizontalPodAutoscalerBehavior =
            serde_json::from_value(json!({"scaleUp": {"tolerance": "50m"}})).expect("behavior");
        let found = tolerance(Some(&behavior));
        assert!((found.up - 0.05).abs() < 1e-9 && (found.down - 0.1).abs() < 1e-9);
    }
}
