//! The scale subresource: two numbers and a selector of any kind that says where they are.

use serde_json::{Value, json};

use crate::{
    kinds::Kind,
    object::{label_selector::LabelSelector, meta},
    status::ApiError,
};

fn at<'a>(object: &'a Value, path: &[String]) -> &'a Value {
    path.iter().fold(object, |value, step| &value[step.as_str()])
}

/// The object's `Scale`.
pub(super) fn of(kind: &Kind, object: &Value) -> Result<Value, ApiError> {
    let paths = kind.scale.as_ref().ok_or_else(ApiError::no_such_path)?;
    let selector = paths.selector.as_ref().map(|path| match at(object, path) {
        Value::String(text) => text.clone(),
        Value::Object(map) if map.contains_key("matchLabels") || map.contains_key("matchExpressions") => {
            LabelSelector::from_value(at(object, path)).to_string()
        }
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
            .collect::<Vec<_>>()
            .join(","),
        _ => String::new(),
    });
    let mut metadata = json!({"name": meta::text(object, "name"), "uid": meta::text(object, "uid"), "resourceVersion": meta::text(object, "resourceVersion"),
        "creationTimestamp": meta::text(object, "creationTimestamp")});
    if !meta::text(object, "namespace").is_empty() {
        metadata["namespace"] = meta::text(object, "namespace").into();
    }
    let mut scale = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": {"replicas": at(object, &paths.spec).as_i64().unwrap_or(0)},
        "status": {"replicas": at(object, &paths.status).as_i64().unwrap_or(0)},
    });
    if let Some(selector) = selector.filter(|text| !text.is_empty()) {
        scale["status"]["selector"] = selector.into();
    }
    Ok(scale)
}

/// The replicas that a `Scale` asks for.
pub(super) fn wanted(scale: &Value) -> Result<i64, ApiError> {
    let replicas = match &scale["spec"]["replicas"] {
        Value::Null => 0,
        value => value.as_i64().ok_or_else(|| ApiError::bad_request("spec.replicas: must be a whole number"))?,
    };
    if replicas < 0 {
        let cause = super::finish::cause(
            "FieldValueInvalid",
            "spec.replicas",
            format!("Invalid value: {replicas}: must be greater than or equal to 0"),
        );
        return Err(ApiError::invalid_kind("autoscaling", "Scale", meta::text(scale, "name"), vec![cause]));
    }
    Ok(replicas)
}

/// A `Scale` that names another version or uid of the object is refused.
pub(super) fn precondition(kind: &Kind, name: &str, old: &Value, scale: &Value) -> Result<(), ApiError> {
    for key in ["resourceVersion", "uid"] {
        let given = meta::text(scale, key);
        if !given.is_empty() && given != meta::text(old, key) {
            return Err(ApiError::modified(kind, name));
        }
    }
    Ok(())
}

/// The object with that many replicas wanted.
pub(super) fn with(kind: &Kind, old: &Value, replicas: i64) -> Result<Value, ApiError> {
    let paths = kind.scale.as_ref().ok_or_else(ApiError::no_such_path)?;
    let mut new = old.clone();
    let mut place = &mut new;
    for step in &paths.spec {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[step.as_str()];
    }
    *place = replicas.into();
    Ok(new)
}
