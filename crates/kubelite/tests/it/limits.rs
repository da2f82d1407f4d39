//! What one client may ask for, and how large answers are sent.

use std::{io::Read, sync::Arc, time::Duration};

use http_body_util::BodyExt;
use kube::{
    Client, Config,
    client::Body,
    config::{KubeConfigOptions, Kubeconfig},
};
use kubelite::{Limits, Options, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{PATIENCE, post, raw, server};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn get(client: &Client, path: &str, gzip: bool) -> http::Response<Body> {
    let mut request = http::Request::get(path);
    if gzip {
        request = request.header("accept-encoding", "gzip");
    }
    client.send(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn bytes(response: http::Response<Body>) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

#[tokio::test]
async fn large_answers_come_in_gzip_to_those_who_take_it_and_say_the_same() {
    let (_server, client) = server().await;
    for number in 0..80 {
        let text = format!("{number} ").repeat(1000);
        post(&client, MAPS, &json!({"metadata": {"name": format!("m-{number}")}, "data": {"k": text}})).await;
    }
    for path in [MAPS, "/openapi/v2"] {
        let plain = bytes(get(&client, path, false).await).await;
        let answer = get(&client, path, true).await;
        assert_eq!(answer.headers()["content-encoding"], "gzip", "{path}");
        assert!(answer.headers().get_all("vary").iter().any(|value| value == "Accept-Encoding"), "{path}");
        let packed = bytes(answer).await;
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain && packed.len() * 4 < plain.len(), "{path}");
        let list: Value = serde_json::from_slice(&plain).unwrap();
        assert!(path != MAPS || list["items"].as_array().unwrap().len() == 80);
    }
    let small = get(&client, &format!("{MAPS}/m-1"), true).await;
    assert!(small.headers().get("content-encoding").is_none());
    let watch = get(&client, &format!("{MAPS}?watch=true"), true).await;
    assert!(watch.headers().get("content-encoding").is_none());
}

async fn port(limits: Limits) -> (Server, std::net::SocketAddr, Client) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let server = Server::open(Options { limits, ..Options::default() }).await.unwrap();
    let serving = server.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let config =
        Kubeconfig::from_yaml(&server.authority().kubeconfig(&format!("https://{}", serving.address()))).unwrap();
    let mut config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    config.default_retry = false;
    (server, serving.address(), Client::try_from(config).unwrap())
}

#[tokio::test]
async fn who_has_too_many_watches_is_told_to_come_back_and_may_when_one_has_ended() {
    let (server, _, client) = port(Limits { streams: 2, ..Limits::default() }).await;
    let path = format!("{MAPS}?watch=true");
    let first = get(&client, &path, false).await;
    let second = get(&client, &path, false).await;
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 200));
    let third = get(&client, &path, false).await;
    assert_eq!((third.status().as_u16(), third.headers()["retry-after"].to_str().unwrap()), (429, "1"));
    let status: Value = serde_json::from_slice(&bytes(third).await).unwrap();
    assert_eq!((&status["reason"], &status["details"]["retryAfterSeconds"]), (&json!("TooManyRequests"), &json!(1)));
    assert_eq!(get(&client, MAPS, false).await.status(), 200, "requests are counted for themselves");
    drop(first);
    // The server hears of the end of the connection when it writes to it.
    let again = async {
        for number in 0.. {
            post(&server.client(), MAPS, &json!({"metadata": {"name": format!("m-{number}")}})).await;
            if get(&client, &path, false).await.status() == 200 {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
    server.shutdown().await;
}

#[tokio::test]
async fn bodies_objects_and_heads_have_a_largest_size() {
    let (server, _, client) = port(Limits::default()).await;
    let map = |size: usize| json!({"metadata": {"name": format!("m-{size}")}, "data": {"k": "x".repeat(size)}});
    for (size, code) in [(1_000_000, 201), (2_000_000, 413), (3_200_000, 413)] {
        assert_eq!(raw(&client, "POST", MAPS, "application/json", &map(size)).await.0, code, "{size}");
    }
    let request = http::Request::get(MAPS).header("x-long", "x".repeat(70_000)).body(Body::empty()).unwrap();
    // Over HTTP/1.1 it is told, over HTTP/2 the stream is refused.
    assert!(client.send(request).await.map_or(true, |answer| answer.status() == 431));
    assert_eq!(get(&client, MAPS, false).await.status(), 200);
    server.shutdown().await;
}

#[tokio::test]
async fn a_connection_over_which_nobody_known_asks_is_cut() {
    let (server, address, _) = port(Limits { strangers: Duration::from_millis(50), ..Limits::default() }).await;
    let mut roots = rustls::RootCertStore::empty();
    let pem = server.authority().ca_pem().as_bytes().to_vec();
    roots.add(rustls::pki_types::pem::PemObject::from_pem_slice(&pem).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    // Silent, slow, and one that asks what strangers may ask.
    for said in ["", "GET /version HTTP/1.1\r\nHos", "GET /version HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(end.is_ok(), "{said:?} holds the connection");
    }
    server.shutdown().await;
}
