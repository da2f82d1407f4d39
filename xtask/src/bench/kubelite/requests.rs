//! What clients ask.

use anyhow::{Context, Result, ensure};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const MAPS: &str = "/api/v1/namespaces/default/configmaps";
/// Bytes in each object's data, so that the whole is about 2 KiB.
const DATA: usize = 1_700;

/// One kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Create,
    Update,
    Get,
    Apply,
}

impl Op {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Get => "get",
            Self::Apply => "apply",
        }
    }

    /// Asks about that object; `number` makes each write another one. A server that is too busy is asked again when it says.
    pub(super) async fn ask(self, client: &Client, object: u64, number: u64) -> Result<()> {
        loop {
            let request = self.request(object, number)?;
            let place = format!("{} {}", request.method(), request.uri());
            let answer = client.send(request).await.with_context(|| place.clone())?;
            if answer.status() != http::StatusCode::TOO_MANY_REQUESTS {
                return body(answer, &place).await.map(|_| ());
            }
            let seconds =
                answer.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            tokio::time::sleep(Duration::from_secs(seconds.unwrap_or(1))).await;
        }
    }

    fn request(self, object: u64, number: u64) -> Result<http::Request<Body>> {
        let path = format!("{MAPS}/b-{object}");
        match self {
            Self::Create => request("POST", MAPS, "application/json", &map(object, number)),
            Self::Update => request("PUT", &path, "application/json", &map(object, number)),
            Self::Get => request("GET", &path, "application/json", &Value::Null),
            Self::Apply => {
                let path = format!("{path}?fieldManager=bench&force=true");
                request("PATCH", &path, "application/apply-patch+yaml", &map(object, number))
            }
        }
    }
}

pub(super) fn request(method: &str, path: &str, media: &str, body: &Value) -> Result<http::Request<Body>> {
    let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
    Ok(http::Request::builder().method(method).uri(path).header("content-type", media).body(bytes.into())?)
}

/// Asks; the answer's body, which must say that all is well.
pub(super) async fn bytes(client: &Client, request: http::Request<Body>) -> Result<bytes::Bytes> {
    let place = format!("{} {}", request.method(), request.uri());
    let answer = client.send(request).await.with_context(|| place.clone())?;
    body(answer, &place).await
}

async fn body(answer: http::Response<Body>, place: &str) -> Result<bytes::Bytes> {
    let code = answer.status();
    let bytes =
        http_body_util::BodyExt::collect(answer.into_body()).await.with_context(|| place.to_owned())?.to_bytes();
    ensure!(code.is_success(), "{place}: {code} {}", String::from_utf8_lossy(&bytes));
    Ok(bytes)
}

fn map(object: u64, number: u64) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": format!("b-{object}"), "namespace": "default", "labels": {"app": "bench"}},
        "data": {"number": number.to_string(), "text": "0123456789abcdef".repeat(DATA / 16)},
    })
}
