//! One request on its way: find its rule, change it, carry it to a ready pod, and carry the answer back.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use http::header::{HOST, HeaderValue, LOCATION};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::backends::PodClients;
use super::body::{Answer, Lender};
use super::cors::preflight_method;
use super::headers::{put, to_pod, upgrade_of};
use super::mirror::Mirrors;
use super::objects::RouteKey;
use super::refusal::{is_call, refusal, refused_call};
use super::rewrite::{HeaderChange, host_of, path_and_query};
use super::rules::{Backend, CompiledRule, Target};
use super::table::{Found, Table, Tls, Way};
use crate::network::services::UnderWay;

/// Serves requests by the table in use.
#[derive(Debug)]
pub(super) struct Forwarder {
    table: RwLock<Option<Arc<Table>>>,
    pub(super) clients: Arc<PodClients>,
    pub(super) under_way: Arc<UnderWay>,
    mirrors: Mirrors,
}

/// Where a request came in.
#[derive(Debug, Clone)]
pub(super) struct Entrance {
    pub(super) client: SocketAddr,
    /// The port of the listener.
    pub(super) port: u16,
    /// The name that the client asked for in TLS, empty where it named none; none where there was no TLS.
    pub(super) secure: Option<Arc<str>>,
}

impl Entrance {
    pub(super) fn scheme(&self) -> &'static str {
        if self.secure.is_some() { "https" } else { "http" }
    }
}

impl Forwarder {
    pub(super) fn new(under_way: Arc<UnderWay>) -> Self {
        Self { table: RwLock::new(None), clients: Arc::new(PodClients::new()), under_way, mirrors: Mirrors::new() }
    }

    /// Swaps in another table.
    pub(super) fn swap(&self, table: Table) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(table));
    }

    pub(super) fn table(&self) -> Option<Arc<Table>> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is spoken on a port.
    pub(super) fn way(&self, port: u16) -> Way {
        self.table().map_or(Way::Plain, |table| table.way(port))
    }

    /// What is done with TLS for that name.
    pub(super) fn tls(&self, port: u16, name: &str) -> Option<Tls> {
        self.table()?.tls(port, name).cloned()
    }

    /// Answers one request.
    pub(super) async fn answer(&self, request: Request<Incoming>, entrance: &Entrance) -> Response<Answer> {
        let started = Instant::now();
        let call = is_call(request.headers());
        let line = Line::of(&request);
        let (response, route) = self.route(request, entrance, started).await;
        line.write(entrance, &response, route.as_ref(), started);
        if call { refused_call(response) } else { response }
    }

    async fn route(
        &self,
        request: Request<Incoming>,
        entrance: &Entrance,
        started: Instant,
    ) -> (Response<Answer>, Option<RouteKey>) {
        let Some(table) = self.table() else {
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
        if let Some(name) = entrance.secure.as_deref().filter(|name| !name.is_empty())
            && *name != *host
            && !table.same_listener(entrance.port, name, &host)
        {
            let words = format!("host {host} is not served on a connection that was made for {name}");
            return (refusal(StatusCode::MISDIRECTED_REQUEST, &words), None);
        }
        let find = |method: &Method| {
            table.find(entrance.port, &host, method, request.uri().path(), request.uri().query(), request.headers())
        };
        let preflight = preflight_method(request.method(), request.headers());
        // A rule for GET alone answers the browser's question about GET, too.
        let found = find(request.method()).or_else(|| preflight.as_ref().and_then(find));
        let Some(Found { rule, prefix }) = found else {
            let path = request.uri().path();
            let words = format!("no route for host {host} and path {path} on port {}", entrance.port);
            return (refusal(StatusCode::NOT_FOUND, &words), None);
        };
        drop(table);
        if let (Some(cors), Some(_)) = (&rule.cors, &preflight) {
            let (status, headers) = cors.preflight(request.headers());
            let mut response = Response::new(Answer::words(""));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            return (response, Some(rule.route.clone()));
        }
        let asked_with = rule.cors.as_ref().map(|_| request.headers().clone());
        let mut response = self.serve(&rule, prefix, &authority, &host, request, entrance, started).await;
        for change in &rule.response_headers {
            change.apply(response.headers_mut());
        }
        if let (Some(cors), Some(asked_with)) = (&rule.cors, asked_with) {
            cors.decorate(&asked_with, response.headers_mut());
        }
        (response, Some(rule.route.clone()))
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one request, taken apart once")]
    async fn serve(
        &self,
        rule: &CompiledRule,
        prefix: usize,
        authority: &Authority,
        host: &str,
        request: Request<Incoming>,
        entrance: &Entrance,
        started: Instant,
    ) -> Response<Answer> {
        let target = request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let matched = target.path().get(..prefix).unwrap_or_default();
        if let Some(redirect) = &rule.redirect {
            let location = redirect.location((entrance.scheme(), host, entrance.port), &target, matched);
            let mut response = refusal(redirect.status, &location);
            if let Ok(value) = HeaderValue::from_str(&location) {
                response.headers_mut().insert(LOCATION, value);
            }
            return response;
        }
        let Some(backend) = rule.backends.next() else {
            let words =
                format!("{} has no backend for this request (spec.rules[{}].backendRefs)", rule.route, rule.index);
            return refusal(StatusCode::INTERNAL_SERVER_ERROR, &words);
        };
        let target = path_and_query(&target, rule.path.as_ref(), matched);
        let (parts, mut body) = prepare(request, authority, target, rule, &backend, entrance);
        self.mirrors.send(&self.clients, &rule.mirrors, &parts, &mut body);
        let (service, port, pool, speaks) = match &backend.target {
            Target::Nowhere(why) => {
                let words = format!("{} refers to a backend that cannot be used: {why}", rule.route);
                return refusal(StatusCode::INTERNAL_SERVER_ERROR, &words);
            }
            Target::Pods { service, port, pool, speaks } => (service, *port, pool, *speaks),
        };
        let deadline = rule.request_timeout.map(|timeout| started + timeout);
        let sent = self.to_pods(super::attempts::Pods { service, port, pool, speaks }, rule, parts, body, deadline);
        let mut response = match deadline {
            Some(deadline) => tokio::time::timeout_at(deadline, sent).await.unwrap_or_else(|_| {
                refusal(
                    StatusCode::GATEWAY_TIMEOUT,
                    &format!("Service {service} did not answer within the request's timeout"),
                )
            }),
            None => sent.await,
        };
        for change in &backend.response_headers {
            change.apply(response.headers_mut());
        }
        response
    }
}

/// What the access log says of a request; nothing is kept where nobody reads it.
struct Line(Option<(Method, Uri, Option<HeaderValue>)>);

impl Line {
    fn of(request: &Request<Incoming>) -> Self {
        let read = tracing::enabled!(target: "node::gateway::access", tracing::Level::DEBUG);
        let host = || request.headers().get(HOST).cloned();
        Self(read.then(|| (request.method().clone(), request.uri().clone(), host())))
    }

    fn write(self, entrance: &Entrance, response: &Response<Answer>, route: Option<&RouteKey>, started: Instant) {
        let Some((method, uri, host)) = self.0 else { return };
        let host = host.as_ref().and_then(|host| host.to_str().ok());
        tracing::debug!(
            target: "node::gateway::access",
            client = %entrance.client, port = entrance.port, scheme = entrance.scheme(), host, %method, %uri,
            status = response.status().as_u16(), route = route.map(ToString::to_string),
            took_ms = started.elapsed().as_millis() as u64,
        );
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
    entrance: &Entrance,
) -> (Parts, Lender) {
    let (mut parts, body) = request.into_parts();
    let upgrade = (parts.version == Version::HTTP_11).then(|| upgrade_of(&parts.headers)).flatten();
    to_pod(&mut parts.headers, upgrade, authority, entrance);
    if let Some(hostname) = &rule.hostname {
        put(&mut parts.headers, HOST, hostname);
    }
    let changes = rule.request_headers.iter().chain(&backend.request_headers);
    changes.for_each(|change: &HeaderChange| change.apply(&mut parts.headers));
    parts.uri = Uri::from(target);
    (parts, Lender::new(body))
}
