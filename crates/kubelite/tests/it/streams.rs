use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{AttachParams, LogParams},
};
use kubelite::{ApiError, Duplex, ExecOptions, LogOptions, PodConnect, PodRef, Streams};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{post, server};

/// A node whose programs shout back what they are told.
struct Echo;

#[async_trait]
impl PodConnect for Echo {
    async fn logs(
        &self,
        pod: PodRef,
        options: LogOptions,
    ) -> Result<BoxStream<'static, std::io::Result<Bytes>>, ApiError> {
        let line = format!("{}/{} {} {:?}\n", pod.namespace, pod.name, options.container, options.tail_lines);
        Ok(futures::stream::iter([Ok(Bytes::from(line))]).boxed())
    }

    async fn exec(&self, _pod: PodRef, options: ExecOptions, mut streams: Streams) -> Result<i32, ApiError> {
        let mut stdin = streams.stdin.take().expect("input is wanted");
        let stdout = streams.stdout.take().expect("output is wanted");
        while let Some(data) = stdin.recv().await {
            let _ = stdout.send(data.to_ascii_uppercase().into()).await;
            if data.ends_with(b"\n") {
                break;
            }
        }
        Ok(options.command[1].parse().expect("a number"))
    }

    async fn attach(&self, _pod: PodRef, _options: ExecOptions, _streams: Streams) -> Result<(), ApiError> {
        Ok(())
    }

    async fn port_forward(&self, _pod: PodRef, port: u16) -> Result<Box<dyn Duplex>, ApiError> {
        let (near, mut far) = tokio::io::duplex(1024);
        tokio::spawn(async move {
            let mut word = [0; 4];
            far.read_exact(&mut word).await.expect("four bytes come");
            far.write_all(format!("{port}:").as_bytes()).await.expect("an answer goes");
            far.write_all(&word).await.expect("an answer goes");
        });
        Ok(Box::new(near))
    }
}

async fn pods() -> (kubelite::Server, Api<Pod>) {
    let (server, client) = server().await;
    server.set_pod_connect(Arc::new(Echo));
    post(
        &client,
        "/api/v1/namespaces/default/pods",
        &json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}),
    )
    .await;
    (server, Api::namespaced(client, "default"))
}

#[tokio::test]
async fn logs_come_from_the_hook() {
    let (_server, api) = pods().await;
    let text = api.logs("p", &LogParams { tail_lines: Some(3), ..LogParams::default() }).await.unwrap();
    assert_eq!(text, "default/p c Some(3)\n");
    let wrong = api.logs("p", &LogParams { container: Some("x".into()), ..LogParams::default() }).await.unwrap_err();
    assert!(wrong.to_string().contains("container x is not valid for pod p"), "{wrong}");
}

#[tokio::test]
async fn a_program_gets_input_gives_output_and_an_exit_code() {
    let (_server, api) = pods().await;
    let mut process = api.exec("p", ["run", "7"], &AttachParams::default().stdin(true).stderr(false)).await.unwrap();
    process.stdin().unwrap().write_all(b"hello\n").await.unwrap();
    let mut output = String::new();
    process.stdout().unwrap().read_to_string(&mut output).await.unwrap();
    let status = process.take_status().unwrap().await.unwrap();
    assert_eq!(output, "HELLO\n");
    assert_eq!(status.reason.as_deref(), Some("NonZeroExitCode"));
    assert_eq!(status.details.unwrap().causes.unwrap()[0].message.as_deref(), Some("7"));
}

#[tokio::test]
async fn a_port_is_forwarded() {
    let (_server, api) = pods().await;
    let mut forward = api.portforward("p", &[8080]).await.unwrap();
    let mut stream = forward.take_stream(8080).unwrap();
    stream.write_all(b"ping").await.unwrap();
    let mut answer = [0; 9];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"8080:ping");
}
