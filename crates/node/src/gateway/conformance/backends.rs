//! Small backends that say who they are and what they saw.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// What the backends of a stage saw, `PATH@BODY` by backend.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    requests: Arc<watch::Sender<HashMap<String, Vec<String>>>>,
    /// Requests by key, of those that are to fail at first.
    failed: Arc<Mutex<HashMap<String, u32>>>,
}

impl Seen {
    /// Waits until a backend saw something.
    pub(super) async fn by(&self, backend: &str, what: impl Fn(&[String]) -> bool) {
        let _ = self.requests.subscribe().wait_for(|seen| what(seen.get(backend).map_or(&[], Vec::as_slice))).await;
    }

    pub(super) fn count(&self, backend: &str) -> usize {
        self.requests.borrow().get(backend).map_or(0, Vec::len)
    }

    pub(super) fn forget(&self) {
        self.requests.send_modify(HashMap::clear);
    }
}

/// Starts a backend of that name.
pub(super) async fn backend(name: &'static str, seen: Seen, tls: Option<TlsAcceptor>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (seen, tls) = (seen.clone(), tls.clone());
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let seen = seen.clone();
                    async move { Ok::<_, std::convert::Infallible>(answer(name, &seen, request).await) }
                });
                let server = auto::Builder::new(TokioExecutor::new());
                match tls {
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            let _ = server.serve_connection(TokioIo::new(stream), service).await;
                        }
                    }
                    None => {
                        let _ = server.serve_connection(TokioIo::new(stream), service).await;
                    }
                }
            });
        }
    });
    address
}

async fn answer(name: &str, seen: &Seen, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    seen.requests.send_modify(|all| {
        all.entry(name.to_owned()).or_default().push(format!("{}@{body}", parts.uri.path()));
    });
    if header("hang").is_some() {
        std::future::pending::<()>().await;
    }
    if let Some(times) = header("fail-first").and_then(|times| times.parse::<u32>().ok()) {
        let mut failed = seen.failed.lock().expect("not poisoned");
        let done = failed.entry(header("key").unwrap_or_default().to_owned()).or_default();
        if *done < times {
            *done += 1;
            let mut response = Response::new(Full::from("not yet"));
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            return response;
        }
    }
    let mut headers: HashMap<String, Vec<String>> = HashMap::new();
    for (name, value) in &parts.headers {
        let value = value.to_str().unwrap_or_default().to_owned();
        headers.entry(name.as_str().to_owned()).or_default().push(value);
    }
    let host = parts.uri.authority().map(ToString::to_string).or_else(|| header("host").map(str::to_owned));
    let told = json!({
        "backend": name,
        "version": format!("{:?}", parts.version),
        "path": parts.uri.path(),
        "query": parts.uri.query(),
        "host": host,
        "body": body,
        "headers": headers,
    });
    let mut response = Response::new(Full::from(told.to_string()));
    response.headers_mut().insert("x-backend", http::HeaderValue::from_static("yes"));
    response
}
