//! The merge patch that turns one status into another.

use serde::Serialize;
use serde_json::{Map, Value};

/// The patch from `held` to `wanted`; what `wanted` does not have is taken away.
pub(super) fn between(held: &impl Serialize, wanted: &impl Serialize) -> Value {
    difference(&serde_json::to_value(held).unwrap_or_default(), &serde_json::to_value(wanted).unwrap_or_default())
}

fn difference(held: &Value, wanted: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (held, wanted) else { return wanted.clone() };
    let mut patch = Map::new();
    for (name, value) in after {
        match before.get(name) {
            Some(old) if old == value => {}
            Some(old) => {
                patch.insert(name.clone(), difference(old, value));
            }
            None => {
                patch.insert(name.clone(), value.clone());
            }
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use super::between;
    use serde_json::json;

    #[test]
    fn what_is_gone_is_taken_away_at_every_depth() {
        let held = json!({"active": 1, "ready": 1, "uncounted": {"failed": ["a"], "succeeded": ["b"]}});
        let wanted = json!({"ready": 1, "succeeded": 2, "uncounted": {"failed": ["a", "c"]}});
        let patch = json!({"active": null, "succeeded": 2, "uncounted": {"failed": ["a", "c"], "succeeded": null}});
        assert_eq!(between(&held, &wanted), patch);
        assert_eq!(between(&json!(null), &json!({"a": 1})), json!({"a": 1}));
    }
}
