//! Takes out of generated schemas what structural schemas do not know: `null` as a type, and unions made for `Option`.

use serde_json::{Map, Value};

/// Rewrites a schema and all schemas in it.
pub(super) fn flatten(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    unwrap_optional(object);
    drop_null(object);
    for keyword in ["items", "additionalProperties"] {
        if let Some(inner) = object.get_mut(keyword) {
            flatten(inner);
        }
    }
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(flatten);
    }
}

/// `anyOf: [X, null]` becomes X; what is said beside it wins, rules of both are kept.
fn unwrap_optional(object: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = object.get("anyOf") else {
        return;
    };
    let mut present = branches.iter().filter(|branch| branch.get("type") != Some(&Value::from("null")));
    let (Some(only), None) = (present.next().cloned(), present.next()) else {
        return;
    };
    object.remove("anyOf");
    let Value::Object(inner) = only else { return };
    for (keyword, value) in inner {
        match (object.get_mut(&keyword), value) {
            (Some(Value::Array(outer)), Value::Array(mut rules)) if keyword == super::rules::KEYWORD => {
                rules.append(outer);
                *outer = rules;
            }
            (Some(_), _) => {}
            (None, value) => {
                object.insert(keyword, value);
            }
        }
    }
}

fn drop_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(words)) = object.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
}
