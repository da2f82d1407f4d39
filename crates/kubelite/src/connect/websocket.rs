//! WebSocket streams: `v5.channel.k8s.io` and `v4.channel.k8s.io`.
//!
//! Every message starts with the number of its channel: 0 input, 1 output, 2 errors, 3 the final status, 4 terminal size;
//! with version 5 channel 255 says that a channel is closed. Port-forward has two channels for each port, data and error.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};
use tokio_util::sync::CancellationToken;

use super::{ExecOptions, PodConnect, PodRef, Streams};
use crate::{status::ApiError, wire::Body};

/// Protocols that we speak, best first.
const PROTOCOLS: &[&str] = &["v5.channel.k8s.io", "v4.channel.k8s.io"];
/// Messages that wait for a slow side.
const QUEUE: usize = 16;
/// Largest message.
const LARGEST: usize = 1 << 20;
/// Channel that closes others.
const CLOSE: u8 = 255;

/// Streams that the client wants.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "four independent switches of the query")]
pub(super) struct Wanted {
    pub(super) stdin: bool,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
    pub(super) attach: bool,
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// Answers 101 and runs the program over the connection.
pub(super) fn run(
    request: Request<Body>,
    hook: Arc<dyn PodConnect>,
    pod: PodRef,
    options: ExecOptions,
    wanted: Wanted,
    stopping: CancellationToken,
) -> Result<Response<Body>, ApiError> {
    upgrade(request, move |socket| async move {
        tokio::select! {
            () = stopping.cancelled() => {}
            () = session(socket, hook, pod, options, wanted) => {}
        }
    })
}

/// Answers 101 and connects ports over the connection.
pub(super) fn forward(
    request: Request<Body>,
    hook: Arc<dyn PodConnect>,
    pod: PodRef,
    ports: Vec<u16>,
    stopping: CancellationToken,
) -> Result<Response<Body>, ApiError> {
    upgrade(request, move |socket| async move {
        tokio::select! {
            () = stopping.cancelled() => {}
            () = ports_session(socket, hook, pod, ports) => {}
        }
    })
}

fn upgrade<F: Future<Output = ()> + Send + 'static>(
    mut request: Request<Body>,
    then: impl FnOnce(Socket) -> F + Send + 'static,
) -> Result<Response<Body>, ApiError> {
    let text = |name: header::HeaderName| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    if !text(header::UPGRADE).eq_ignore_ascii_case("websocket") {
        return Err(ApiError::bad_request(
            "you must request a websocket upgrade (SPDY is not supported by this server)",
        ));
    }
    let offered = text(header::SEC_WEBSOCKET_PROTOCOL);
    let Some(protocol) = PROTOCOLS.iter().find(|known| offered.split(',').any(|offer| offer.trim() == **known)) else {
        return Err(ApiError::bad_request(format!(
            "none of the protocols {offered:?} is supported; supported are {}",
            PROTOCOLS.join(", ")
        )));
    };
    let key = text(header::SEC_WEBSOCKET_KEY);
    if key.is_empty() {
        return Err(ApiError::bad_request("the websocket upgrade has no Sec-WebSocket-Key"));
    }
    let accept = derive_accept_key(key.as_bytes());
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        match upgraded.await {
            Ok(connection) => {
                let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
                then(WebSocketStream::from_raw_socket(TokioIo::new(connection), Role::Server, Some(config)).await)
                    .await;
            }
            Err(error) => tracing::debug!(%error, "an upgrade did not happen"),
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    Ok(response)
}

fn framed(channel: u8, data: &[u8]) -> Message {
    let mut bytes = BytesMut::with_capacity(data.len() + 1);
    bytes.put_u8(channel);
    bytes.put_slice(data);
    Message::Binary(bytes.freeze())
}

async fn session(socket: Socket, hook: Arc<dyn PodConnect>, pod: PodRef, options: ExecOptions, wanted: Wanted) {
    let (mut sink, mut source) = socket.split();
    let (stdin_in, stdin_out) = mpsc::channel::<Bytes>(QUEUE);
    let (stdout_in, mut stdout_out) = mpsc::channel::<Bytes>(QUEUE);
    let (stderr_in, mut stderr_out) = mpsc::channel::<Bytes>(QUEUE);
    let (resize_in, resize_out) = mpsc::channel(QUEUE);
    let streams = Streams {
        stdin: wanted.stdin.then_some(stdin_out),
        stdout: wanted.stdout.then_some(stdout_in),
        stderr: wanted.stderr.then_some(stderr_in),
        resize: resize_out,
    };
    let program = async move {
        if wanted.attach {
            hook.attach(pod, options, streams).await.map(|()| 0)
        } else {
            hook.exec(pod, options, streams).await
        }
    };
    let (outgoing, mut queue) = mpsc::channel::<Message>(QUEUE);
    let pongs = outgoing.clone();
    let writer = async move {
        while let Some(message) = queue.recv().await {
            if sink.send(message).await.is_err() {
                break;
            }
        }
        let _ = sink.flush().await;
    };
    let output = {
        let outgoing = outgoing.clone();
        async move {
            loop {
                let message = tokio::select! {
                    Some(data) = stdout_out.recv() => framed(1, &data),
                    Some(data) = stderr_out.recv() => framed(2, &data),
                    else => return,
                };
                if outgoing.send(message).await.is_err() {
                    return;
                }
            }
        }
    };
    let reader = async move {
        let mut stdin = Some(stdin_in);
        while let Some(Ok(message)) = source.next().await {
            match message {
                Message::Binary(data) => take(&data, &mut stdin, &resize_in).await,
                Message::Text(text) => take(text.as_bytes(), &mut stdin, &resize_in).await,
                Message::Ping(data) => {
                    let _ = pongs.try_send(Message::Pong(data));
                }
                Message::Close(_) => break,
                _ => {}
            }
        }
    };
    let writing = tokio::spawn(writer);
    let mut reading = tokio::spawn(reader);
    // The client's leaving ends the program; the program's end is told before the connection is closed.
    let result = tokio::select! {
        ended = async { tokio::join!(program, output).0 } => ended,
        _ = &mut reading => {
            writing.abort();
            return;
        }
    };
    let _ = outgoing.send(framed(3, status(&result).to_string().as_bytes())).await;
    let _ = outgoing.send(Message::Close(None)).await;
    drop(outgoing);
    // A client that still reads must find the end of the stream, not a reset.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(5), &mut reading).await;
    reading.abort();
    let _ = writing.await;
}

/// One message from the client.
async fn take(data: &[u8], stdin: &mut Option<mpsc::Sender<Bytes>>, resize: &mpsc::Sender<(u16, u16)>) {
    match data.split_first() {
        Some((0, input)) => {
            let closed = match stdin {
                Some(sender) if !input.is_empty() => sender.send(Bytes::copy_from_slice(input)).await.is_err(),
                _ => false,
            };
            if closed {
                *stdin = None;
            }
        }
        Some((4, size)) => {
            if let Ok(size) = serde_json::from_slice::<Value>(size) {
                let side = |key: &str| size[key].as_u64().and_then(|side| u16::try_from(side).ok());
                if let (Some(width), Some(height)) = (side("Width"), side("Height")) {
                    let _ = resize.try_send((width, height));
                }
            }
        }
        Some((&CLOSE, [0])) => *stdin = None,
        _ => {}
    }
}

/// The final status, as Kubernetes words it.
fn status(result: &Result<i32, ApiError>) -> Value {
    match result {
        Ok(0) => json!({"metadata": {}, "status": "Success"}),
        Ok(code) => json!({
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": format!("command terminated with non-zero exit code: exit status {code}"),
            "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
        }),
        Err(error) => error.to_value(),
    }
}

async fn ports_session(socket: Socket, hook: Arc<dyn PodConnect>, pod: PodRef, ports: Vec<u16>) {
    let (mut sink, mut source) = socket.split();
    let (outgoing, mut queue) = mpsc::channel::<Message>(QUEUE);
    let mut inputs = Vec::new();
    let mut tasks = tokio::task::JoinSet::new();
    for (index, port) in ports.into_iter().enumerate() {
        let (input, data) = mpsc::channel::<Bytes>(QUEUE);
        inputs.push(Some(input));
        let channel = (index * 2) as u8;
        tasks.spawn(one_port(hook.clone(), pod.clone(), port, channel, data, outgoing.clone()));
    }
    let pongs = outgoing.clone();
    drop(outgoing);
    let writer = tokio::spawn(async move {
        while let Some(message) = queue.recv().await {
            if sink.send(message).await.is_err() {
                break;
            }
        }
    });
    while let Some(Ok(message)) = source.next().await {
        match message {
            Message::Binary(data) => match data.split_first() {
                Some((&CLOSE, [channel])) => {
                    if let Some(input) = inputs.get_mut(usize::from(*channel / 2)) {
                        *input = None;
                    }
                }
                Some((channel, payload)) if channel % 2 == 0 => {
                    if let Some(Some(input)) = inputs.get(usize::from(*channel / 2))
                        && input.send(Bytes::copy_from_slice(payload)).await.is_err()
                    {
                        inputs[usize::from(*channel / 2)] = None;
                    }
                }
                _ => {}
            },
            Message::Ping(data) => {
                let _ = pongs.try_send(Message::Pong(data));
            }
            Message::Close(_) => break,
            _ => {}
        }
    }
    tasks.shutdown().await;
    writer.abort();
}

async fn one_port(
    hook: Arc<dyn PodConnect>,
    pod: PodRef,
    port: u16,
    channel: u8,
    mut data: mpsc::Receiver<Bytes>,
    outgoing: mpsc::Sender<Message>,
) {
    // Both channels start with the port's number.
    for channel in [channel, channel + 1] {
        if outgoing.send(framed(channel, &port.to_le_bytes())).await.is_err() {
            return;
        }
    }
    let connection = match hook.port_forward(pod, port).await {
        Ok(connection) => connection,
        Err(error) => {
            let _ = outgoing.send(framed(channel + 1, error.message.as_bytes())).await;
            return;
        }
    };
    let (mut from, mut to) = tokio::io::split(connection);
    let upward = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match from.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => {
                    if outgoing.send(framed(channel, &buffer[..count])).await.is_err() {
                        return;
                    }
                }
            }
        }
    };
    let downward = async {
        while let Some(bytes) = data.recv().await {
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(upward, downward);
    let _ = outgoing.send(framed(CLOSE, &[channel])).await;
}
