//! Answers that are not objects: `meta/v1 Status`, with the codes, reasons, messages and causes that Kubernetes uses.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::kinds::Kind;

/// One reason within an `Invalid` or `Conflict` answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueInvalid`, `FieldValueRequired`, …
    pub reason: String,
    /// What is wrong.
    pub message: String,
    /// Path of the field.
    pub field: String,
}

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The HTTP status.
    pub code: StatusCode,
    /// Kubernetes' reason, e.g. `NotFound`; empty: none.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// What it is about.
    pub details: Option<Box<Details>>,
}

/// What a refused request was about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// Name of the object.
    pub name: String,
    /// API group.
    pub group: String,
    /// Resource or kind, as Kubernetes fills it for the reason.
    pub kind: String,
    /// The object's uid.
    pub uid: String,
    /// Single reasons.
    pub causes: Vec<Cause>,
    /// When to try again, in seconds; 0: not said.
    pub retry_after: u32,
    /// The token by which an interrupted list can be continued; empty: none.
    pub token: String,
}

impl ApiError {
    /// An answer without details.
    pub fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None }
    }

    fn about(mut self, kind: &Kind, name: &str) -> Self {
        self.details = Some(Box::new(Details {
            name: name.to_owned(),
            group: kind.group.to_string(),
            kind: kind.plural.to_string(),
            ..Details::default()
        }));
        self
    }

    /// The request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// Nobody answers at this path.
    pub fn no_such_path() -> Self {
        let mut error =
            Self::new(StatusCode::NOT_FOUND, "NotFound", "the server could not find the requested resource");
        error.details = Some(Box::default());
        error
    }

    /// Nobody answers at this path, not even one of Kubernetes' own groups: told as a page, not as an object.
    pub fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "", "404 page not found")
    }

    /// There is no such object.
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", format!("{} {name:?} not found", kind.resource()))
            .about(kind, name)
    }

    /// There is one already.
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::new(StatusCode::CONFLICT, "AlreadyExists", format!("{} {name:?} already exists", kind.resource()))
            .about(kind, name)
    }

    /// Someone else changed it, or a precondition does not hold.
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "Conflict",
            format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.resource()),
        )
        .about(kind, name)
    }

    /// A precondition of a delete does not hold: these are told with the kind, not the resource.
    pub fn unmet(kind: &Kind, name: &str, why: &str) -> Self {
        let resource =
            if kind.group.is_empty() { kind.kind.to_string() } else { format!("{}.{}", kind.kind, kind.group) };
        let mut error = Self::conflict(kind, name, why);
        error.message = format!("Operation cannot be fulfilled on {resource} {name:?}: {why}");
        if let Some(details) = &mut error.details {
            details.kind = kind.kind.to_string();
        }
        error
    }

    /// A refusal that Kubernetes gives without a reason.
    pub fn unnamed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "", message)
    }

    /// With details that say nothing.
    #[must_use]
    pub fn with_empty_details(mut self) -> Self {
        self.details = Some(Box::default());
        self
    }

    /// The object has another resource version than the request expects.
    pub fn modified(kind: &Kind, name: &str) -> Self {
        Self::conflict(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// A rule forbids it.
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", format!("{} {name:?} is forbidden: {why}", kind.resource()))
            .about(kind, name)
    }

    /// Field errors.
    pub fn invalid(kind: &Kind, name: &str, causes: Vec<Cause>) -> Self {
        Self::invalid_kind(&kind.group, &kind.kind, name, causes)
    }

    /// Field errors of an object whose kind has no row.
    pub fn invalid_kind(group: &str, kind: &str, name: &str, causes: Vec<Cause>) -> Self {
        let mut lines: Vec<String> = Vec::with_capacity(causes.len());
        for cause in &causes {
            let line = if cause.field.is_empty() {
                cause.message.clone()
            } else {
                format!("{}: {}", cause.field, cause.message)
            };
            // What two checks find is two causes, and said once.
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let what = match lines.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        Self {
            code: StatusCode::UNPROCESSABLE_ENTITY,
            reason: "Invalid",
            message: format!("{qualified} {name:?} is invalid: {what}"),
            details: Some(Box::new(Details {
                name: name.to_owned(),
                group: group.to_owned(),
                kind: kind.to_owned(),
                causes,
                ..Details::default()
            })),
        }
    }

    /// This verb is not for this resource.
    pub fn method_not_allowed() -> Self {
        let mut error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        );
        error.details = Some(Box::default());
        error
    }

    /// An option of the request that cannot be so.
    pub fn option(options: &str, reason: &str, field: &str, message: impl Into<String>) -> Self {
        let cause = Cause { reason: reason.into(), message: message.into(), field: field.into() };
        Self::invalid_kind("meta.k8s.io", options, "", vec![cause])
    }

    /// The body's media type is not understood.
    pub fn unsupported_media(known: &[&str]) -> Self {
        let known = known.join(", ");
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            format!("the body of the request was in an unknown format - accepted media types include: {known}"),
        )
    }

    /// No media type that the client accepts can be made.
    pub fn not_acceptable(known: &str) -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "NotAcceptable",
            format!("only the following media types are accepted: {known}"),
        )
    }

    /// History does not reach back that far.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "Expired", message)
    }

    /// Not built; what to do instead is in the message.
    pub fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    /// The body is too large.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
    }

    /// Nobody known asks.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized")
    }

    /// Our own fault, or the disk's.
    pub fn internal(message: impl Into<String>) -> Self {
        let message = format!("Internal error occurred: {}", message.into());
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    /// Cannot be answered now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
    }

    /// Adds a cause.
    #[must_use]
    pub fn with_cause(mut self, cause: Cause) -> Self {
        self.details.get_or_insert_default().causes.push(cause);
        self
    }

    /// The `Status` object.
    pub fn to_value(&self) -> Value {
        let mut status = Map::new();
        status.insert("kind".into(), "Status".into());
        status.insert("apiVersion".into(), "v1".into());
        let token = self.details.as_ref().map(|details| details.token.as_str()).filter(|token| !token.is_empty());
        status.insert("metadata".into(), token.map_or_else(|| json!({}), |token| json!({"continue": token})));
        status.insert("status".into(), "Failure".into());
        status.insert("message".into(), self.message.clone().into());
        if !self.reason.is_empty() {
            status.insert("reason".into(), self.reason.into());
        }
        if let Some(details) = self.details.as_ref().filter(|details| details.token.is_empty()) {
            status.insert("details".into(), details.to_value());
        }
        status.insert("code".into(), self.code.as_u16().into());
        Value::Object(status)
    }
}

impl Details {
    fn to_value(&self) -> Value {
        let mut map = Map::new();
        for (key, value) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind), ("uid", &self.uid)] {
            if !value.is_empty() {
                map.insert(key.into(), value.clone().into());
            }
        }
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(|cause| {
                let mut map = Map::new();
                for (key, value) in [("reason", &cause.reason), ("message", &cause.message), ("field", &cause.field)] {
                    if !value.is_empty() {
                        map.insert(key.into(), value.clone().into());
                    }
                }
                Value::Object(map)
            });
            map.insert("causes".into(), causes.collect());
        }
        if self.retry_after > 0 {
            map.insert("retryAfterSeconds".into(), self.retry_after.into());
        }
        Value::Object(map)
    }
}

impl From<crate::store::WriteError> for ApiError {
    fn from(error: crate::store::WriteError) -> Self {
        match error {
            crate::store::WriteError::Closed => Self::unavailable(error.to_string()),
            other => Self::internal(other.to_string()),
        }
    }
}

/// The `Status` that says a deletion is done.
pub(crate) fn deleted(kind: &Kind, name: &str, uid: &str) -> Value {
    let mut details = json!({"name": name, "kind": &*kind.plural, "uid": uid});
    if !kind.group.is_empty() {
        details["group"] = (*kind.group).into();
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
