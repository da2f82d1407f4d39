//! JSON merge patch (RFC 7396).

use serde_json::{Map, Value};

use super::PatchError;

/// Applies a merge patch: null removes, objects merge, everything else replaces.
///
/// # Errors
/// [`PatchError::BadRequest`] when the patch is no object.
pub fn merge(original: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Object(patch) = patch else {
        let why = match patch {
            Value::Null => "Invalid JSON Patch".to_owned(),
            other => format!(
                "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                schema::go_type_name(other)
            ),
        };
        return Err(PatchError::BadRequest(why));
    };
    let mut object = original.clone();
    merge_into(&mut object, patch);
    Ok(object)
}

fn merge_into(target: &mut Value, patch: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(name);
            }
            Value::Object(inner) => merge_into(target.entry(name.clone()).or_insert(Value::Null), inner),
            other => {
                target.insert(name.clone(), other.clone());
            }
        }
    }
}
