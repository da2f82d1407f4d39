//! `occ component exec`: a command inside a container, over a WebSocket.
//!
//! Messages are binary; their first byte is the stream: 0 input, 1 output, 2 errors, 3 the terminal's size. The reason of
//! the last frame carries `{"exitCode": N}`.

use super::terminal;
use crate::failure::Failure;
use crate::session::{Problem, Session, encode};
use clap::ArgMatches;
use futures::{Sink, SinkExt, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::process::ExitCode;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

/// Runs the command; its exit code is ours.
pub(crate) async fn exec(session: &Session, name: &str, matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let command: Vec<&String> = matches.get_many("command").into_iter().flatten().collect();
    let at_terminal = terminal::is_one();
    // Without a command it is a shell, on a terminal if there is one.
    let tty = matches.get_flag("tty") || (command.is_empty() && at_terminal);
    let stdin = matches.get_flag("stdin") || command.is_empty();
    let mut path = format!(
        "/exec/namespaces/{}/components/{}?tty={tty}&stdin={stdin}",
        encode(session.namespace()?),
        encode(name)
    );
    if let Some((project, false)) = session.project() {
        path.push_str(&format!("&project={}", encode(project)));
    }
    for option in ["env", "pod", "container"] {
        if let Some(value) = matches.get_one::<String>(option) {
            path.push_str(&format!("&{option}={}", encode(value)));
        }
    }
    for word in command {
        path.push_str(&format!("&command={}", encode(word)));
    }
    let socket = connect(session, &path).await?;
    let raw = if tty && at_terminal { terminal::Raw::enter() } else { None };
    let ended = bridge(socket, stdin, raw.is_some()).await;
    drop(raw);
    ended
}

async fn connect(session: &Session, path: &str) -> Result<WebSocketStream<reqwest::Upgraded>, Failure> {
    let key = generate_key();
    let response = session
        .http
        .send(Method::GET, path, |request| {
            request
                .header("connection", "Upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", &key)
        })
        .await?;
    let status = response.status();
    if status != StatusCode::SWITCHING_PROTOCOLS {
        let body = response.bytes().await.unwrap_or_default();
        return Err(Problem::read(status, &body).into());
    }
    let accepted = response.headers().get("sec-websocket-accept").and_then(|value| value.to_str().ok());
    if accepted != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return Err(Failure::Server("what answers there does not speak WebSocket".into()));
    }
    let upgraded = response.upgrade().await.map_err(|error| session.http.unreachable(&error))?;
    Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, None).await)
}

/// Reads standard input on a thread of its own, which nobody waits for at the end.
fn input() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        loop {
            let read = std::io::stdin().lock().read(&mut buffer).unwrap_or(0);
            // The empty message is the end of the input.
            if sender.blocking_send(buffer[..read].to_vec()).is_err() || read == 0 {
                return;
            }
        }
    });
    receiver
}

fn frame(stream: u8, data: &[u8]) -> Message {
    let mut message = Vec::with_capacity(data.len() + 1);
    message.push(stream);
    message.extend_from_slice(data);
    Message::Binary(message.into())
}

async fn bridge(socket: WebSocketStream<reqwest::Upgraded>, stdin: bool, raw: bool) -> Result<ExitCode, Failure> {
    let broken = |error| Failure::Server(format!("the connection to the container broke off: {error}"));
    let (mut out, mut incoming) = socket.split();
    let mut keys = stdin.then(input);
    let mut resized = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::window_change())
        .map_err(|error| Failure::Input(format!("cannot watch the terminal: {error}")))?;
    if raw {
        send_size(&mut out).await.map_err(broken)?;
    }
    loop {
        tokio::select! {
            data = async { keys.as_mut()?.recv().await }, if keys.is_some() => {
                let data = data.unwrap_or_default();
                if data.is_empty() {
                    keys = None;
                }
                // A command may end before its input does; how it ended still comes.
                if out.send(frame(0, &data)).await.is_err() {
                    keys = None;
                }
            }
            Some(()) = resized.recv(), if raw => send_size(&mut out).await.map_err(broken)?,
            message = incoming.next() => match message {
                Some(Ok(Message::Binary(data))) => show(&data)?,
                Some(Ok(Message::Close(close))) => {
                    let _ = out.close().await;
                    return end(close.as_ref());
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(broken(error)),
                None => return end(None),
            },
        }
    }
}

async fn send_size<S: Sink<Message> + Unpin>(out: &mut S) -> Result<(), S::Error> {
    match terminal::size() {
        Some((width, height)) => {
            out.send(frame(3, json!({"width": width, "height": height}).to_string().as_bytes())).await
        }
        None => Ok(()),
    }
}

fn show(data: &[u8]) -> Result<(), Failure> {
    let Some((stream, data)) = data.split_first() else { return Ok(()) };
    let written = match stream {
        1 => {
            let mut out = std::io::stdout().lock();
            out.write_all(data).and_then(|()| out.flush())
        }
        2 => std::io::stderr().write_all(data),
        _ => Ok(()),
    };
    written.map_err(|_| Failure::Reported)
}

/// The exit code that the last frame tells.
fn end(close: Option<&CloseFrame>) -> Result<ExitCode, Failure> {
    let reason = close.map(|close| close.reason.to_string()).unwrap_or_default();
    let code = serde_json::from_str::<Value>(&reason).ok().and_then(|reason| reason.get("exitCode")?.as_i64());
    match code {
        Some(code) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(255))),
        None if reason.is_empty() => Err(Failure::Server("the server did not say how the command ended".into())),
        None => Err(Failure::Server(reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

    #[rstest]
    #[case(r#"{"exitCode":42}"#, Ok(ExitCode::from(42)))]
    #[case(r#"{"exitCode":-1}"#, Ok(ExitCode::from(255)))]
    #[case("", Err("the server did not say how the command ended"))]
    #[case("no such file", Err("no such file"))]
    fn the_last_frame_tells_how_it_ended(#[case] reason: &'static str, #[case] expected: Result<ExitCode, &str>) {
        let close = CloseFrame { code: CloseCode::Normal, reason: reason.into() };
        let ended = end(Some(&close)).map_err(|failure| failure.to_string());
        assert_eq!(format!("{ended:?}"), format!("{:?}", expected.map_err(str::to_owned)));
    }
}
