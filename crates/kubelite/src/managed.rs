//! Who owns which field: `metadata.managedFields`.

use serde_json::Value;

use crate::{status::ApiError, verbs::Call};

/// Brings `managedFields` up to date with what this request changed.
pub(crate) fn record(
    call: &Call,
    old: Option<&Value>,
    new: &mut Value,
    applied: Option<&Value>,
    now: jiff::Timestamp,
) -> Result<(), ApiError> {
    let _ = (call, old, new, applied, now);
    Ok(())
}

/// Whether nothing changed but the times in `managedFields`.
pub(crate) fn same(old: &Value, new: &Value) -> bool {
    let timeless = |value: &Value| {
        let mut value = value.clone();
        if let Some(entries) = value["metadata"]["managedFields"].as_array_mut() {
            for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
                entry.remove("time");
            }
        }
        value
    };
    timeless(old) == timeless(new)
}
