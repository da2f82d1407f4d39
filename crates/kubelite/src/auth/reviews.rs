//! Questions about tokens and rights: asked as objects that are answered and not stored.

use serde_json::{Value, json};

use super::authorize;
use crate::{admission::User, object::meta, status::ApiError, verbs::Call};

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

/// Answers a review.
pub(crate) fn review(call: &Call, mut object: Value) -> Result<Value, ApiError> {
    let spec = object["spec"].clone();
    let status = match &*call.kind.kind {
        "TokenReview" => token(call, &spec),
        "SelfSubjectReview" => json!({"userInfo": info(&call.user)}),
        "SelfSubjectAccessReview" => access(&call.user, &spec)?,
        "SubjectAccessReview" | "LocalSubjectAccessReview" => {
            let name = spec["user"].as_str().unwrap_or_default().to_owned();
            let groups = strings(&spec["groups"]);
            if name.is_empty() && groups.is_empty() {
                return Err(ApiError::bad_request(
                    "spec.user: Required value: at least one of user or group must be specified",
                ));
            }
            access(&User { name, groups, ..User::default() }, &spec)?
        }
        "SelfSubjectRulesReview" => {
            let all = if call.user.is_master() {
                json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}])
            } else {
                json!([])
            };
            let paths =
                if call.user.is_master() { json!([{"verbs": ["*"], "nonResourceURLs": ["*"]}]) } else { json!([]) };
            json!({"resourceRules": all, "nonResourceRules": paths, "incomplete": false})
        }
        _ => return Err(ApiError::method_not_allowed(&call.kind)),
    };
    object["status"] = status;
    meta::set(&mut object, "creationTimestamp", meta::time(call.core.now()));
    Ok(object)
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
                audiences
            } else {
                audiences.into_iter().filter(|audience| wanted.contains(audience)).collect()
            };
            if shared.is_empty() {
                return json!({"authenticated": false, "error": "the token is not for any of the audiences asked for"});
            }
            json!({"authenticated": true, "user": info(&user), "audiences": shared})
        }
        Some(Err(problem)) => json!({"authenticated": false, "error": problem}),
        None => json!({"authenticated": false, "error": "unknown token"}),
    }
}

fn access(user: &User, spec: &Value) -> Result<Value, ApiError> {
    let resource = &spec["resourceAttributes"];
    let path = &spec["nonResourceAttributes"];
    if resource.is_object() == path.is_object() {
        return Err(ApiError::bad_request(
            "spec: exactly one of nonResourceAttributes or resourceAttributes must be specified",
        ));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let verdict = if resource.is_object() {
        let namespace = text(&resource["namespace"]);
        authorize(
            user,
            &text(&resource["verb"]),
            &text(&resource["resource"]),
            &text(&resource["group"]),
            Some(&namespace).filter(|text| !text.is_empty()).map(String::as_str),
        )
    } else {
        authorize(user, &text(&path["verb"]), &text(&path["path"]), "", None)
    };
    Ok(match verdict {
        Ok(()) => json!({"allowed": true, "reason": "member of system:masters"}),
        Err(error) => json!({"allowed": false, "reason": error.message}),
    })
}
