//! Questions about tokens and rights: asked as objects that are answered and not stored.

use serde_json::{Value, json};

use super::{Attributes, reason};
use crate::{
    admission::User,
    managed,
    object::meta,
    status::{ApiError, Cause},
    strategy,
    verbs::Call,
};

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn info(user: &User) -> Value {
    let mut info = json!({"username": user.name, "groups": user.groups});
    if !user.uid.is_empty() {
        info["uid"] = user.uid.as_str().into();
    }
    if !user.extra.is_empty() {
        info["extra"] = json!(user.extra);
    }
    info
}

/// What is wrong with a question about rights.
fn problems(call: &Call, object: &Value) -> Vec<Cause> {
    let spec = &object["spec"];
    let mut causes = Vec::new();
    let mut refuse = |field: &str, given: String, why: &str| {
        causes.push(strategy::cause("FieldValueInvalid", field, format!("Invalid value: {given}: {why}")));
    };
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let shown = || {
        let text = |key: &str| path[key].as_str().unwrap_or_default();
        format!("{{\"Path\":{:?},\"Verb\":{:?}}}", text("path"), text("verb"))
    };
    match (resource.is_object(), path.is_object()) {
        (true, true) => {
            refuse("spec.nonResourceAttributes", shown(), "cannot be specified in combination with resourceAttributes");
        }
        (false, false) => {
            let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            refuse("spec.resourceAttributes", "null".into(), why);
        }
        _ => {}
    }
    let kind = &*call.kind.kind;
    let is_local = kind == "LocalSubjectAccessReview";
    let asker = kind == "SelfSubjectAccessReview";
    let nobody = spec["user"].as_str().is_none_or(str::is_empty) && strings(&spec["groups"]).is_empty();
    if nobody && !asker {
        refuse("spec.user", "\"\"".into(), "at least one of user or group must be specified");
    }
    let said = |(key, value): (&String, &Value)| {
        key != "managedFields" && !(is_local && key == "namespace") && !value.is_null() && value != ""
    };
    if object["metadata"].as_object().is_some_and(|metadata| metadata.iter().any(said)) {
        let why = if is_local { "must be empty except for namespace" } else { "must be empty" };
        refuse("metadata", strategy::metadata_json(&object["metadata"]), why);
    }
    if is_local && resource.is_object() {
        let given = resource["namespace"].as_str().unwrap_or_default();
        if given != call.namespace.as_deref().unwrap_or_default() {
            refuse("spec.resourceAttributes.namespace", format!("{given:?}"), "must match metadata.namespace");
        }
    }
    if is_local && path.is_object() {
        refuse("spec.nonResourceAttributes", shown(), "disallowed on this kind of request");
    }
    causes
}

/// Answers a review.
pub(crate) fn review(call: &Call, mut object: Value) -> Result<Value, ApiError> {
    let spec = object["spec"].clone();
    managed::record(call, None, &mut object, None, call.core.now());
    if call.kind.kind.ends_with("AccessReview") {
        let causes = problems(call, &object);
        if !causes.is_empty() {
            // Reviews are told without their kind.
            return Err(ApiError::invalid_kind("authorization.k8s.io", "", "", causes));
        }
    }
    let status = match &*call.kind.kind {
        "TokenReview" if spec["token"].as_str().is_none_or(str::is_empty) => {
            return Err(ApiError::bad_request("token is required for TokenReview in authentication"));
        }
        "TokenReview" => token(call, &spec),
        "SelfSubjectReview" => json!({"userInfo": info(&call.user)}),
        "SelfSubjectAccessReview" => access(call, &call.user, &spec),
        "SubjectAccessReview" | "LocalSubjectAccessReview" => {
            let name = spec["user"].as_str().unwrap_or_default().to_owned();
            let groups = strings(&spec["groups"]);
            let uid = spec["uid"].as_str().unwrap_or_default().to_owned();
            access(call, &User { name, uid, groups, ..User::default() }, &spec)
        }
        "SelfSubjectRulesReview" => own_rules(call, spec["namespace"].as_str().unwrap_or_default())?,
        _ => return Err(ApiError::method_not_allowed()),
    };
    object["status"] = status;
    if &*call.kind.kind == "SelfSubjectReview" {
        meta::set(&mut object, "creationTimestamp", meta::time(call.core.now()));
    }
    Ok(object)
}

fn own_rules(call: &Call, namespace: &str) -> Result<Value, ApiError> {
    if namespace.is_empty() {
        return Err(ApiError::bad_request("no namespace on request"));
    }
    let (mut resources, mut paths) = (Vec::new(), Vec::new());
    if call.user.is_master() {
        resources.push(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}));
        paths.push(json!({"verbs": ["*"], "nonResourceURLs": ["*"]}));
    }
    for rule in call.core.roles.rules(&call.core, &call.user, namespace) {
        let list = if rule.resources.is_empty() { &mut paths } else { &mut resources };
        list.push(rule.to_value());
    }
    Ok(json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false}))
}

fn token(call: &Call, spec: &Value) -> Value {
    let token = spec["token"].as_str().unwrap_or_default();
    if let Some(user) = call.core.tokens.user(token) {
        return json!({"authenticated": true, "user": info(&user)});
    }
    match call.core.accounts.get().map(|accounts| accounts.user(&call.core, token)) {
        Some(Ok((user, audiences))) => {
            let wanted = strings(&spec["audiences"]);
            let shared: Vec<String> = if wanted.is_empty() {
                audiences.clone()
            } else {
                audiences.iter().filter(|audience| wanted.contains(audience)).cloned().collect()
            };
            if shared.is_empty() {
                let problem = format!(
                    "[invalid bearer token, token audiences {audiences:?} is invalid for the target audiences {wanted:?}]"
                );
                return json!({"user": {}, "error": problem});
            }
            json!({"authenticated": true, "user": info(&user), "audiences": shared})
        }
        // Why it is none is nobody's business.
        Some(Err(_)) | None => json!({"user": {}, "error": "invalid bearer token"}),
    }
}

fn access(call: &Call, user: &User, spec: &Value) -> Value {
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let wanted = if resource.is_object() {
        let text = |key: &str| resource[key].as_str().unwrap_or_default();
        Attributes {
            verb: text("verb"),
            group: text("group"),
            resource: text("resource"),
            subresource: text("subresource"),
            namespace: text("namespace"),
            name: text("name"),
            path: "",
        }
    } else {
        let text = |key: &str| path[key].as_str().unwrap_or_default();
        Attributes { verb: text("verb"), path: text("path"), ..Attributes::default() }
    };
    match reason(&call.core, user, &wanted) {
        Some(why) if why.is_empty() => json!({"allowed": true}),
        Some(why) => json!({"allowed": true, "reason": why}),
        None => json!({"allowed": false}),
    }
}
