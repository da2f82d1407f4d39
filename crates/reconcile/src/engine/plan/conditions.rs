//! The one place where conditions get their time and generation.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// Completes `status.conditions`: the observed generation where there is none, and the transition time, which stays
/// that of the live condition of the same type while its status does.
pub(crate) fn stamp(status: &mut Value, live: Option<&Value>, generation: i64, now: Timestamp) {
    let live_conditions = live.and_then(|live| live.get("conditions")).and_then(Value::as_array);
    let Some(conditions) = status.get_mut("conditions").and_then(Value::as_array_mut) else {
        return;
    };
    for condition in conditions.iter_mut().filter_map(Value::as_object_mut) {
        if generation > 0 && condition.get("observedGeneration").and_then(Value::as_i64).is_none_or(|known| known <= 0)
        {
            condition.insert("observedGeneration".into(), generation.into());
        }
        let before = live_conditions.and_then(|all| all.iter().find(|other| same_state(condition, other)));
        let since = before.and_then(|other| other.get("lastTransitionTime")).filter(|time| time.is_string()).cloned();
        condition.insert("lastTransitionTime".into(), since.unwrap_or_else(|| seconds(now)));
    }
}

fn same_state(condition: &Map<String, Value>, other: &Value) -> bool {
    ["type", "status"].iter().all(|name| condition.get(*name) == other.get(*name))
}

/// Kubernetes' times have whole seconds.
fn seconds(now: Timestamp) -> Value {
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string().into()
}
