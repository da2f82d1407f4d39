//! Servers and objects for tests.

use std::time::Duration;

use futures::{Stream, StreamExt, TryStreamExt};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, PostParams, WatchEvent, WatchParams},
};
use kubelite::{Options, Server};
use serde_json::Value;

/// Nothing here takes longer; a test that waits this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A fresh server in memory and a client of it.
pub(crate) async fn server() -> (Server, Client) {
    let server = Server::open(Options::default()).await.expect("a server in memory opens");
    let client = server.client();
    (server, client)
}

/// Any request, with its answer as JSON whatever its status.
pub(crate) async fn raw(client: &Client, method: &str, path: &str, media: &str, body: &Value) -> (u16, Value) {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request =
        http::Request::builder().method(method).uri(path).header("content-type", media).body(bytes).expect("a request");
    let response = client.send(request.map(kube::client::Body::from)).await.expect("an answer");
    let code = response.status().as_u16();
    let bytes = http_body_util::BodyExt::collect(response.into_body()).await.expect("a body").to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// Creates from JSON.
pub(crate) async fn post(client: &Client, path: &str, body: &Value) -> Value {
    let (code, answer) = raw(client, "POST", path, "application/json", body).await;
    assert!(code < 300, "{path}: {code} {answer}");
    answer
}

/// Reads.
pub(crate) async fn fetch(client: &Client, path: &str) -> (u16, Value) {
    raw(client, "GET", path, "application/json", &Value::Null).await
}

/// An API for any kind.
pub(crate) fn dynamic(client: &Client, resource: &ApiResource, namespace: Option<&str>) -> Api<DynamicObject> {
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
        None => Api::all_with(client.clone(), resource),
    }
}

/// Waits until an event of the stream satisfies the condition.
pub(crate) async fn until<T: Clone + std::fmt::Debug>(
    stream: impl Stream<Item = Result<WatchEvent<T>, kube::Error>>,
    mut done: impl FnMut(&WatchEvent<T>) -> bool,
) -> WatchEvent<T> {
    let mut stream = std::pin::pin!(stream);
    let found = async {
        loop {
            let event = stream.try_next().await.expect("the watch goes on").expect("the watch does not end");
            if done(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the event comes")
}

/// Waits until the object is gone.
pub(crate) async fn gone(api: &Api<DynamicObject>, name: &str) {
    let params = WatchParams::default().fields(&format!("metadata.name={name}"));
    let list =
        api.list(&kube::api::ListParams::default().fields(&format!("metadata.name={name}"))).await.expect("a list");
    if list.items.is_empty() {
        return;
    }
    let stream =
        api.watch(&params, list.metadata.resource_version.as_deref().unwrap_or("0")).await.expect("a watch").boxed();
    until(stream, |event| matches!(event, WatchEvent::Deleted(_))).await;
}

/// Waits until the object satisfies the condition.
pub(crate) async fn when(api: &Api<DynamicObject>, name: &str, mut done: impl FnMut(&Value) -> bool) -> Value {
    let params = WatchParams::default().fields(&format!("metadata.name={name}"));
    let stream = api.watch(&params, "0").await.expect("a watch").boxed();
    let event = until(stream, |event| match event {
        WatchEvent::Added(object) | WatchEvent::Modified(object) => {
            done(&serde_json::to_value(object).expect("an object"))
        }
        _ => false,
    })
    .await;
    match event {
        WatchEvent::Added(object) | WatchEvent::Modified(object) => serde_json::to_value(object).expect("an object"),
        other => panic!("unexpected {other:?}"),
    }
}

/// Creates through a dynamic API.
pub(crate) async fn create(api: &Api<DynamicObject>, object: Value) -> DynamicObject {
    api.create(&PostParams::default(), &serde_json::from_value(object).expect("an object"))
        .await
        .expect("it is created")
}
