//! The scale subresource: two numbers and a selector of any kind that says where they are.

use serde_json::{Value, json};

use crate::{
    kinds::Kind,
    object::{label_selector::LabelSelector, meta},
    status::{ApiError, Cause},
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
        "spec": {},
        "status": {"replicas": at(object, &paths.status).as_i64().unwrap_or(0)},
    });
    if let Some(replicas) = at(object, &paths.spec).as_i64().filter(|replicas| *replicas != 0) {
        scale["spec"]["replicas"] = replicas.into();
    }
    if let Some(selector) = selector.filter(|text| !text.is_empty()) {
        scale["status"]["selector"] = selector.into();
    }
    Ok(scale)
}

/// What is wrong with the places that a custom kind's scale is made of; a write to the status is not told of the wanted number.
pub(super) fn problems(kind: &Kind, object: &Value, sub: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    let Some(paths) = &kind.scale else { return causes };
    let mut refuse = |field: &str, value: &Value, why: &str| {
        causes.push(super::finish::cause("FieldValueInvalid", field, format!("Invalid value: {value}: {why}")));
    };
    let wanted = Some(&paths.spec).filter(|_| sub != "status");
    for path in wanted.into_iter().chain([&paths.status]) {
        let field = format!(".{}", path.join("."));
        match nested(object, path) {
            Ok(Value::Null) => {}
            Ok(value) => match value.as_i64() {
                None => refuse(&field, &json!(0), &misplaced(&field, value, "int64")),
                Some(number) if number < 0 => refuse(&field, value, "should be a non-negative integer"),
                Some(number) if number > i64::from(i32::MAX) => {
                    refuse(&field, value, "should be less than or equal to 2147483647");
                }
                Some(_) => {}
            },
            Err(why) => refuse(&field, &json!(0), &why),
        }
    }
    if let Some(path) = &paths.selector {
        let field = format!(".{}", path.join("."));
        match nested(object, path) {
            Ok(Value::Null | Value::String(_)) => {}
            Ok(value) => refuse(&field, &json!(""), &misplaced(&field, value, "string")),
            Err(why) => refuse(&field, &json!(""), &why),
        }
    }
    causes
}

/// A value of another type than the one that is read.
fn misplaced(field: &str, value: &Value, wanted: &str) -> String {
    let (shown, kind) = go_value(value);
    format!("{field} accessor error: {shown} is of the type {kind}, expected {wanted}")
}

/// The value at a path; something else than an object on the way is told.
fn nested<'v>(object: &'v Value, path: &[String]) -> Result<&'v Value, String> {
    let mut value = object;
    for (at, step) in path.iter().enumerate() {
        match value {
            Value::Null => return Ok(value),
            Value::Object(map) => value = map.get(step.as_str()).unwrap_or(&Value::Null),
            other => {
                let place = format!(".{}", path[..=at].join("."));
                return Err(misplaced(&place, other, "map[string]interface{}"));
            }
        }
    }
    Ok(value)
}

/// A value and its type as Go prints them.
fn go_value(value: &Value) -> (String, &'static str) {
    match value {
        Value::String(text) => (text.clone(), "string"),
        Value::Bool(_) => (value.to_string(), "bool"),
        Value::Number(number) => (value.to_string(), if number.is_i64() { "int64" } else { "float64" }),
        Value::Array(_) => (value.to_string(), "[]interface {}"),
        Value::Object(_) => (value.to_string(), "map[string]interface {}"),
        Value::Null => ("<nil>".to_owned(), "<nil>"),
    }
}

/// The replicas that a `Scale` asks for.
pub(super) fn wanted(scale: &Value) -> Result<i64, ApiError> {
    let mut typed = scale.clone();
    super::finish::fit_to("io.k8s.api.autoscaling.v1.Scale", &mut typed)?;
    let replicas = typed["spec"]["replicas"].as_i64().unwrap_or(0);
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
