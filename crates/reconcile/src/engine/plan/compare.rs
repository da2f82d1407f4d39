//! Equality of plans and statuses: times do not count.

use serde_json::Value;

use super::Plan;

/// Fields that hold a time of observation or transition. They say when, not what.
const TIMES: [&str; 5] =
    ["lastTransitionTime", "lastObservedTime", "lastUpdateTime", "lastProbeTime", "lastHeartbeatTime"];

/// Whether two JSON values are equal but for times. An absent member equals `null`, as in a status that leaves fields out.
pub(crate) fn same_ignoring_times(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let counts = |(name, value): &(&String, &Value)| !value.is_null() && !TIMES.contains(&name.as_str());
            left.iter()
                .filter(counts)
                .all(|(name, value)| right.get(name).is_some_and(|other| same_ignoring_times(value, other)))
                && right.iter().filter(counts).all(|(name, _)| left.get(name).is_some_and(|value| !value.is_null()))
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_ignoring_times(left, right))
        }
        (left, right) => left == right,
    }
}

/// Removes times and `null` members.
pub(crate) fn strip_times(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|name, value| !value.is_null() && !TIMES.contains(&name.as_str()));
            map.values_mut().for_each(strip_times);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_times),
        _ => {}
    }
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        let statuses = match (&self.status, &other.status) {
            (Some(left), Some(right)) => same_ignoring_times(left, right),
            (left, right) => left.is_none() && right.is_none(),
        };
        statuses
            && self.add_finalizers == other.add_finalizers
            && self.remove_finalizers == other.remove_finalizers
            && self.effects == other.effects
            && self.events == other.events
            && self.waits == other.waits
            && self.wake_at.is_some() == other.wake_at.is_some()
            && self.broken == other.broken
    }
}
