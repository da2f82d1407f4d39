//! The issuer's endpoints: discovery (OpenID Connect Discovery 1.0 §4), keys, and tokens (RFC 6749).

use super::Issuer;
use super::issuer::TOKEN_LIFETIME;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use std::sync::Arc;

const SCOPES: &[&str] = &["openid", "profile", "email"];

/// `GET /.well-known/openid-configuration`
pub(crate) async fn discovery(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    let url = issuer.url();
    Json(json!({
        "issuer": url,
        "token_endpoint": format!("{url}/oauth2/token"),
        "jwks_uri": format!("{url}/oauth2/jwks"),
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "scopes_supported": SCOPES,
    }))
}

/// `GET /oauth2/jwks`
pub(crate) async fn jwks(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    Json(issuer.jwks())
}

/// `GET /.well-known/oauth-protected-resource` (RFC 9728), with the members that `occ` of v1.2 reads.
pub(crate) async fn protected_resource(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    let url = issuer.url();
    Json(json!({
        "resource": format!("{url}/mcp"),
        "resource_name": "OpenChoreo MCP Server",
        "authorization_servers": [url],
        "bearer_methods_supported": ["header"],
        "scopes_supported": SCOPES,
        "openchoreo_clients": [{"name": "cli", "client_id": "openchoreo-cli", "scopes": SCOPES}],
        "openchoreo_security_enabled": true,
    }))
}

/// `POST /oauth2/token` with `grant_type=client_credentials`; the client proves itself in the form or with basic
/// authentication.
pub(crate) async fn token(State(issuer): State<Arc<Issuer>>, headers: HeaderMap, form: String) -> Response {
    let mut fields = form_fields(&form);
    let mut take = |name: &str| fields.iter().position(|(key, _)| key == name).map(|at| fields.swap_remove(at).1);
    match take("grant_type").as_deref() {
        Some("client_credentials") => {}
        Some(other) => {
            return refuse(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                &format!("grant_type {other:?} is not supported here: use client_credentials"),
            );
        }
        None => return refuse(StatusCode::BAD_REQUEST, "invalid_request", "grant_type is missing"),
    }
    let credentials = basic(&headers).or_else(|| Some((take("client_id")?, take("client_secret")?)));
    let Some((id, secret)) = credentials else {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "client_id or client_secret is missing");
    };
    if !issuer.knows(&id, &secret) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "this client id and secret are not known here");
    }
    let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
    match issuer.issue(&id, now) {
        Ok(token) => {
            let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME});
            ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

fn refuse(status: StatusCode, error: &str, description: &str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(json!({"error": error, "error_description": description})))
        .into_response()
}

/// RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decode(id), decode(secret)))
}

/// The pairs of a query or a form.
pub(crate) fn form_fields(form: &str) -> Vec<(String, String)> {
    form.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decode(name), decode(value))).collect()
}

/// `application/x-www-form-urlencoded` text as it was meant.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = || text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match bytes[at] {
            b'+' => out.push(b' '),
            b'%' => match hex() {
                Some(byte) => {
                    out.push(byte);
                    at += 2;
                }
                None => out.push(b'%'),
            },
            byte => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        assert_eq!(
            form_fields("grant_type=client_credentials&client_id=a%2Bb&client_secret=c+d%zz"),
            [("grant_type", "client_credentials"), ("client_id", "a+b"), ("client_secret", "c d%zz")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
