//! Tokens for the transcript about authentication: a good one from the issuer, and those that it must not accept.

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::path::Path;
use tower::ServiceExt as _;

/// The issuer's own key, and a token that it gave out.
pub(super) struct Tokens {
    pub(super) valid: String,
    key: EncodingKey,
    header: Header,
    claims: Value,
}

impl Tokens {
    /// Asks the issuer for a token as a client does. `folder` is where it keeps its key.
    pub(super) async fn new(router: &Router, secret: &str, folder: &Path, url: &str) -> Result<Tokens> {
        let form = format!("grant_type=client_credentials&client_id=replay&client_secret={secret}");
        let request = Request::post("/oauth2/token").body(Body::from(form)).context("not a request")?;
        let Ok(response) = router.clone().oneshot(request).await;
        let body = response.into_body().collect().await.context("no token")?.to_bytes();
        let body: Value = serde_json::from_slice(&body).context("no token")?;
        let valid = body["access_token"].as_str().context("no token")?.to_owned();
        let pem = std::fs::read(folder.join("signing-key.pem")).context("the issuer has no key")?;
        let now = jiff::Timestamp::now().as_second();
        Ok(Tokens {
            header: jsonwebtoken::decode_header(&valid)?,
            valid,
            key: EncodingKey::from_ec_pem(&pem)?,
            claims: json!({
                "iss": url, "sub": "replay", "aud": "openchoreo", "client_id": "replay", "jti": "1",
                "iat": now, "nbf": now, "exp": now + 600,
            }),
        })
    }

    /// The token that a request of that name carries.
    pub(super) fn of(&self, case: &str) -> Result<String> {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = self.claims.clone();
        let mut header = self.header.clone();
        match case {
            "garbage-token" | "mcp-bad-token" => return Ok("garbage".into()),
            "expired" => claims["exp"] = (now - 3600).into(),
            "not-yet-valid" => claims["nbf"] = (now + 3600).into(),
            "wrong-audience" => claims["aud"] = "another".into(),
            "wrong-issuer" => claims["iss"] = "http://another.example".into(),
            "unknown-kid" => header.kid = Some("another".into()),
            "no-exp" => {
                if let Some(claims) = claims.as_object_mut() {
                    claims.remove("exp");
                }
            }
            _ => return Ok(self.valid.clone()),
        }
        header.alg = Algorithm::ES256;
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }
}
