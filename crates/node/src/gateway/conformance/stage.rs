//! The stage that a case is played on: an API server, a gateway, backends, and three namespaces.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use base64::Engine as _;
use kube::api::DynamicObject;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use super::backends::{Seen, backend};
use super::cases::{Case, Object, Step};
use super::client::Asked;
use super::expect::{decoded, wrong, wrong_shares};
use crate::gateway::{Gateway, GatewayHandle, GatewayOptions, LocalAuthority};
use crate::network::ObjectKey;
use crate::network::services::Services;
use crate::network::test_cluster::{Cluster, told};

/// Ports are taken from here on an address that this process has to itself.
static NEXT_PORT: AtomicU16 = AtomicU16::new(20_000);
const SERVED: &str = "127.103.0.0/16";

struct Stage {
    cluster: Cluster,
    services: Arc<Services>,
    gateway: GatewayHandle,
    seen: Seen,
    ports: [(&'static str, u16); 3],
    roots: Vec<String>,
    _folder: TempDir,
}

/// An address of the loopback interface for this process alone, so that no port is anybody else's.
fn own_address() -> Ipv4Addr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 | (high & 1) << 5 | middle & 0x1f, low, middle.wrapping_add(1).max(1))
}

/// A certificate for the names of the cases, with its key.
fn certificate() -> (String, String) {
    let names = ["example.org", "second-example.org", "*.example.org", "*.example.com"];
    let params = CertificateParams::new(names.map(str::to_owned)).expect("names");
    let key = KeyPair::generate().expect("a key");
    let made = params.self_signed(&key).expect("a certificate");
    (made.pem(), key.serialize_pem())
}

/// Plays a case and says what was not as expected.
pub(super) async fn play(case: Case) -> Vec<String> {
    let stage = Stage::set().await;
    let mut all_wrong = Vec::new();
    for step in case.into_steps() {
        all_wrong.extend(stage.step(step).await);
    }
    all_wrong
}

impl Stage {
    async fn set() -> Self {
        let cluster = Cluster::open(SERVED).await;
        let folder = tempfile::tempdir().expect("a folder");
        let authority = LocalAuthority::open(folder.path()).expect("an authority");
        let services = Services::start(&cluster.client);
        let options = GatewayOptions {
            services: Some(services.clone()),
            address: own_address().into(),
            http_port: 0,
            controller_name: "test.example/gateway".into(),
            authority: Some(authority.clone()),
            ..GatewayOptions::new(cluster.client.clone())
        };
        let gateway = Gateway::start(options).await.expect("a gateway");
        for namespace in ["infra", "web", "app"] {
            let labels = if namespace == "web" { json!({"tier": "backend"}) } else { json!({}) };
            cluster.namespace(namespace, labels).await;
        }
        let next = || NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        let ports = [("$http", gateway.http_port()), ("$alt", next()), ("$tls", next())];
        let (chain, key) = certificate();
        let roots = vec![chain.clone(), authority.certificate_pem().to_owned()];
        let stage = Self { cluster, services, gateway, seen: Seen::default(), ports, roots, _folder: folder };
        stage.furnish(&chain, &key).await;
        stage
    }

    /// Class, Gateway `infra/edge`, Secrets and backends.
    async fn furnish(&self, chain: &str, key: &str) {
        let class = json!({"metadata": {"name": "local"}, "spec": {"controllerName": "test.example/gateway"}});
        self.cluster.create("GatewayClass", class).await;
        let listener = json!({"name": "http", "port": self.gateway.http_port(), "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}});
        let edge = json!({"metadata": {"name": "edge", "namespace": "infra"}, "spec": {"gatewayClassName": "local", "listeners": [listener]}});
        self.cluster.create("Gateway", edge).await;
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let secret = |namespace: &str, name: &str, kind: &str, chain: &str| json!({"metadata": {"name": name, "namespace": namespace}, "type": kind, "data": {"tls.crt": encode(chain), "tls.key": encode(key)}});
        for (namespace, name, kind, chain) in [
            ("infra", "certificate", "kubernetes.io/tls", chain),
            ("web", "certificate", "kubernetes.io/tls", chain),
            ("infra", "malformed", "kubernetes.io/tls", "nothing of PEM"),
            ("infra", "opaque", "Opaque", chain),
        ] {
            self.cluster.create("Secret", secret(namespace, name, kind, chain)).await;
        }
        let chain = vec![CertificateDer::from_pem_slice(chain.as_bytes()).expect("PEM")];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("TLS");
        let config = config.with_no_client_auth().with_single_cert(chain, key).expect("a certificate");
        let tls = TlsAcceptor::from(Arc::new(config));
        for (namespace, name) in [
            ("infra", "v1"),
            ("infra", "v2"),
            ("infra", "v3"),
            ("infra", "headless"),
            ("infra", "h2c"),
            ("infra", "h2c2"),
            ("infra", "secure"),
            ("web", "web"),
            ("app", "app"),
        ] {
            let address = backend(name, self.seen.clone(), (name == "secure").then(|| tls.clone())).await;
            self.service(namespace, name, address).await;
        }
    }

    async fn service(&self, namespace: &str, name: &str, address: SocketAddr) {
        let mut port = json!({"name": "http", "port": 8080});
        if name.starts_with("h2c") {
            port["appProtocol"] = json!("kubernetes.io/h2c");
        }
        let mut service = json!({"metadata": {"name": name, "namespace": namespace}, "spec": {"ports": [port]}});
        if name == "headless" {
            service["spec"]["clusterIP"] = json!("None");
        }
        self.cluster.create("Service", service).await;
        let slice = json!({
            "metadata": {"name": format!("{name}-1"), "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": address.port(), "protocol": "TCP"}],
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

    fn ports_in(&self, text: &str) -> String {
        self.ports.iter().fold(text.to_owned(), |text, (name, port)| text.replace(name, &port.to_string()))
    }

    async fn step(&self, step: Step) -> Vec<String> {
        for object in &step.delete {
            let (kind, key) = object.split_once(' ').expect("KIND NAMESPACE/NAME");
            let (namespace, name) = key.split_once('/').expect("NAMESPACE/NAME");
            self.cluster.delete(kind, namespace, name).await;
        }
        for object in step.objects {
            self.put(object).await;
        }
        for condition in &step.conditions {
            self.holds(condition).await;
        }
        let mut all_wrong = Vec::new();
        for line in &step.requests {
            all_wrong.extend(self.request(line).await.map(|wrong| format!("{line}: {wrong}")));
        }
        all_wrong
    }

    async fn put(&self, object: Object) {
        let spec = numbers(&self.ports_in(&object.spec.to_string()), &self.ports);
        if object.namespace.is_empty() {
            let made = json!({"metadata": {"name": object.name}, "spec": spec});
            self.cluster.create(&object.kind, made).await;
        } else if self.cluster.exists(&object.kind, &object.namespace, &object.name).await {
            self.cluster.patch(&object.kind, &object.namespace, &object.name, json!({"spec": spec})).await;
        } else {
            let made = json!({"metadata": {"name": object.name, "namespace": object.namespace}, "spec": spec});
            self.cluster.create(&object.kind, made).await;
        }
    }

    /// Returns when the object says so.
    async fn holds(&self, line: &str) {
        let mut words = line.split_whitespace();
        let (kind, key, section) = (words.next(), words.next(), words.next());
        let (kind, key, section) = (kind.expect("a kind"), key.expect("a key"), section.expect("a section"));
        let wanted: Vec<_> = words.collect();
        let (namespace, name) = key.split_once('/').map_or((None, key), |(namespace, name)| (Some(namespace), name));
        self.cluster
            .until(kind, namespace, name, |object| {
                let said = said(kind, section, object);
                wanted.iter().all(|wanted| said.iter().any(|one| one == wanted))
            })
            .await;
    }

    async fn request(&self, line: &str) -> Option<String> {
        let line = self.ports_in(line);
        let (asked, expected) = line.split_once(" -> ").expect("asked -> expected");
        let mut words: Vec<_> = asked.split_whitespace().collect();
        let times = words[0].strip_suffix('x').and_then(|times| times.parse::<usize>().ok());
        if times.is_some() {
            words.remove(0);
        }
        let asked = self.asked(&words);
        match times {
            None => wrong(&asked.answered(&self.roots).await, expected, &self.seen).await,
            Some(times) => {
                self.seen.forget();
                let mut all = Vec::with_capacity(times);
                for _ in 0..times {
                    all.push(asked.answered(&self.roots).await);
                }
                wrong_shares(&all, expected, &self.seen).await
            }
        }
    }

    fn asked(&self, words: &[&str]) -> Asked {
        let (place, path) = words[1].split_once('/').expect("HOST/PATH");
        let port_first = |(port, host): (&str, &str)| Some((port.parse::<u16>().ok()?, host.to_owned()));
        let (port, host) =
            place.split_once(':').and_then(port_first).unwrap_or((self.gateway.http_port(), place.to_owned()));
        let host = if host.is_empty() { "any.test".to_owned() } else { host };
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut body = String::new();
        for word in &words[2..] {
            let (name, value) = word.split_once('=').expect("name=value");
            if name == "body" {
                body = decoded(value);
            } else {
                headers.push((name.to_lowercase(), decoded(value)));
            }
        }
        let secure = self.ports.iter().any(|(name, number)| *name == "$tls" && *number == port);
        Asked {
            method: words[0].to_owned(),
            address: (own_address(), port).into(),
            secure,
            host,
            target: format!("/{path}"),
            headers,
            body,
        }
    }
}

/// Texts that are a port become numbers again.
fn numbers(text: &str, ports: &[(&str, u16)]) -> Value {
    fn walk(value: &mut Value, ports: &[(&str, u16)]) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields.iter_mut() {
                    let number = field.as_str().and_then(|text| text.parse::<u16>().ok());
                    match number.filter(|number| name == "port" && ports.iter().any(|(_, port)| port == number)) {
                        Some(number) => *field = json!(number),
                        None => walk(field, ports),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, ports)),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text).expect("JSON");
    walk(&mut value, ports);
    value
}

/// All that an object says of itself, or of one listener or parent of it.
fn said(kind: &str, section: &str, object: &DynamicObject) -> Vec<String> {
    let status = &object.data["status"];
    let named = |list: &str, field: &str| {
        let found = status[list].as_array().into_iter().flatten().find(|one| {
            let place = if field == "sectionName" { &one["parentRef"] } else { *one };
            section == "-" || place[field] == section
        });
        found.cloned().unwrap_or_default()
    };
    let part = match (kind, section) {
        ("GatewayClass", _) | ("Gateway", "-") => status.clone(),
        ("Gateway", _) => named("listeners", "name"),
        _ => named("parents", "sectionName"),
    };
    let mut said = told(&part["conditions"]);
    if let Some(attached) = part["attachedRoutes"].as_i64() {
        said.push(format!("attached={attached}"));
        let kinds = part["supportedKinds"].as_array().into_iter().flatten().filter_map(|one| one["kind"].as_str());
        said.push(format!("kinds={}", kinds.collect::<Vec<_>>().join(",")));
    }
    let served = part["supportedFeatures"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str());
    said.extend(served.map(|name| format!("serves={name}")));
    let observed = part["conditions"].as_array().into_iter().flatten().map(|one| one["observedGeneration"].clone());
    said.extend(observed.map(|generation| format!("generation={generation}")));
    said
}
