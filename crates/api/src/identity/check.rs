//! The check in front of every operation that is not public.

use super::Issuer;
use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thiserror::Error;

/// Who calls. Put into the request's extensions by the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The token's `sub`.
    pub id: String,
}

/// A token's claims (RFC 7519 §4.1).
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: String,
    pub(super) iat: u64,
    pub(super) nbf: u64,
    pub(super) exp: u64,
    pub(super) jti: String,
    pub(super) client_id: String,
}

/// Why a caller is not let in. The text tells no more than a stranger may know.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
pub(crate) enum TokenProblem {
    #[error("missing or invalid authentication token")]
    Missing,
    #[error("invalid or expired token")]
    Invalid,
    #[error("token claims validation failed")]
    Claims,
}

impl From<jsonwebtoken::errors::Error> for TokenProblem {
    fn from(error: jsonwebtoken::errors::Error) -> TokenProblem {
        use jsonwebtoken::errors::ErrorKind as Kind;
        match error.kind() {
            Kind::InvalidIssuer | Kind::InvalidAudience | Kind::InvalidSubject | Kind::MissingRequiredClaim(_) => {
                TokenProblem::Claims
            }
            _ => TokenProblem::Invalid,
        }
    }
}

impl IntoResponse for TokenProblem {
    fn into_response(self) -> Response {
        let code = match self {
            TokenProblem::Missing => "MISSING_TOKEN",
            TokenProblem::Invalid => "INVALID_TOKEN",
            TokenProblem::Claims => "INVALID_CLAIMS",
        };
        // Clients of v1.2 read the code from `error`; `code` is where every other answer has it.
        let body = serde_json::json!({"error": code, "code": "UNAUTHORIZED", "message": self.to_string()});
        (StatusCode::UNAUTHORIZED, [(http::header::WWW_AUTHENTICATE, "Bearer")], Json(body)).into_response()
    }
}

/// Lets in whoever carries a good token and notes who it is.
pub(crate) async fn authenticate(State(issuer): State<Arc<Issuer>>, mut request: Request, next: Next) -> Response {
    let token = request
        .headers()
        .get(http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let subject = match token {
        Some(token) if !token.is_empty() => issuer.verify(token),
        _ => Err(TokenProblem::Missing),
    };
    match subject {
        Ok(subject) => {
            request.extensions_mut().insert(subject);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}
