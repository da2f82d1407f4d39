//! Logs and commands of pods, from the API server to the node that runs them.

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use kubelite::{ApiError, Duplex, ExecOptions, LogOptions, PodConnect, PodRef, Streams};
use node::engine::{ExecSession, Output};
use node::{AccessError, PodAccess, PodPlace};
use serde_json::Value;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

/// The node's pods for the API server.
pub(crate) struct NodePods(PodAccess);

impl NodePods {
    pub(crate) fn new(access: PodAccess) -> Arc<NodePods> {
        Arc::new(NodePods(access))
    }
}

fn place(pod: &PodRef) -> PodPlace<'_> {
    PodPlace { namespace: &pod.namespace, name: &pod.name, uid: &pod.uid }
}

fn refused(error: &AccessError) -> ApiError {
    match error {
        AccessError::Engine(_) => ApiError::internal(error.to_string()),
        _ => ApiError::bad_request(error.to_string()),
    }
}

#[async_trait]
impl PodConnect for NodePods {
    async fn logs(
        &self,
        pod: PodRef,
        options: LogOptions,
    ) -> Result<BoxStream<'static, std::io::Result<Bytes>>, ApiError> {
        let wanted = node::LogOptions {
            follow: options.follow,
            previous: options.previous,
            timestamps: options.timestamps,
            tail_lines: options.tail_lines,
            since: options.since,
            limit_bytes: options.limit_bytes,
        };
        let log = self.0.logs(&place(&pod), &options.container, &wanted).await.map_err(|error| refused(&error))?;
        Ok(log.map(|piece| piece.map_err(|error| std::io::Error::other(error.to_string()))).boxed())
    }

    async fn exec(&self, pod: PodRef, options: ExecOptions, streams: Streams) -> Result<i32, ApiError> {
        let wanted = node::engine::ExecOptions {
            command: options.command,
            stdin: streams.stdin.is_some(),
            stdout: streams.stdout.is_some(),
            stderr: streams.stderr.is_some(),
            tty: options.tty,
        };
        let session = self.0.exec(&place(&pod), &options.container, wanted).await.map_err(|error| refused(&error))?;
        carry(session, streams).await
    }

    async fn attach(&self, _: PodRef, _: ExecOptions, _: Streams) -> Result<(), ApiError> {
        Err(ApiError::not_implemented("attach is not supported by this node: use exec, or read the log"))
    }

    async fn port_forward(&self, pod: PodRef, port: u16) -> Result<Box<dyn Duplex>, ApiError> {
        let Some(ip) = pod.pod.pointer("/status/podIP").and_then(Value::as_str).filter(|ip| !ip.is_empty()) else {
            return Err(ApiError::bad_request(format!("pod {}/{} has no address yet", pod.namespace, pod.name)));
        };
        let stream = tokio::net::TcpStream::connect((ip, port)).await;
        let stream = stream.map_err(|error| {
            ApiError::bad_request(format!(
                "nothing answers on port {port} of pod {}/{}: {error}",
                pod.namespace, pod.name
            ))
        })?;
        Ok(Box::new(stream))
    }
}

/// Carries bytes between the command and its client until the command ends.
async fn carry(session: ExecSession, streams: Streams) -> Result<i32, ApiError> {
    let ExecSession { mut output, mut input, control } = session;
    let Streams { mut stdin, stdout, stderr, mut resize } = streams;
    let mut resizing = true;
    loop {
        tokio::select! {
            piece = output.next() => match piece {
                None => break,
                Some(Err(words)) => return Err(ApiError::internal(words)),
                Some(Ok(Output::Stdout(bytes))) => {
                    if let Some(stdout) = &stdout && stdout.send(bytes).await.is_err() {
                        break;
                    }
                }
                Some(Ok(Output::Stderr(bytes))) => {
                    if let Some(stderr) = &stderr && stderr.send(bytes).await.is_err() {
                        break;
                    }
                }
            },
            typed = async { match &mut stdin { Some(stdin) => stdin.recv().await, None => std::future::pending().await } } => match typed {
                Some(bytes) => {
                    // A command that does not read any more still may write.
                    if input.write_all(&bytes).await.is_err() || input.flush().await.is_err() {
                        stdin = None;
                    }
                }
                None => {
                    stdin = None;
                    let _ = input.shutdown().await;
                }
            },
            size = resize.recv(), if resizing => match size {
                Some((width, height)) => {
                    if let Err(words) = control.resize(width, height).await {
                        tracing::debug!(%words, "a terminal keeps its size");
                    }
                }
                None => resizing = false,
            },
        }
    }
    match control.exit_code().await {
        Ok(Some(code)) => {
            i32::try_from(code).map_err(|_| ApiError::internal(format!("the engine tells exit code {code}")))
        }
        Ok(None) => Err(ApiError::internal("the connection to the command ended before the command did")),
        Err(words) => Err(ApiError::internal(words)),
    }
}
