//! One event, many watches.

use bytes::Bytes;
use futures::StreamExt;
use kube::Client;
use serde_json::{Value, json};

use crate::support::{PATIENCE, post, server};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn watch(client: &Client, accept: &str) -> http_body_util::BodyDataStream<kube::client::Body> {
    let path = format!("{MAPS}?watch=true&resourceVersion=0&labelSelector=here");
    let request = http::Request::get(path).header("accept", accept).body(kube::client::Body::empty()).unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!(response.status(), 200);
    http_body_util::BodyExt::into_data_stream(response.into_body())
}

async fn next(watch: &mut http_body_util::BodyDataStream<kube::client::Body>) -> Bytes {
    tokio::time::timeout(PATIENCE, watch.next()).await.expect("an event comes").unwrap().unwrap()
}

#[tokio::test]
async fn an_event_is_encoded_once_however_many_watch_it() {
    let (_server, client) = server().await;
    let whole = "application/json";
    let metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let mut watches = Vec::new();
    for accept in [whole, metadata, whole, metadata, whole, metadata] {
        watches.push(watch(&client, accept).await);
    }
    let made =
        post(&client, MAPS, &json!({"metadata": {"name": "a", "labels": {"here": ""}}, "data": {"k": "v"}})).await;
    let mut lines = Vec::new();
    for watch in &mut watches {
        lines.push(next(watch).await);
    }
    for (number, expected) in [
        (0, made.clone()),
        (1, json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": made["metadata"]})),
    ] {
        let line: Value = serde_json::from_slice(&lines[number]).unwrap();
        assert_eq!(line, json!({"type": "ADDED", "object": expected}));
        // Not only equal: the same bytes in memory.
        let places = lines.iter().skip(number).step_by(2).map(|line| line.as_ptr());
        assert!(places.clone().all(|place| place == lines[number].as_ptr()), "{:?}", places.collect::<Vec<_>>());
    }
}
