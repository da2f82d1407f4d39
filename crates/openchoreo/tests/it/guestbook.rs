//! The example of three components, its manifests unchanged: addresses of dependencies, logs and commands.

use crate::cluster::{Cluster, condition};
use crate::server::{PATIENCE, possible, shared};
use crate::web::Rest;
use crate::{images, web};
use futures::{SinkExt as _, StreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use model::{Component, Project, ReleaseBinding};
use reqwest::StatusCode;
use std::path::Path;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

fn manifest(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/guestbook/manifests").join(name);
    std::fs::read_to_string(path).expect("the example's manifest")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_finds_its_services_and_its_logs_and_commands_are_reached() {
    if !possible() {
        return;
    }
    let server = shared();
    let engine = images::engine(&server).await;
    for name in ["quotes", "entries", "web"] {
        images::bring(&engine, &format!("localhost/openchoreo-examples/{name}:latest"), "program").await;
    }
    let cluster = Cluster(server.client().await);
    // Those that depend on others first: they wait, and say for whom.
    for name in ["project.yaml", "web.yaml", "entries.yaml"] {
        cluster.apply(&manifest(name)).await;
    }
    let waits = |binding: &ReleaseBinding| condition(binding, "ConnectionsResolved").1 == "ConnectionsPending";
    let entries = cluster.until("default", "entries-development", "waiting for quotes", waits).await;
    let pending = entries.status.expect("a status").pending_connections;
    assert_eq!(pending.len(), 1);
    assert_eq!((pending[0].component.as_str(), pending[0].endpoint.as_str()), ("quotes", "http"));
    cluster.apply(&manifest("quotes.yaml")).await;

    let web = web::address(&cluster.ready("default", "web-development").await, "http");
    for name in ["entries", "quotes"] {
        cluster.ready("default", &format!("{name}-development")).await;
    }
    let (status, answer) = web::get(&format!("{web}/via/ENTRIES_URL/via/QUOTES_URL/env/HOSTNAME")).await;
    assert!(status == StatusCode::OK && answer.starts_with("quotes-development-"), "{status} {answer}");
    let greeting = web::get(&format!("{web}/via/ENTRIES_URL/env/GREETING")).await;
    assert_eq!(greeting, (StatusCode::OK, "Welcome to the guest book".into()));

    let rest = Rest::open(&server).await;
    the_log_is_followed(&cluster, &rest, &web).await;
    a_command_tells_its_output_and_its_exit_code(&rest).await;

    for name in ["web", "entries", "quotes"] {
        cluster.delete::<Component>("default", name).await;
    }
    cluster.delete::<Project>("default", "guestbook").await;
    cluster.gone::<Project>("default", "guestbook").await;
}

async fn the_log_is_followed(cluster: &Cluster, rest: &Rest, web: &str) {
    let namespace = model::names::runtime_namespace("default", "guestbook", "development");
    let pods = cluster.all::<Pod>(&namespace).await;
    let names = pods.iter().filter_map(|pod| pod.metadata.name.as_deref());
    let pod = names.clone().find(|name| name.starts_with("web-")).expect("a pod");
    let place = "/api/v1/namespaces/default/releasebindings/web-development/k8sresources/logs";
    let answer = rest.stream(&format!("{place}?podName={pod}&follow=true")).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut log = answer.bytes_stream();
    web::get(&format!("{web}/a-line-to-find")).await;
    let mut seen = String::new();
    let found = async {
        while !seen.contains("asked for /a-line-to-find") {
            let piece = log.next().await.expect("the log goes on").expect("it is read");
            seen.push_str(&String::from_utf8_lossy(&piece));
        }
    };
    assert!(tokio::time::timeout(PATIENCE, found).await.is_ok(), "{seen}");
    let (status, once) = rest.get(&format!("{place}?podName={pod}&tailLines=1")).await;
    let lines = once["logEntries"].as_array().map(Vec::len);
    assert_eq!((status, lines), (StatusCode::OK, Some(1)), "{once}");
}

async fn a_command_tells_its_output_and_its_exit_code(rest: &Rest) {
    let told = run(rest, &["/program", "echo", "two", "words"]).await;
    assert_eq!(told, ("two words\n".into(), "{\"exitCode\":0}".into()));
    let told = run(rest, &["/program", "exit", "7"]).await;
    assert_eq!(told, (String::new(), "{\"exitCode\":7}".into()));
}

/// Standard output of a command in the component `web`, and the reason of the closing frame.
async fn run(rest: &Rest, command: &[&str]) -> (String, String) {
    let command = command.join("&command=");
    let url = rest.url.replacen("http", "ws", 1);
    let url = format!("{url}/exec/namespaces/default/components/web?env=development&command={command}");
    let mut request = url.into_client_request().expect("a request");
    let bearer = format!("Bearer {}", rest.token).parse().expect("a header");
    request.headers_mut().insert("authorization", bearer);
    let address = rest.url.trim_start_matches("http://");
    let stream = tokio::net::TcpStream::connect(address).await.expect("connects");
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("a socket");
    let mut output = Vec::new();
    let told = async {
        loop {
            match socket.next().await.expect("a closing frame").expect("a frame") {
                // The first byte names the stream: 1 is standard output.
                Message::Binary(frame) if frame.first() == Some(&1) => output.extend_from_slice(&frame[1..]),
                Message::Close(Some(frame)) => break frame.reason.to_string(),
                _ => {}
            }
        }
    };
    let reason = tokio::time::timeout(PATIENCE, told).await.expect("it ends");
    let _ = socket.flush().await;
    (String::from_utf8(output).expect("text"), reason)
}
