//! The gateway from its port to real backends on the loopback interface, without a cluster: routes are compiled and put
//! into the table directly.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

use super::compile::{Absent, References, Referrer, ServicePort, compile};
use super::doors::{Doorkeeper, Doors};
use super::forward::Forwarder;
use super::hostname::Hostname;
use super::objects::HttpRoute;
use super::table::{Aged, Content, HostRules, Place, Table};
use crate::network::ObjectKey;
use crate::network::services::{Pool, Protocol, UnderWay};

/// Services by name, all in namespace `shop`, all with port 80; those that end with `-h2c` speak HTTP/2.
#[derive(Default)]
struct Pods(BTreeMap<String, Arc<Pool>>);

impl References for Pods {
    fn service_port(&self, service: &ObjectKey, _port: u16) -> Result<ServicePort, Absent> {
        let pool = self.0.get(&service.name).ok_or(Absent::Service)?.clone();
        let app_protocol = service.name.ends_with("-h2c").then(|| "kubernetes.io/h2c".to_owned());
        Ok(ServicePort { pool, protocol: Protocol::Tcp, app_protocol })
    }

    fn granted(&self, _from: Referrer<'_>, _service: &ObjectKey) -> bool {
        false
    }
}

struct Running {
    address: SocketAddr,
    under_way: Arc<UnderWay>,
    keeper: Doorkeeper,
    pools: Pods,
    _doors: Doors,
}

/// A gateway with one route of these rules, for all hosts.
fn gateway(rules: &Value, pods: &[(&str, &[SocketAddr])]) -> Running {
    let mut services = Pods::default();
    for (name, endpoints) in pods {
        let pool = Pool::default();
        pool.set(endpoints.to_vec());
        services.0.insert((*name).to_owned(), Arc::new(pool));
    }
    let route = json!({"metadata": {"namespace": "shop", "name": "r"}, "spec": {"rules": rules}});
    let compiled = compile(&serde_json::from_value::<HttpRoute>(route).expect("an HTTPRoute").into(), &services);
    assert_eq!(compiled.problems, []);
    let under_way = Arc::new(UnderWay::default());
    let forwarder = Arc::new(Forwarder::new(under_way.clone()));
    let keeper = Doorkeeper::new(forwarder.clone());
    let doors = Doors::new(keeper.clone(), Ipv4Addr::LOCALHOST.into(), 0).expect("a free port");
    let rules = compiled.rules.into_iter().map(|rule| Aged { rule: Arc::new(rule), created: 0 }).collect();
    let mut table = Table::default();
    let place = Place { port: doors.main(), listener: Hostname::Any, host: Hostname::Any };
    table.put(&place, Content { rules: Some(Arc::new(HostRules::new(rules))), stream: None });
    forwarder.swap(table);
    keeper.open();
    Running { address: (Ipv4Addr::LOCALHOST, doors.main()).into(), under_way, keeper, pools: services, _doors: doors }
}

/// A backend that answers with `answer`; counts its connections.
async fn pod<F, A, B>(answer: F) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Response<B>> + Send + 'static,
    B: http_body::Body<Data = Bytes, Error = std::convert::Infallible> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let answer = answer.clone();
            let service = service_fn(move |request| {
                let answering = answer(request);
                async move { Ok::<_, std::convert::Infallible>(answering.await) }
            });
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
            });
        }
    });
    (address, connections)
}

/// Tells what it was asked.
async fn mirror(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let mut lines = vec![format!("{} {} {:?}", request.method(), request.uri(), request.version())];
    let mut headers: Vec<_> =
        request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("?"))).collect();
    headers.sort();
    lines.extend(headers);
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    lines.push(String::from_utf8_lossy(&body).into_owned());
    Response::builder().header("x-pod", "1").body(Full::from(lines.join("\n"))).expect("an answer")
}

async fn named(name: &'static str) -> SocketAddr {
    pod(move |_| async move { Response::new(Full::from(name)) }).await.0
}

/// An address that refuses connections.
/// A backend that answers one request with what it is told, piece by piece.
async fn told_piecewise() -> (SocketAddr, mpsc::Sender<Bytes>) {
    let (sender, receiver) = mpsc::channel::<Bytes>(1);
    let receiver = Arc::new(std::sync::Mutex::new(Some(receiver)));
    let (address, _) = pod(move |_| {
        let mut receiver = receiver.lock().expect("not poisoned").take().expect("one request");
        let frames = futures::stream::poll_fn(move |cx| receiver.poll_recv(cx));
        let frames = futures::StreamExt::map(frames, |bytes| Ok(Frame::data(bytes)));
        async move { Response::new(StreamBody::new(frames)) }
    })
    .await;
    (address, sender)
}

async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    listener.local_addr().expect("an address")
}

async fn ask(gateway: SocketAddr, request: Request<Full<Bytes>>) -> (StatusCode, http::HeaderMap, String) {
    let stream = TcpStream::connect(gateway).await.expect("a connection");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(connection);
    let response = sender.send_request(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
}

async fn get(gateway: SocketAddr, path: &str) -> (StatusCode, http::HeaderMap, String) {
    ask(gateway, Request::get(path).header("host", "a.test").body(Full::default()).expect("a request")).await
}

fn to(service: &str) -> Value {
    json!([{"name": service, "port": 80}])
}

#[tokio::test]
async fn a_pod_sees_the_changed_request_and_where_it_came_from() {
    let (address, _) = pod(mirror).await;
    let rules = json!([{
        "matches": [{"path": {"type": "PathPrefix", "value": "/greeter"}}],
        "filters": [
            {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}},
            {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-set", "value": "2"}], "add": [{"name": "x-add", "value": "b"}], "remove": ["x-gone"]}},
            {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": "x-answer", "value": "yes"}], "remove": ["x-pod"]}},
        ],
        "backendRefs": to("web"),
    }]);
    let gateway = gateway(&rules, &[("web", &[address])]);
    let request = Request::post("/greeter/hello?name=x")
        .header("host", "a.test:19080")
        .header("x-set", "1")
        .header("x-add", "a")
        .header("x-gone", "1")
        .header("x-forwarded-for", "203.0.113.7")
        .header("connection", "close, x-hop")
        .header("x-hop", "1")
        .header("te", "gzip")
        .body(Full::from("the body"))
        .expect("a request");
    let (status, headers, body) = ask(gateway.address, request).await;
    assert_eq!(
        body.lines().collect::<Vec<_>>(),
        [
            "POST /hello?name=x HTTP/1.1",
            "content-length: 8",
            "host: a.test:19080",
            "x-add: a",
            "x-add: b",
            "x-forwarded-for: 203.0.113.7, 127.0.0.1",
            "x-forwarded-host: a.test:19080",
            &format!("x-forwarded-port: {}", gateway.address.port()),
            "x-forwarded-proto: http",
            "x-set: 2",
            "the body",
        ]
    );
    assert_eq!((status, headers.get("x-answer").is_some(), headers.get("x-pod")), (StatusCode::OK, true, None));
}

#[tokio::test]
async fn a_refused_connection_is_tried_on_another_ready_pod_with_the_body() {
    let (alive, _) = pod(mirror).await;
    let rules = json!([{"backendRefs": to("web")}]);
    let gateway = gateway(&rules, &[("web", &[nobody().await, alive])]);
    for _ in 0..4 {
        let request = Request::post("/").header("host", "a.test").body(Full::from("kept")).expect("a request");
        let (status, _, body) = ask(gateway.address, request).await;
        assert_eq!((status, body.lines().last()), (StatusCode::OK, Some("kept")));
    }
}

#[tokio::test]
async fn a_ready_pod_that_does_not_listen_yet_is_waited_for_and_so_is_the_next_of_the_last() {
    let (alive, _) = pod(mirror).await;
    let late = nobody().await;
    let gateway = gateway(&json!([{"backendRefs": to("web")}]), &[("web", &[late])]);
    let pool = gateway.pools.0["web"].clone();
    for (before, after) in [(vec![late], vec![late, alive]), (vec![], vec![alive])] {
        pool.set(before);
        let mut asked = std::pin::pin!(get(gateway.address, "/"));
        // Nobody answers, and nothing is refused as yet.
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut asked).await.is_err());
        pool.set(after);
        assert_eq!(asked.await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_cannot_be_served_is_refused_with_a_plain_reason() {
    let rules = json!([
        {"matches": [{"path": {"value": "/empty"}}], "backendRefs": to("empty")},
        {"matches": [{"path": {"value": "/dead"}}], "backendRefs": to("dead")},
        {"matches": [{"path": {"value": "/missing"}}], "backendRefs": to("missing")},
        {"matches": [{"path": {"value": "/none"}}]},
    ]);
    let gateway = gateway(&rules, &[("empty", &[]), ("dead", &[nobody().await])]);
    let mut told = Vec::new();
    for path in ["/empty", "/dead", "/missing", "/none", "/other"] {
        let (status, headers, body) = get(gateway.address, path).await;
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
        told.push(format!("{} {}", status.as_u16(), body.trim_end()));
    }
    assert!(told[1].starts_with("503 none of the 1 ready pods of Service shop/dead took the request: "), "{}", told[1]);
    told.remove(1);
    assert_eq!(
        told,
        [
            "503 no pod of Service shop/empty is ready for port 80".to_owned(),
            "500 HTTPRoute shop/r refers to a backend that cannot be used: spec.rules[2].backendRefs[0]: Service shop/missing does not exist".to_owned(),
            "500 HTTPRoute shop/r has no backend for this request (spec.rules[3].backendRefs)".to_owned(),
            format!("404 no route for host a.test and path /other on port {}", gateway.address.port()),
        ]
    );
}

#[tokio::test]
async fn weights_divide_the_requests() {
    let rules =
        json!([{"backendRefs": [{"name": "a", "port": 80, "weight": 3}, {"name": "b", "port": 80, "weight": 1}]}]);
    let gateway = gateway(&rules, &[("a", &[named("a").await]), ("b", &[named("b").await])]);
    let mut counts = BTreeMap::new();
    for _ in 0..40 {
        *counts.entry(get(gateway.address, "/").await.2).or_insert(0) += 1;
    }
    assert!((29..=31).contains(&counts["a"]), "{counts:?}");
}

#[tokio::test]
async fn connections_to_pods_are_kept() {
    let (address, connections) = pod(mirror).await;
    let gateway = gateway(&json!([{"backendRefs": to("web")}]), &[("web", &[address])]);
    for _ in 0..5 {
        assert_eq!(get(gateway.address, "/").await.0, StatusCode::OK);
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn bodies_flow_before_they_are_complete() {
    let (address, sender) = told_piecewise().await;
    let gateway = gateway(&json!([{"backendRefs": to("web")}]), &[("web", &[address])]);
    let mut client = TcpStream::connect(gateway.address).await.expect("a connection");
    client.write_all(b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n").await.expect("sent");
    let mut seen = String::new();
    for part in ["first", "second"] {
        sender.send(Bytes::from(part)).await.expect("taken");
        while !seen.contains(part) {
            let mut buffer = [0; 1024];
            let length = client.read(&mut buffer).await.expect("read");
            assert_ne!(length, 0, "the answer ended early: {seen}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    }
}

#[tokio::test]
async fn a_connection_that_changes_its_protocol_is_carried_through() {
    let (address, _) = pod(|mut request: Request<Incoming>| {
        let upgrade = hyper::upgrade::on(&mut request);
        let asked = request.headers().get("upgrade").cloned();
        tokio::spawn(async move {
            let mut io = TokioIo::new(upgrade.await.expect("an upgrade"));
            let mut buffer = [0; 4];
            io.read_exact(&mut buffer).await.expect("four bytes");
            buffer.reverse();
            io.write_all(&buffer).await.expect("sent");
        });
        async move {
            let answer = Response::builder().status(101).header("connection", "upgrade");
            let answer = answer.header("upgrade", asked.expect("an upgrade header"));
            answer.body(Full::<Bytes>::default()).expect("an answer")
        }
    })
    .await;
    let gateway = gateway(&json!([{"backendRefs": to("web")}]), &[("web", &[address])]);
    let mut client = TcpStream::connect(gateway.address).await.expect("a connection");
    let request =
        b"GET /chat HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\r\n";
    client.write_all(request).await.expect("sent");
    client.write_all(b"abcd").await.expect("sent");
    let mut seen = Vec::new();
    client.read_to_end(&mut seen).await.expect("read");
    let seen = String::from_utf8_lossy(&seen);
    assert!(
        seen.starts_with("HTTP/1.1 101 ") && seen.contains("upgrade: websocket") && seen.ends_with("dcba"),
        "{seen}"
    );
}

#[tokio::test]
async fn a_port_that_says_so_is_spoken_to_in_http_2_with_the_client_s_host() {
    let (address, connections) = pod(mirror).await;
    let gateway = gateway(&json!([{"backendRefs": to("web-h2c")}]), &[("web-h2c", &[address])]);
    for _ in 0..2 {
        let (status, _, body) = get(gateway.address, "/x").await;
        assert_eq!((status, body.lines().next()), (StatusCode::OK, Some("GET http://a.test/x HTTP/2.0")));
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn http_2_clients_are_served_without_tls() {
    let (address, _) = pod(mirror).await;
    let gateway = gateway(&json!([{"backendRefs": to("web")}]), &[("web", &[address])]);
    let stream = TcpStream::connect(gateway.address).await.expect("a connection");
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(connection);
    let request = Request::get("http://a.test/y").version(Version::HTTP_2).body(Full::<Bytes>::default());
    let response = sender.send_request(request.expect("a request")).await.expect("an answer");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    let lines: Vec<_> = body.lines().take(2).collect();
    assert_eq!(lines, ["GET /y HTTP/1.1", "host: a.test"]);
}

#[tokio::test]
async fn a_pod_that_takes_too_long_is_not_waited_for() {
    let (address, _) = pod(|_| async move {
        std::future::pending::<()>().await;
        Response::new(Full::<Bytes>::default())
    })
    .await;
    for (field, words) in
        [("request", "within the request's timeout"), ("backendRequest", "within the backend's timeout")]
    {
        let rules = json!([{"backendRefs": to("web"), "timeouts": {field: "20ms"}}]);
        let gateway = gateway(&rules, &[("web", &[address])]);
        let (status, _, body) = get(gateway.address, "/").await;
        assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
        assert!(body.contains(words), "{body}");
    }
}

#[tokio::test]
async fn redirects_and_preflights_are_answered_by_the_gateway() {
    let rules = json!([
        {"matches": [{"path": {"value": "/old"}}], "filters": [{"type": "RequestRedirect", "requestRedirect": {"hostname": "b.test", "statusCode": 301, "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/new"}}}]},
        {"matches": [{"path": {"value": "/api"}, "method": "PUT"}], "filters": [{"type": "CORS", "cors": {"allowOrigins": ["https://p.test"], "allowMethods": ["PUT"]}}], "backendRefs": to("web")},
    ]);
    let (address, _) = pod(mirror).await;
    let gateway = gateway(&rules, &[("web", &[address])]);
    let (status, headers, _) = get(gateway.address, "/old/x?y=1").await;
    let location = format!("http://b.test:{}/new/x?y=1", gateway.address.port());
    assert_eq!(
        (status, headers["location"].to_str().expect("text")),
        (StatusCode::MOVED_PERMANENTLY, location.as_str())
    );
    let preflight = Request::options("/api/z")
        .header("host", "a.test")
        .header("origin", "https://p.test")
        .header("access-control-request-method", "PUT");
    let (status, headers, _) = ask(gateway.address, preflight.body(Full::default()).expect("a request")).await;
    assert_eq!(
        (status, headers["access-control-allow-origin"].as_bytes()),
        (StatusCode::NO_CONTENT, &b"https://p.test"[..])
    );
    let actual = Request::put("/api/z").header("host", "a.test").header("origin", "https://p.test");
    let (status, headers, _) = ask(gateway.address, actual.body(Full::default()).expect("a request")).await;
    assert_eq!((status, headers["access-control-allow-origin"].as_bytes()), (StatusCode::OK, &b"https://p.test"[..]));
}

#[tokio::test]
async fn requests_under_way_are_finished_before_the_gateway_ends() {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (in_pod, release) = (asked.clone(), go.clone());
    let (address, _) = pod(move |_| {
        let (asked, go) = (in_pod.clone(), release.clone());
        async move {
            asked.notify_one();
            go.notified().await;
            Response::new(Full::from("late"))
        }
    })
    .await;
    let gateway = gateway(&json!([{"backendRefs": to("web")}]), &[("web", &[address])]);
    let client = tokio::spawn({
        let address = gateway.address;
        async move { get(address, "/").await }
    });
    asked.notified().await;
    let keeper = gateway.keeper.clone();
    let closing = tokio::spawn(async move { keeper.close(Duration::from_secs(30)).await });
    go.notify_one();
    let (status, _, body) = client.await.expect("an answer");
    assert_eq!((status, body.as_str()), (StatusCode::OK, "late"));
    closing.await.expect("closed");
    assert!(TcpStream::connect(gateway.address).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn a_pod_is_waited_for_until_its_answer_has_been_read() {
    let (address, sender) = told_piecewise().await;
    let gateway = gateway(&json!([{"backendRefs": to("web")}]), &[("web", &[address])]);
    let mut client = TcpStream::connect(gateway.address).await.expect("a connection");
    client.write_all(b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n").await.expect("sent");
    sender.send(Bytes::from("first")).await.expect("taken");
    let mut seen = String::new();
    while !seen.contains("first") {
        let mut buffer = [0; 1024];
        let length = client.read(&mut buffer).await.expect("read");
        seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    let under_way = gateway.under_way.clone();
    let waiting = tokio::spawn(async move { under_way.ended(&[address.ip()]).await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished(), "the answer is under way");
    drop(sender);
    waiting.await.expect("the answer ended");
}

#[tokio::test]
async fn a_port_in_use_is_told_and_the_others_are_opened() {
    let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let taken = holder.local_addr().expect("an address").port();
    let free = nobody().await.port();
    let keeper = Doorkeeper::new(Arc::new(Forwarder::new(Arc::default())));
    let mut doors = Doors::new(keeper.clone(), Ipv4Addr::LOCALHOST.into(), 0).expect("a free port");
    let failed = doors.open(&BTreeSet::from([taken, free, doors.main()]));
    assert_eq!(failed.keys().collect::<Vec<_>>(), [&taken]);
    TcpStream::connect((Ipv4Addr::LOCALHOST, free)).await.expect("the free port is open");
    assert_eq!(
        Doors::new(keeper, Ipv4Addr::LOCALHOST.into(), taken).expect_err("taken").kind(),
        std::io::ErrorKind::AddrInUse
    );
}
