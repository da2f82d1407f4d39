//! The network over a cluster in process, with virtual IPs in 127.0.0.0/8, which need no interface.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::test_cluster::Cluster;
use super::{Network, NetworkOptions, ObjectKey, Outside, Placement};
use crate::network_plan::{LeavingPod, NetworkPlan as _};

async fn network(cluster: &Cluster, range: &str, outside: Vec<SocketAddr>) -> Network {
    let options = NetworkOptions {
        client: cluster.client.clone(),
        engine: None,
        services: None,
        placement: Placement::AlreadyLocal,
        service_range: Some(range.parse().expect("a range")),
        pod_ranges: Vec::new(),
        dns_port: 0,
        outside: Outside::Servers(outside),
    };
    Network::start(options).await.expect("a network")
}

/// A program that says `name`.
async fn program(name: &'static str) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(name.as_bytes()).await;
        }
    });
    port
}

async fn pod(cluster: &Cluster, name: &str, port: u16, ready: bool) -> String {
    let pod = json!({
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "i", "ports": [{"name": "http", "containerPort": port}]}]},
        "status": readiness(ready),
    });
    cluster.create("Pod", pod).await.metadata.uid.expect("a UID")
}

fn readiness(ready: bool) -> Value {
    let ready = if ready { "True" } else { "False" };
    json!({
        "phase": "Running",
        "podIP": "127.0.0.1",
        "podIPs": [{"ip": "127.0.0.1"}],
        "conditions": [{"type": "Ready", "status": ready}],
    })
}

/// Returns when the port of Service `shop/web` has that many ready endpoints.
async fn endpoints(network: &Network, count: usize) {
    let services = network.services();
    let pool = loop {
        if let Some(entry) = services.get(&ObjectKey::new("shop", "web")) {
            break entry.ports[0].pool.clone();
        }
        tokio::task::yield_now().await;
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while pool.ready().len() != count {
            tokio::task::yield_now().await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{count} endpoints expected, there are {:?}", pool.ready()));
}

async fn hear(address: SocketAddr) -> std::io::Result<String> {
    let mut said = String::new();
    TcpStream::connect(address).await?.read_to_string(&mut said).await?;
    Ok(said)
}

/// What is said at `address` once it is listened on.
async fn heard(address: SocketAddr) -> String {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            match hear(address).await {
                Ok(said) => return said,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{address} is not listened on"))
}

async fn lookup(dns: SocketAddr, name: &str) -> (ResponseCode, Vec<String>) {
    let mut question = Message::new();
    question.set_id(9).set_recursion_desired(true);
    question.add_query(Query::query(Name::from_ascii(name).expect("a name"), RecordType::A));
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
    socket.send_to(&question.to_vec().expect("bytes"), dns).await.expect("sent");
    let mut buffer = [0; 2048];
    let length = tokio::time::timeout(Duration::from_secs(20), socket.recv(&mut buffer))
        .await
        .expect("an answer")
        .expect("bytes");
    let answer = Message::from_vec(&buffer[..length]).expect("a message");
    (answer.response_code(), answer.answers().iter().map(|record| record.data().to_string()).collect())
}

async fn service(cluster: &Cluster) -> SocketAddr {
    let service = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 8080, "targetPort": "http"}]},
    });
    let service = cluster.create("Service", service).await;
    let address =
        service.data["spec"]["clusterIP"].as_str().expect("a virtual IP").parse::<Ipv4Addr>().expect("an address");
    (address, 8080).into()
}

#[tokio::test]
async fn a_virtual_ip_leads_to_ready_pods_and_to_nobody_else() {
    let cluster = Cluster::open("127.97.0.0/16").await;
    let network = network(&cluster, "127.97.0.0/16", Vec::new()).await;
    cluster.namespace("shop", json!({})).await;
    let address = service(&cluster).await;
    let slice = cluster.any("EndpointSlice", "shop", |_| true).await;
    assert_eq!(slice.metadata.labels.expect("labels")["kubernetes.io/service-name"], "web");
    assert!(hear(address).await.is_err(), "nobody is ready");

    let first = pod(&cluster, "first", program("first").await, true).await;
    pod(&cluster, "second", program("second").await, false).await;
    endpoints(&network, 1).await;
    assert_eq!(heard(address).await, "first");
    assert_eq!(hear(address).await.expect("listened on"), "first", "the second pod is not ready");

    cluster.patch_status("Pod", Some("shop"), "second", readiness(true)).await;
    endpoints(&network, 2).await;
    let mut said = [hear(address).await.expect("listened on"), hear(address).await.expect("listened on")];
    said.sort();
    assert_eq!(said, ["first", "second"]);

    let leaving = LeavingPod {
        namespace: "shop".into(),
        name: "first".into(),
        uid: first,
        addresses: Vec::new(),
        grace: Duration::from_secs(30),
    };
    network.pod_leaving(&leaving).await;
    for _ in 0..3 {
        assert_eq!(hear(address).await.expect("listened on"), "second", "a leaving pod gets no new connection");
    }

    cluster.delete("Service", "shop", "web").await;
    let gone = tokio::time::timeout(Duration::from_secs(20), async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    gone.await.expect("the virtual IP of a deleted Service is not listened on");
}

#[tokio::test]
async fn names_of_services_are_answered_and_others_passed_on() {
    let outside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
    let outside_address = outside.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = outside.recv_from(&mut buffer).await {
            let question = Message::from_vec(&buffer[..length]).expect("a question");
            let refusal = Message::error_msg(question.id(), question.op_code(), ResponseCode::Refused);
            let _ = outside.send_to(&refusal.to_vec().expect("bytes"), from).await;
        }
    });
    let cluster = Cluster::open("127.98.0.0/16").await;
    cluster.namespace("shop", json!({})).await;
    let address = service(&cluster).await;
    let network = network(&cluster, "127.98.0.0/16", vec![outside_address]).await;
    let dns = network.dns_address();
    assert_eq!(dns.ip().to_string(), "127.98.255.255");
    let found = (ResponseCode::NoError, vec![address.ip().to_string()]);
    assert_eq!(lookup(dns, "web.shop.svc.cluster.local.").await, found);
    assert_eq!(lookup(dns, "none.shop.svc.cluster.local.").await, (ResponseCode::NXDomain, Vec::new()));
    assert_eq!(lookup(dns, "example.org.").await, (ResponseCode::Refused, Vec::new()));
}

#[tokio::test]
async fn an_outside_that_is_not_there_is_a_failure_and_no_silence() {
    let cluster = Cluster::open("127.99.0.0/16").await;
    let network = network(&cluster, "127.99.0.0/16", Vec::new()).await;
    assert_eq!(lookup(network.dns_address(), "example.org.").await, (ResponseCode::ServFail, Vec::new()));
}
