//! The service proxy on addresses of 127.0.0.0/8, all of which are local without anyone's doing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::{Duty, tcp, udp};
use crate::network::ObjectKey;
use crate::network::services::{Pool, Protocol};

/// A pod that says its name and returns what it is sent.
async fn pod(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                to.write_all(name.as_bytes()).await?;
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    address
}

async fn nobody() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.and_then(|listener| listener.local_addr()).expect("an address")
}

/// A free port of a virtual IP, and a duty for it.
async fn duty(protocol: Protocol, affinity: Option<Duration>) -> Duty {
    let ip = Ipv4Addr::new(127, 96, 0, 7);
    let probe = TcpListener::bind((ip, 0)).await.expect("a free port");
    let address = probe.local_addr().expect("an address");
    let pool = Arc::new(Pool::default());
    Duty { service: ObjectKey::new("shop", "web"), address, protocol, pool, affinity, policies: None }
}

fn serve(duty: &Duty) -> JoinHandle<std::io::Result<()>> {
    let duty = duty.clone();
    tokio::spawn(async move {
        match duty.protocol {
            Protocol::Udp => udp::serve(&duty).await,
            _ => tcp::serve(&duty, &Arc::new(Semaphore::new(64))).await,
        }
    })
}

async fn talk(duty: &Duty) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(duty.address).await?;
    stream.write_all(b" hello").await?;
    stream.shutdown().await?;
    let mut said = String::new();
    stream.read_to_string(&mut said).await?;
    Ok(said)
}

#[tokio::test]
async fn connections_go_round_the_ready_pods_and_half_closed_ones_are_carried_to_their_end() {
    let duty = duty(Protocol::Tcp, None).await;
    duty.pool.set(vec![pod("a").await, pod("b").await]);
    serve(&duty);
    tokio::task::yield_now().await;
    let mut said = [talk(&duty).await.expect("an answer"), talk(&duty).await.expect("an answer")];
    said.sort();
    assert_eq!(said, ["a hello", "b hello"]);
}

#[tokio::test]
async fn a_pod_that_refuses_is_passed_over() {
    let duty = duty(Protocol::Tcp, None).await;
    duty.pool.set(vec![nobody().await, pod("b").await]);
    serve(&duty);
    tokio::task::yield_now().await;
    for _ in 0..4 {
        assert_eq!(talk(&duty).await.expect("an answer"), "b hello");
    }
}

#[tokio::test]
async fn when_no_pod_is_ready_the_connection_is_refused_at_once() {
    let duty = duty(Protocol::Tcp, None).await;
    duty.pool.set(vec![pod("a").await]);
    let serving = serve(&duty);
    tokio::task::yield_now().await;
    assert_eq!(talk(&duty).await.expect("an answer"), "a hello");
    duty.pool.set(Vec::new());
    serving.await.expect("not cancelled").expect("an orderly end");
    let refused = TcpStream::connect(duty.address).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn when_every_ready_pod_refuses_the_client_sees_a_reset_and_no_orderly_end() {
    let duty = duty(Protocol::Tcp, None).await;
    duty.pool.set(vec![nobody().await]);
    serve(&duty);
    tokio::task::yield_now().await;
    let mut stream = TcpStream::connect(duty.address).await.expect("a connection");
    let error = stream.read_u8().await.expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_client_with_affinity_stays_with_its_pod() {
    let duty = duty(Protocol::Tcp, Some(Duration::from_mins(1))).await;
    duty.pool.set(vec![pod("a").await, pod("b").await, pod("c").await]);
    serve(&duty);
    tokio::task::yield_now().await;
    let first = talk(&duty).await.expect("an answer");
    for _ in 0..5 {
        assert_eq!(talk(&duty).await.expect("an answer"), first);
    }
}

#[tokio::test]
async fn an_address_in_use_is_an_error_of_the_listener() {
    let duty = duty(Protocol::Tcp, None).await;
    let _holder = TcpListener::bind(duty.address).await.expect("free");
    duty.pool.set(vec![pod("a").await]);
    let error = serve(&duty).await.expect("not cancelled").expect_err("in use");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn datagrams_reach_a_pod_and_answers_come_from_the_virtual_ip() {
    let pod = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let duty = duty(Protocol::Udp, None).await;
    duty.pool.set(vec![pod.local_addr().expect("an address")]);
    tokio::spawn(async move {
        let mut buffer = [0; 64];
        while let Ok((length, from)) = pod.recv_from(&mut buffer).await {
            buffer[..length].reverse();
            let _ = pod.send_to(&buffer[..length], from).await;
        }
    });
    serve(&duty);
    tokio::task::yield_now().await;
    let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    client.connect(duty.address).await.expect("connected");
    for _ in 0..2 {
        client.send(b"abc").await.expect("sent");
        let mut buffer = [0; 64];
        let length = client.recv(&mut buffer).await.expect("an answer");
        assert_eq!(&buffer[..length], b"cba");
    }
}
