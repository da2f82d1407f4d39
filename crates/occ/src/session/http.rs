//! Requests.

use super::answer::{Answer, Problem};
use super::token::Authority;
use super::warnings::warnings;
use crate::failure::Failure;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;
use std::time::Duration;

/// How long one answer may take; streams have no limit.
const DEADLINE: Duration = Duration::from_secs(30);

/// The largest page that the API gives.
const PAGE: &str = "100";

/// A control plane's API.
pub(crate) struct Http {
    client: reqwest::Client,
    base: String,
    authority: Authority,
}

/// A name as part of a path or of a query.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl Http {
    pub(crate) fn new(base: &str, authority: Authority) -> Result<Http, Failure> {
        let url = Url::parse(base).map_err(|error| Failure::Input(format!("{base:?} is not a URL: {error}")))?;
        Ok(Http { client: client(&url)?, base: base.trim_end_matches('/').to_owned(), authority })
    }

    /// The control plane's address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request with a good token; if the server does not take it, once more with a new one.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        prepare: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, Failure> {
        let url = format!("{}{path}", self.base);
        let mut fresh = false;
        loop {
            let mut request = prepare(self.client.request(method.clone(), &url));
            if let Some(token) = self.authority.token(self, fresh).await? {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.map_err(|error| self.unreachable(&error))?;
            if response.status() == StatusCode::UNAUTHORIZED && !fresh && self.authority.can_renew() {
                fresh = true;
                continue;
            }
            return Ok(response);
        }
    }

    /// Sends a request that needs no token.
    pub(crate) async fn public(&self, path: &str) -> Result<Response, Failure> {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        self.client.get(url).timeout(DEADLINE).send().await.map_err(|error| self.unreachable(&error))
    }

    /// Sends a form to an address outside the API.
    pub(crate) async fn form(&self, url: &str, form: String) -> Result<Response, Failure> {
        self.client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .timeout(DEADLINE)
            .body(form)
            .send()
            .await
            .map_err(|error| self.unreachable(&error))
    }

    /// A request with a JSON answer. The inner result is what the API says.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Result<Answer, Problem>, Failure> {
        let response = self
            .send(method, path, |request| {
                let request = request.timeout(DEADLINE);
                match body {
                    Some(body) => request.json(body),
                    None => request,
                }
            })
            .await?;
        let status = response.status();
        let warnings = warnings(response.headers());
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        if !status.is_success() {
            return Ok(Err(Problem::read(status, &bytes)));
        }
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).map_err(|error| {
                Failure::Server(format!(
                    "{} does not answer as a control plane does (HTTP {}: {error}): is the address right?",
                    self.base,
                    status.as_u16()
                ))
            })?
        };
        Ok(Ok(Answer { body, warnings }))
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        Ok(self.call(Method::GET, path, None).await??.body)
    }

    /// An object, or nothing where it does not exist.
    pub(crate) async fn find(&self, path: &str) -> Result<Option<Value>, Failure> {
        match self.call(Method::GET, path, None).await? {
            Ok(answer) => Ok(Some(answer.body)),
            Err(problem) if problem.status == StatusCode::NOT_FOUND => Ok(None),
            Err(problem) => Err(problem.into()),
        }
    }

    /// All items of a list, page by page.
    pub(crate) async fn list(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut pairs = vec![("limit", PAGE)];
            pairs.extend(query);
            pairs.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let text: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
            let mut body = self.get(&format!("{path}?{}", text.join("&"))).await?;
            if let Some(Value::Array(page)) = body.get_mut("items").map(Value::take) {
                items.extend(page);
            }
            let next = body.pointer("/pagination/nextCursor").and_then(Value::as_str).filter(|next| !next.is_empty());
            match next {
                Some(next) if cursor.as_deref() != Some(next) => cursor = Some(next.to_owned()),
                _ => return Ok(items),
            }
        }
    }

    /// A failure below HTTP, with the way out.
    pub(crate) fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let mut cause: &dyn std::error::Error = error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        if error.is_timeout() {
            return Failure::Server(format!("{} did not answer in {} s", self.base, DEADLINE.as_secs()));
        }
        Failure::Server(format!(
            "cannot reach the control plane at {} ({cause}): start one with `openchoreo up`, or choose another with \
             `occ config context use NAME` or --context NAME",
            self.base
        ))
    }
}

fn client(url: &Url) -> Result<reqwest::Client, Failure> {
    let mut builder = reqwest::Client::builder().user_agent(concat!("occ/", env!("CARGO_PKG_VERSION"))).http1_only();
    if url.scheme() == "http" {
        // Without TLS the system's certificates need not be read.
        builder = builder.tls_certs_only(std::iter::empty());
    }
    let host = url.host_str().unwrap_or_default();
    let loopback = host == "localhost"
        || host.ends_with(".localhost")
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if loopback {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| Failure::Input(format!("cannot set up connections: {error}")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_encoded() {
        assert_eq!(super::encode("a/b c?d=ü"), "a%2Fb%20c%3Fd%3D%C3%BC");
    }
}
