//! The gateway over a cluster in process: objects in, statuses and answers out.

use std::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use super::{Gateway, GatewayError, GatewayHandle, GatewayOptions};
use crate::network::ObjectKey;
use crate::network::services::Services;
use crate::network::test_cluster::{Cluster, told};

struct Stage {
    cluster: Cluster,
    services: Arc<Services>,
    gateway: GatewayHandle,
}

/// A cluster with namespaces `infra` and `shop`, class `local`, and Gateway `infra/edge` on the gateway's port.
async fn stage() -> Stage {
    let cluster = Cluster::open("127.100.0.0/16").await;
    let services = Services::start(&cluster.client);
    let options = GatewayOptions {
        services: Some(services.clone()),
        http_port: 0,
        controller_name: "test.example/gateway".into(),
        ..GatewayOptions::new(cluster.client.clone())
    };
    let gateway = Gateway::start(options).await.expect("a gateway");
    cluster.namespace("infra", json!({})).await;
    cluster.namespace("shop", json!({"tier": "shop"})).await;
    cluster
        .create(
            "GatewayClass",
            json!({"metadata": {"name": "local"}, "spec": {"controllerName": "test.example/gateway"}}),
        )
        .await;
    let listener = json!({"name": "http", "port": gateway.http_port(), "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}});
    let edge = json!({"metadata": {"name": "edge", "namespace": "infra"}, "spec": {"gatewayClassName": "local", "listeners": [listener]}});
    cluster.create("Gateway", edge).await;
    cluster
        .until("Gateway", Some("infra"), "edge", |gateway| {
            holds(&gateway.data["status"]["conditions"], "Programmed=True/Programmed")
        })
        .await;
    Stage { cluster, services, gateway }
}

fn holds(conditions: &Value, wanted: &str) -> bool {
    told(conditions).iter().any(|one| one == wanted)
}

impl Stage {
    /// A Service without selector in `namespace`, whose one endpoint says `words`.
    async fn service(&self, namespace: &str, name: &str, words: &'static str) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service_fn(move |request: Request<hyper::body::Incoming>| async move {
                    let text = format!("{words} {}", request.uri().path());
                    Ok::<_, std::convert::Infallible>(http::Response::new(Full::<Bytes>::from(text)))
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        let service = json!({"metadata": {"name": name, "namespace": namespace}, "spec": {"ports": [{"name": "http", "port": 80}]}});
        self.cluster.create("Service", service).await;
        let slice = json!({
            "metadata": {"name": format!("{name}-1"), "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
            "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": true}}],
        });
        self.cluster.create("EndpointSlice", slice).await;
        let key = ObjectKey::new(namespace, name);
        let entry = loop {
            if let Some(entry) = self.services.get(&key) {
                break entry;
            }
            tokio::task::yield_now().await;
        };
        entry.ports[0].pool.any().wait_for(|any| *any).await.expect("an endpoint");
    }

    async fn route(&self, namespace: &str, name: &str, spec: Value) {
        let mut spec = spec;
        spec["parentRefs"] = json!([{"name": "edge", "namespace": "infra"}]);
        self.cluster
            .create("HTTPRoute", json!({"metadata": {"name": name, "namespace": namespace}, "spec": spec}))
            .await;
    }

    /// What the route's conditions say, once it says `wanted`.
    async fn says(&self, namespace: &str, name: &str, wanted: &str) -> Value {
        let conditions = |route: &kube::api::DynamicObject| route.data["status"]["parents"][0]["conditions"].clone();
        let route =
            self.cluster.until("HTTPRoute", Some(namespace), name, |route| holds(&conditions(route), wanted)).await;
        assert!(route.data["status"]["parents"][0]["controllerName"] == "test.example/gateway");
        conditions(&route)
    }

    async fn get(&self, host: &str, path: &str) -> String {
        let stream = TcpStream::connect(self.gateway.address()).await.expect("a connection");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a handshake");
        tokio::spawn(connection);
        let request = Request::get(path).header("host", host).body(Full::<Bytes>::default()).expect("a request");
        let response = sender.send_request(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        format!("{status} {}", String::from_utf8_lossy(&body).trim_end())
    }
}

fn to(backend: &Value) -> Value {
    json!({
        "hostnames": ["development-default.openchoreoapis.localhost"],
        "rules": [{
            "matches": [{"path": {"type": "PathPrefix", "value": "/greeter-http"}}],
            "filters": [{"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}],
            "backendRefs": [backend],
        }],
    })
}

const HOST: &str = "development-default.openchoreoapis.localhost";

#[tokio::test]
async fn a_route_is_served_from_its_creation_to_its_deletion() {
    let stage = stage().await;
    stage.service("shop", "greeter", "hello").await;
    stage.route("shop", "greeter", to(&json!({"name": "greeter", "port": 80}))).await;
    let conditions = stage.says("shop", "greeter", "Accepted=True/Accepted").await;
    assert_eq!(told(&conditions), ["Accepted=True/Accepted", "ResolvedRefs=True/ResolvedRefs"]);
    assert_eq!(stage.get(HOST, "/greeter-http/a/b?c=d").await, "200 hello /a/b");
    assert_eq!(stage.get(&format!("{HOST}:19080"), "/greeter-http").await, "200 hello /");
    let port = stage.gateway.http_port();
    let refused = format!("404 no route for host other.localhost and path /greeter-http on port {port}");
    assert_eq!(stage.get("other.localhost", "/greeter-http").await, refused);

    let listeners = |gateway: &kube::api::DynamicObject| gateway.data["status"]["listeners"][0].clone();
    let edge = stage
        .cluster
        .until("Gateway", Some("infra"), "edge", |gateway| listeners(gateway)["attachedRoutes"] == 1)
        .await;
    assert_eq!(
        listeners(&edge)["supportedKinds"],
        json!([{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}, {"group": "gateway.networking.k8s.io", "kind": "GRPCRoute"}])
    );
    assert_eq!(edge.data["status"]["addresses"], json!([{"type": "IPAddress", "value": "127.0.0.1"}]));

    stage.cluster.delete("HTTPRoute", "shop", "greeter").await;
    stage.cluster.until("Gateway", Some("infra"), "edge", |gateway| listeners(gateway)["attachedRoutes"] == 0).await;
    assert!(stage.get(HOST, "/greeter-http").await.starts_with("404 "));
}

#[tokio::test]
async fn a_backend_that_appears_later_is_found_without_touching_the_route() {
    let stage = stage().await;
    stage.route("shop", "greeter", to(&json!({"name": "greeter", "port": 80}))).await;
    stage.says("shop", "greeter", "ResolvedRefs=False/BackendNotFound").await;
    assert!(stage.get(HOST, "/greeter-http").await.starts_with("500 "));
    stage.service("shop", "greeter", "late").await;
    stage.says("shop", "greeter", "ResolvedRefs=True/ResolvedRefs").await;
    assert_eq!(stage.get(HOST, "/greeter-http").await, "200 late /");
    let slice = json!({"endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": false}}]});
    stage.cluster.patch("EndpointSlice", "shop", "greeter-1", slice).await;
    let entry = stage.services.get(&ObjectKey::new("shop", "greeter")).expect("the Service");
    entry.ports[0].pool.any().wait_for(|any| !*any).await.expect("no endpoint");
    assert_eq!(stage.get(HOST, "/greeter-http").await, "503 no pod of Service shop/greeter is ready for port 80");
}

#[tokio::test]
async fn a_reference_into_another_namespace_needs_a_grant() {
    let stage = stage().await;
    stage.service("infra", "shared", "shared").await;
    stage.route("shop", "r", to(&json!({"name": "shared", "namespace": "infra", "port": 80}))).await;
    stage.says("shop", "r", "ResolvedRefs=False/RefNotPermitted").await;
    assert!(stage.get(HOST, "/greeter-http").await.starts_with("500 "));
    let grant = json!({
        "metadata": {"name": "g", "namespace": "infra"},
        "spec": {"from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"}], "to": [{"group": "", "kind": "Service"}]},
    });
    stage.cluster.create("ReferenceGrant", grant).await;
    stage.says("shop", "r", "ResolvedRefs=True/ResolvedRefs").await;
    assert_eq!(stage.get(HOST, "/greeter-http").await, "200 shared /");
}

#[tokio::test]
async fn a_route_with_a_filter_that_is_not_supported_says_where_and_serves_nothing() {
    let stage = stage().await;
    stage.service("shop", "greeter", "hello").await;
    let mut spec = to(&json!({"name": "greeter", "port": 80}));
    spec["rules"][0]["filters"] =
        json!([{"type": "ExtensionRef", "extensionRef": {"group": "test.example", "kind": "Other", "name": "x"}}]);
    stage.route("shop", "greeter", spec).await;
    let conditions = stage.says("shop", "greeter", "Accepted=False/UnsupportedValue").await;
    assert_eq!(conditions[0]["message"], "spec.rules[0].filters[0].type: filter ExtensionRef is not supported");
    assert_eq!(conditions[0]["observedGeneration"], 1);
    assert!(stage.get(HOST, "/greeter-http").await.starts_with("404 "));
    stage
        .cluster
        .patch("HTTPRoute", "shop", "greeter", json!({"spec": to(&json!({"name": "greeter", "port": 80}))}))
        .await;
    let conditions = stage.says("shop", "greeter", "Accepted=True/Accepted").await;
    assert_eq!(conditions[0]["observedGeneration"], 2);
    assert_eq!(stage.get(HOST, "/greeter-http").await, "200 hello /");
}

#[tokio::test]
async fn a_gateway_of_another_controller_is_left_alone() {
    let stage = stage().await;
    stage
        .cluster
        .create(
            "GatewayClass",
            json!({"metadata": {"name": "theirs"}, "spec": {"controllerName": "other.example/gateway"}}),
        )
        .await;
    let listener = json!({"name": "http", "port": stage.gateway.http_port(), "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}});
    let theirs = json!({"metadata": {"name": "theirs", "namespace": "infra"}, "spec": {"gatewayClassName": "theirs", "listeners": [listener]}});
    stage.cluster.create("Gateway", theirs).await;
    stage.service("shop", "greeter", "hello").await;
    let mut spec = to(&json!({"name": "greeter", "port": 80}));
    spec["parentRefs"] = json!([{"name": "theirs", "namespace": "infra"}]);
    stage.cluster.create("HTTPRoute", json!({"metadata": {"name": "theirs", "namespace": "shop"}, "spec": spec})).await;
    // Made after the other, so that it is served only when the other was looked at.
    let mut spec = to(&json!({"name": "greeter", "port": 80}));
    spec["hostnames"] = json!(["own.test"]);
    stage.route("shop", "own", spec).await;
    stage.says("shop", "own", "Accepted=True/Accepted").await;
    assert_eq!(stage.get("own.test", "/greeter-http").await, "200 hello /");
    assert!(stage.get(HOST, "/greeter-http").await.starts_with("404 "));
    let theirs = stage.cluster.until("HTTPRoute", Some("shop"), "theirs", |_| true).await;
    assert!(theirs.data["status"]["parents"].as_array().is_none_or(Vec::is_empty));
}

#[tokio::test]
async fn a_port_in_use_is_named_with_the_way_out() {
    let stage = stage().await;
    let taken = stage.gateway.http_port();
    let options = GatewayOptions { http_port: taken, ..GatewayOptions::new(stage.cluster.client.clone()) };
    let error = Gateway::start(options).await.expect_err("in use");
    assert!(matches!(error, GatewayError::PortInUse(_)));
    let words = error.to_string();
    assert!(words.contains(&format!("port {taken} on 127.0.0.1")) && words.contains("choose another port"), "{words}");
}
