//! One request, one answer.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use kube::Client;
use kube::client::Body;
use serde::Deserialize;

/// No answer within this time is an answer: unavailable.
const DEADLINE: Duration = Duration::from_secs(30);

/// A request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub method: Method,
    pub uri: String,
    pub content_type: &'static str,
    pub accept: &'static str,
    pub body: Bytes,
}

impl Call {
    pub(crate) fn get(uri: String) -> Self {
        Self { method: Method::GET, uri, content_type: "", accept: "application/json", body: Bytes::new() }
    }
}

/// An answer that is not success. Code 0 is: no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refusal {
    pub code: u16,
    pub reason: String,
    pub message: String,
}

impl Refusal {
    pub(crate) fn unreachable(error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            source = cause.source();
        }
        Self { code: 0, reason: "Unreachable".into(), message }
    }

    /// Reads the `Status` object in which Kubernetes explains itself; other bodies are quoted.
    pub(crate) fn from_body(code: u16, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Status {
            #[serde(default)]
            code: u16,
            #[serde(default)]
            reason: String,
            #[serde(default)]
            message: String,
        }
        match serde_json::from_slice::<Status>(body) {
            Ok(status) if !status.message.is_empty() || !status.reason.is_empty() => {
                let code = if status.code == 0 { code } else { status.code };
                Self {
                    code,
                    message: if status.message.is_empty() { status.reason.clone() } else { status.message },
                    reason: status.reason,
                }
            }
            _ => {
                let text: String = String::from_utf8_lossy(body).chars().take(200).collect();
                let text = text.trim();
                let message = if text.is_empty() {
                    format!("the server answered {code}")
                } else {
                    format!("the server answered {code}: {text}")
                };
                Self { code, reason: String::new(), message }
            }
        }
    }

    /// The cluster cannot be reached or cannot work now, as opposed to having refused.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self.code, 0 | 429 | 500 | 502..=504)
    }
}

/// Sends a request and reads the whole answer.
pub(crate) async fn call(client: &Client, call: Call) -> Result<Bytes, Refusal> {
    let exchange = async {
        let response = send(client, call).await?;
        let code = response.status().as_u16();
        let body = response.into_body().collect_bytes().await.map_err(|error| Refusal::unreachable(&error))?;
        if (200..300).contains(&code) { Ok(body) } else { Err(Refusal::from_body(code, &body)) }
    };
    tokio::time::timeout(DEADLINE, exchange).await.unwrap_or_else(|_| {
        Err(Refusal {
            code: 0,
            reason: "Timeout".into(),
            message: format!("no answer within {} s", DEADLINE.as_secs()),
        })
    })
}

pub(super) async fn send(client: &Client, call: Call) -> Result<http::Response<Body>, Refusal> {
    let mut request = Request::builder().method(call.method).uri(call.uri).header(http::header::ACCEPT, call.accept);
    if !call.content_type.is_empty() {
        request = request.header(http::header::CONTENT_TYPE, call.content_type);
    }
    let request = request.body(Body::from(call.body)).map_err(|error| Refusal {
        code: 400,
        reason: "BadRequest".into(),
        message: format!("the request cannot be written: {error}"),
    })?;
    client.send(request).await.map_err(|error| Refusal::unreachable(&error))
}
