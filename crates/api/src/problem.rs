//! Errors as clients see them: `{"error", "code", "details"}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Detail {
    /// Path of the field, such as `spec.owner.projectName`.
    pub(crate) field: String,
    pub(crate) message: String,
}

/// An answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) error: String,
    pub(crate) details: Vec<Detail>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, error: impl Into<String>) -> Problem {
        Problem { status, code, error: error.into(), details: Vec::new() }
    }

    pub(crate) fn bad_request(error: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", error)
    }

    pub(crate) fn forbidden(error: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", error)
    }

    pub(crate) fn not_found(noun: &str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("{noun} not found"))
    }

    /// A part of the path that cannot be an object's name.
    pub(crate) fn no_such_name(segment: &str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("nothing can be called {segment:?}"))
    }

    pub(crate) fn no_route() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "404 page not found: GET /openapi.json lists what there is")
    }

    pub(crate) fn method_not_allowed() -> Problem {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_REQUEST", "Method Not Allowed")
    }

    pub(crate) fn conflict(error: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, "CONFLICT", error)
    }

    pub(crate) fn unprocessable(error: impl Into<String>, details: Vec<Detail>) -> Problem {
        Problem { details, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "UNPROCESSABLE_CONTENT", error) }
    }

    /// An object that is to be made has no name.
    pub(crate) fn without_name() -> Problem {
        let details =
            vec![Detail { field: "metadata.name".into(), message: "Required value: name is required".into() }];
        Problem::unprocessable("metadata.name: Required value: name is required", details)
    }

    pub(crate) fn unavailable(error: impl Into<String>) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "INTERNAL_ERROR", error)
    }

    pub(crate) fn too_large(error: impl Into<String>) -> Problem {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "BAD_REQUEST", error)
    }

    /// The cause goes to the log, not to the caller.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Problem {
        tracing::error!(%cause, "a request failed");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "Internal server error")
    }

    /// What the Kubernetes API said, in this API's words. `missing` and `taken` are the nouns of the kind.
    pub(crate) fn from_kube(error: kube::Error, missing: &str, taken: &str) -> Problem {
        let status = match error {
            kube::Error::Api(status) => status,
            kube::Error::Service(cause) => {
                return Problem::unavailable(format!("the control plane's store does not answer: {cause}"));
            }
            other => return Problem::internal(&other),
        };
        match (status.code, status.reason.as_str()) {
            (404, _)
                if status.details.as_ref().is_some_and(|details| details.kind == "namespaces")
                    && missing != "Namespace" =>
            {
                Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "Namespace not found: create it first")
            }
            (404, _) => Problem::not_found(missing),
            (409, "AlreadyExists") => Problem::conflict(format!("{taken} already exists")),
            (409, _) => Problem::conflict(format!(
                "the object was changed in the meantime: read it again and repeat ({})",
                status.message
            )),
            (422, _) => {
                let details: Vec<Detail> = status
                    .details
                    .iter()
                    .flat_map(|details| &details.causes)
                    .map(|cause| Detail { field: cause.field.clone(), message: cause.message.clone() })
                    .collect();
                let text: Vec<String> =
                    details.iter().map(|detail| format!("{}: {}", detail.field, detail.message)).collect();
                Problem::unprocessable(if text.is_empty() { status.message.clone() } else { text.join("; ") }, details)
            }
            (403, _) => Problem::forbidden(status.message.clone()),
            (410, _) => Problem::bad_request("the cursor is too old: begin the list again without it"),
            (400, _) => Problem::bad_request(status.message.clone()),
            (413, _) => Problem::too_large(status.message.clone()),
            _ => Problem::internal(&status.message),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = serde_json::json!({"error": self.error, "code": self.code});
        if !self.details.is_empty() {
            body["details"] = serde_json::json!(self.details);
        }
        (self.status, Json(body)).into_response()
    }
}
