//! One request on its way: find its rule, change it, carry it to a ready pod, and carry the answer back.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use http::header::{
    CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::backends::{NoAnswer, PodClients};
use super::body::{Answer, Lender};
use super::cors::preflight_method;
use super::rewrite::{HeaderChange, host_of, path_and_query};
use super::rules::{Backend, CompiledRule, Target};
use super::table::{Found, Table};
use crate::network::ObjectKey;
use crate::network::services::Pool;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Serves requests by the table in use.
#[derive(Debug)]
pub(super) struct Forwarder {
    table: RwLock<Option<Arc<Table>>>,
    clients: PodClients,
}

/// Where a request came in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entrance {
    pub(super) client: SocketAddr,
    /// The port of the listener.
    pub(super) port: u16,
}

/// Pods of one port of a Service.
struct Pods<'a> {
    service: &'a ObjectKey,
    port: u16,
    pool: &'a Pool,
    http2: bool,
}

impl Forwarder {
    pub(super) fn new() -> Self {
        Self { table: RwLock::new(None), clients: PodClients::new() }
    }

    /// Swaps in another table.
    pub(super) fn swap(&self, table: Table) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(table));
    }

    /// Answers one request.
    pub(super) async fn answer(&self, request: Request<Incoming>, entrance: Entrance) -> Response<Answer> {
        let started = Instant::now();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let (response, route) = self.route(request, entrance, started).await;
        tracing::debug!(
            target: "node::gateway::access",
            client = %entrance.client, port = entrance.port, %method, %uri, status = response.status().as_u16(),
            route = route.map(|route| route.to_string()), took_ms = started.elapsed().as_millis() as u64,
        );
        response
    }

    async fn route(
        &self,
        request: Request<Incoming>,
        entrance: Entrance,
        started: Instant,
    ) -> (Response<Answer>, Option<ObjectKey>) {
        let Some(table) = self.table.read().unwrap_or_else(PoisonError::into_inner).clone() else {
            let words = "the gateway has not read its routes yet: try again in a moment";
            return (refusal(StatusCode::SERVICE_UNAVAILABLE, words), None);
        };
        let Some(authority) = authority(&request) else {
            return (refusal(StatusCode::BAD_REQUEST, "the request names no host: send a Host header"), None);
        };
        if *request.method() == Method::CONNECT {
            return (
                refusal(StatusCode::NOT_IMPLEMENTED, "the gateway opens no tunnels: CONNECT is not supported"),
                None,
            );
        }
        let host = host_of(&authority);
        let path = request.uri().path().to_owned();
        let find =
            |method: &Method| table.find(entrance.port, &host, method, &path, request.uri().query(), request.headers());
        let preflight = preflight_method(request.method(), request.headers());
        // A rule for GET alone answers the browser's question about GET, too.
        let found = find(request.method()).or_else(|| preflight.as_ref().and_then(find));
        let Some(Found { rule, prefix }) = found else {
            let words = format!("no HTTPRoute for host {host} and path {path} on port {}", entrance.port);
            return (refusal(StatusCode::NOT_FOUND, &words), None);
        };
        drop(table);
        let route = rule.route.clone();
        if let (Some(cors), Some(_)) = (&rule.cors, &preflight) {
            let (status, headers) = cors.preflight(request.headers());
            let mut response = Response::new(Answer::words(""));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            return (response, Some(route));
        }
        let asked_with = rule.cors.as_ref().map(|_| request.headers().clone());
        let mut response = self.serve(&rule, &prefix, authority, &host, request, entrance, started).await;
        for change in &rule.response_headers {
            change.apply(response.headers_mut());
        }
        if let (Some(cors), Some(asked_with)) = (&rule.cors, asked_with) {
            cors.decorate(&asked_with, response.headers_mut());
        }
        (response, Some(route))
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one request, taken apart once")]
    async fn serve(
        &self,
        rule: &CompiledRule,
        prefix: &str,
        authority: Authority,
        host: &str,
        request: Request<Incoming>,
        entrance: Entrance,
        started: Instant,
    ) -> Response<Answer> {
        let target = request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        if let Some(redirect) = &rule.redirect {
            let location = redirect.location(host, entrance.port, &target, prefix);
            let mut response = refusal(redirect.status, &location);
            if let Ok(value) = HeaderValue::from_str(&location) {
                response.headers_mut().insert(LOCATION, value);
            }
            return response;
        }
        let Some(backend) = rule.backends.next() else {
            let words = format!(
                "HTTPRoute {} has no backend for this request (spec.rules[{}].backendRefs)",
                rule.route, rule.index
            );
            return refusal(StatusCode::INTERNAL_SERVER_ERROR, &words);
        };
        let pods = match &backend.target {
            Target::Nowhere(why) => {
                let words = format!("HTTPRoute {} refers to a backend that cannot be used: {why}", rule.route);
                return refusal(StatusCode::INTERNAL_SERVER_ERROR, &words);
            }
            Target::Pods { service, port, pool, http2 } => Pods { service, port: *port, pool, http2: *http2 },
        };
        let target = path_and_query(&target, rule.path.as_ref(), prefix);
        let (parts, body) = prepare(request, &authority, target, rule, &backend, entrance);
        let deadline = rule.request_timeout.map(|timeout| started + timeout);
        let sent = self.to_pods(&pods, rule, parts, body, deadline);
        let mut response = match deadline {
            Some(deadline) => tokio::time::timeout_at(deadline, sent).await.unwrap_or_else(|_| {
                refusal(
                    StatusCode::GATEWAY_TIMEOUT,
                    &format!("Service {} did not answer within the request's timeout", pods.service),
                )
            }),
            None => sent.await,
        };
        for change in &backend.response_headers {
            change.apply(response.headers_mut());
        }
        response
    }

    /// Tries one ready pod after the other until one answers.
    async fn to_pods(
        &self,
        pods: &Pods<'_>,
        rule: &CompiledRule,
        mut parts: Parts,
        body: Lender,
        deadline: Option<Instant>,
    ) -> Response<Answer> {
        let upgrade = parts.extensions.remove::<OnUpgrade>().filter(|_| parts.headers.contains_key(UPGRADE));
        let order = pods.pool.in_turn();
        let ready = order.len();
        // A kept connection may end at the very moment it is used; what may be repeated is tried once more.
        let repeatable = body.is_empty() && parts.method.is_idempotent();
        let again = order.clone().take(usize::from(repeatable));
        let mut last = None;
        for pod in order.chain(again) {
            let Some(loan) = body.lend() else { break };
            let request = Request::from_parts(parts.clone(), loan);
            let sent = async {
                if pods.http2 && upgrade.is_none() {
                    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
                    self.clients.http2(pod, host, request).await
                } else {
                    self.clients.http1(pod, request).await
                }
            };
            let answered = match rule.backend_timeout {
                Some(timeout) => tokio::time::timeout(timeout, sent).await,
                None => Ok(sent.await),
            };
            match answered {
                Ok(Ok(response)) => return finish(response, upgrade, deadline),
                Ok(Err(NoAnswer::Refused(why))) => last = Some(why),
                Ok(Err(NoAnswer::Closed(why))) if repeatable => last = Some(why),
                Ok(Err(NoAnswer::Closed(why) | NoAnswer::Broken(why))) => {
                    return refusal(
                        StatusCode::BAD_GATEWAY,
                        &format!("a pod of Service {} gave no answer: {why}", pods.service),
                    );
                }
                Err(_) => {
                    return refusal(
                        StatusCode::GATEWAY_TIMEOUT,
                        &format!("a pod of Service {} did not answer within the backend's timeout", pods.service),
                    );
                }
            }
        }
        let words = match last {
            None => format!("no pod of Service {} is ready for port {}", pods.service, pods.port),
            Some(why) => format!("none of the {ready} ready pods of Service {} took the request: {why}", pods.service),
        };
        refusal(StatusCode::SERVICE_UNAVAILABLE, &words)
    }
}

/// The host that the request is for: HTTP/2 names it in the URI, HTTP/1.1 in the header.
fn authority(request: &Request<Incoming>) -> Option<Authority> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.clone());
    }
    Authority::try_from(request.headers().get(HOST)?.as_bytes()).ok()
}

/// The request as the pod is to see it.
fn prepare(
    request: Request<Incoming>,
    authority: &Authority,
    target: PathAndQuery,
    rule: &CompiledRule,
    backend: &Backend,
    entrance: Entrance,
) -> (Parts, Lender) {
    let (mut parts, body) = request.into_parts();
    let upgrade = (parts.version == Version::HTTP_11).then(|| upgrade_of(&parts.headers)).flatten();
    let trailers = parts.headers.get(TE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"trailers"));
    drop_hop_by_hop(&mut parts.headers);
    parts.headers.remove(EXPECT);
    if trailers {
        parts.headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if let Some(upgrade) = upgrade {
        parts.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        parts.headers.insert(UPGRADE, upgrade);
    }
    put(&mut parts.headers, HOST, authority.as_str());
    forwarded(&mut parts.headers, authority, entrance);
    if let Some(hostname) = &rule.hostname {
        put(&mut parts.headers, HOST, hostname);
    }
    let changes = rule.request_headers.iter().chain(&backend.request_headers);
    changes.for_each(|change: &HeaderChange| change.apply(&mut parts.headers));
    parts.uri = Uri::from(target);
    (parts, Lender::new(body))
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn forwarded(headers: &mut HeaderMap, authority: &Authority, entrance: Entrance) {
    let client = entrance.client.ip().to_string();
    let earlier: Vec<_> = headers.get_all(X_FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let path = if earlier.is_empty() { client } else { format!("{}, {client}", earlier.join(", ")) };
    put(headers, X_FORWARDED_FOR, &path);
    put(headers, X_FORWARDED_HOST, authority.as_str());
    put(headers, X_FORWARDED_PORT, &entrance.port.to_string());
    put(headers, X_FORWARDED_PROTO, "http");
}

/// The protocol that the client wants to change to, where it does.
fn upgrade_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut tokens =
        headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let wanted = tokens.any(|token| token.trim().eq_ignore_ascii_case("upgrade"));
    headers.get(UPGRADE).filter(|_| wanted).cloned()
}

/// Takes away what concerns one connection only (RFC 9110, 7.6.1).
fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let always = [CONNECTION, KEEP_ALIVE, PROXY_CONNECTION, TE, TRANSFER_ENCODING, UPGRADE];
    for name in named.into_iter().filter(|name| *name != TRAILER).chain(always) {
        headers.remove(name);
    }
}

/// The pod's answer as the client is to see it; joins both connections where they changed the protocol.
fn finish(mut response: Response<Incoming>, client: Option<OnUpgrade>, deadline: Option<Instant>) -> Response<Answer> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let Some(client) = client else {
            return refusal(StatusCode::BAD_GATEWAY, "a pod changed the protocol though nobody asked it to");
        };
        let pod = hyper::upgrade::on(&mut response);
        tokio::spawn(join(client, pod));
        return response.map(|_| Answer::words(""));
    }
    drop_hop_by_hop(response.headers_mut());
    response.map(|body| Answer::backend(body, deadline))
}

async fn join(client: OnUpgrade, pod: OnUpgrade) {
    match futures::try_join!(client, pod) {
        Ok((client, pod)) => {
            // An error here is one side's reset; both connections close with this scope and the other side learns of it.
            let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(pod)).await;
        }
        Err(error) => tracing::debug!(%error, "a change of protocol was not completed"),
    }
}

/// An answer of our own, in plain words.
fn refusal(status: StatusCode, words: &str) -> Response<Answer> {
    let mut response = Response::new(Answer::words(format!("{words}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
