//! One request: placeholders filled in, sent to the router, the answer read.

use super::stage::Stage;
use super::transcript::Case;
use anyhow::{Context, Result};
use axum::body::Body;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 16 * 1024 * 1024;

/// What our API answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// The body as JSON; null where it is none.
    pub(super) json: Value,
    pub(super) text: String,
}

impl Stage {
    /// Sends a request as it was recorded, in our words.
    pub(super) async fn send(&mut self, transcript: &str, case: &Case) -> Result<Answer> {
        let recorded = &case.request;
        let path = self.words.in_ours(&recorded.path);
        let path = path.replace("<cursor of components>", &self.cursor).replace("<cursor>", &self.cursor);
        let mut request = Request::builder().method(recorded.method.as_str()).uri(path);
        for (name, value) in &recorded.headers {
            if !name.eq_ignore_ascii_case(header::AUTHORIZATION.as_str()) {
                request = request.header(name, value);
            }
        }
        // Only the transcript about authentication says itself how it authenticates.
        let authorization = match recorded.headers.get("Authorization") {
            Some(given) if transcript == "auth" => Some(given.replace("<token>", &self.api.tokens.of(&case.name)?)),
            None if transcript == "auth" => None,
            _ => Some(format!("Bearer {}", self.api.tokens.valid)),
        };
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let body = match (&recorded.body, &recorded.raw_body) {
            (Some(body), _) => self.words.in_ours(&body.to_string()),
            (None, Some(text)) => text.clone(),
            (None, None) => String::new(),
        };
        if !body.is_empty() && !recorded.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Body::from(body)).context("not a request")?;
        let Ok(response) = self.api.router.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let bytes = http_body_util::Limited::new(body, LONGEST)
            .collect()
            .await
            .map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?
            .to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        if let Some(cursor) = json.pointer("/pagination/nextCursor").and_then(Value::as_str) {
            cursor.clone_into(&mut self.cursor);
        }
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, json, text })
    }
}
