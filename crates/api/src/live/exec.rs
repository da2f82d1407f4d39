//! A command inside a component's container, over a WebSocket.
//!
//! Frames are those of v1.2 (`frames`). Ours beside that: the close frame's reason carries `{"exitCode": N}`.

use super::binding::selector;
use super::environment::{data_plane, find};
use super::frames::{Frame, STDERR, STDOUT, output};
use super::logs::container;
use crate::objects::{Parts, name, namespace};
use crate::problem::Problem;
use crate::serving::App;
use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use futures::{SinkExt, StreamExt};
use http::{StatusCode, header};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, AttachParams, AttachedProcess, ListParams, TerminalSize};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

/// What a client asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    project: Option<String>,
    environment: Option<String>,
    pod: Option<String>,
    container: Option<String>,
    command: Vec<String>,
    tty: bool,
    stdin: bool,
}

impl Wish {
    fn read(query: &str) -> Wish {
        let mut wish = Wish::default();
        for (name, value) in crate::identity::form_fields(query) {
            let some = Some(value.clone()).filter(|value| !value.is_empty());
            match name.as_str() {
                "project" => wish.project = some,
                "env" => wish.environment = some,
                "pod" => wish.pod = some,
                "container" => wish.container = some,
                "command" => wish.command.push(value),
                "tty" => wish.tty = value == "true",
                "stdin" => wish.stdin = value == "true",
                _ => {}
            }
        }
        if wish.command.is_empty() {
            wish.command.push("/bin/sh".into());
        }
        wish
    }
}

/// `GET /exec/namespaces/{namespace}/components/{name}` with an upgrade to WebSocket.
pub(super) async fn exec(
    State(app): State<App>,
    Path(parts): Path<Parts>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).cloned();
    let Some(key) = key.filter(|_| request.headers().contains_key(header::UPGRADE)) else {
        return Err(Problem::bad_request("Bad Request: this address speaks WebSocket only"));
    };
    let wish = Wish::read(&query.unwrap_or_default());
    let (pods, pod, params) = target(&app, &parts, &wish).await?;
    let process = pods
        .exec(&pod, &wish.command, &params)
        .await
        .map_err(|error| Problem::unavailable(format!("cannot run a command in pod {pod}: {error}")))?;
    tokio::spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(upgraded) => {
                let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
                bridge(socket, process).await;
            }
            Err(error) => tracing::debug!(%error, "a client did not finish its upgrade"),
        }
    });
    let headers = [
        (header::CONNECTION, "Upgrade".to_owned()),
        (header::UPGRADE, "websocket".to_owned()),
        (header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes())),
    ];
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response())
}

/// Finds the container that is meant.
async fn target(app: &App, parts: &Parts, wish: &Wish) -> Result<(Api<Pod>, String, AttachParams), Problem> {
    let (space, component) = (namespace(parts).unwrap_or_default(), name(parts));
    let Some(found) = find(app, "Component", Some(space), component).await? else {
        return Err(Problem::bad_request(format!(
            "failed to resolve component: component {component:?} not found in namespace {space:?}"
        )));
    };
    let project = found.data.pointer("/spec/owner/projectName").and_then(Value::as_str).unwrap_or_default().to_owned();
    if wish.project.as_ref().is_some_and(|wanted| *wanted != project) {
        return Err(Problem::forbidden(
            "you do not have permission to exec into this component: it belongs to another project",
        ));
    }
    let environment = match &wish.environment {
        Some(environment) => environment.clone(),
        None => first_environment(app, space, &project).await?,
    };
    let plane = data_plane(app, space, &environment)
        .await
        .map_err(|problem| Problem { error: format!("failed to resolve pod: {}", problem.error), ..problem })?;
    let labels = selector(space, &project, component, &environment);
    let listed = Api::<Pod>::all(plane.clone()).list(&ListParams::default().labels(&labels)).await;
    let listed = listed.map_err(|error| Problem::from_kube(error, "Pod", "Pod"))?.items;
    let chosen = listed.iter().find(|pod| match &wish.pod {
        Some(wanted) => pod.metadata.name.as_ref() == Some(wanted),
        None => is_ready(pod),
    });
    let Some(pod) = chosen else {
        return Err(Problem::bad_request(match &wish.pod {
            Some(wanted) => {
                format!("failed to resolve pod: component {component:?} has no pod {wanted:?} in {environment:?}")
            }
            None => format!(
                "failed to resolve pod: no pod of component {component:?} is ready in {environment:?} ({} not ready)",
                listed.len()
            ),
        }));
    };
    let params = AttachParams::default()
        .container(container(pod, wish.container.as_ref())?)
        .stdin(wish.stdin)
        .stdout(true)
        .stderr(!wish.tty)
        .tty(wish.tty);
    let pods = Api::namespaced(plane, pod.metadata.namespace.as_deref().unwrap_or_default());
    Ok((pods, pod.metadata.name.clone().unwrap_or_default(), params))
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    pod.metadata.deletion_timestamp.is_none()
        && conditions.into_iter().any(|one| one.type_ == "Ready" && one.status == "True")
}

/// The environment that a project's pipeline begins with.
async fn first_environment(app: &App, namespace: &str, project: &str) -> Result<String, Problem> {
    let pipeline = find(app, "Project", Some(namespace), project).await?.and_then(|project| {
        project.data.pointer("/spec/deploymentPipelineRef/name").and_then(Value::as_str).map(str::to_owned)
    });
    let Some(pipeline) = pipeline else {
        return Err(Problem::bad_request(format!(
            "failed to resolve environment: project {project:?} has no pipeline: say which with env"
        )));
    };
    let found = find(app, "DeploymentPipeline", Some(namespace), &pipeline).await?;
    let paths = found.as_ref().and_then(|found| found.data.pointer("/spec/promotionPaths")).and_then(Value::as_array);
    let source = |path: &Value| path.pointer("/sourceEnvironmentRef/name").and_then(Value::as_str).map(str::to_owned);
    let is_target = |name: &str| {
        paths.iter().copied().flatten().any(|path| {
            path["targetEnvironmentRefs"].as_array().into_iter().flatten().any(|target| target["name"] == name)
        })
    };
    paths.into_iter().flatten().filter_map(source).find(|name| !is_target(name)).ok_or_else(|| {
        Problem::bad_request(format!(
            "failed to resolve environment: pipeline {pipeline:?} has no first environment: say which with env"
        ))
    })
}

/// Carries bytes both ways until the process ends or the client goes.
async fn bridge<S>(socket: WebSocketStream<S>, mut process: AttachedProcess)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut out, mut incoming) = socket.split();
    let mut stdin = process.stdin();
    let mut sizes = process.terminal_size();
    let mut stdout = process.stdout();
    let mut stderr = process.stderr();
    let status = process.take_status();
    let (mut from_stdout, mut from_stderr) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    while stdout.is_some() || stderr.is_some() {
        tokio::select! {
            read = read_some(&mut stdout, &mut from_stdout) => {
                let message = Message::binary(output(STDOUT, &from_stdout[..read]));
                if read > 0 && out.send(message).await.is_err() {
                    process.abort();
                    return;
                }
            }
            read = read_some(&mut stderr, &mut from_stderr) => {
                let message = Message::binary(output(STDERR, &from_stderr[..read]));
                if read > 0 && out.send(message).await.is_err() {
                    process.abort();
                    return;
                }
            }
            message = incoming.next() => match message {
                Some(Ok(Message::Binary(data))) => match Frame::read(&data) {
                    // Dropping the writer would not end the input: it is one half of a pipe whose other half stays.
                    Some(Frame::Stdin(data)) if data.is_empty() => {
                        if let Some(mut writer) = stdin.take() {
                            let _ = writer.shutdown().await;
                        }
                    }
                    Some(Frame::Stdin(data)) => {
                        if let Some(writer) = &mut stdin && writer.write_all(&data).await.is_err() {
                            stdin = None;
                        }
                    }
                    Some(Frame::Resize { width, height }) => {
                        if let Some(sizes) = &mut sizes {
                            let _ = sizes.send(TerminalSize { width, height }).await;
                        }
                    }
                    Some(Frame::Unknown(_)) | None => {}
                },
                Some(Ok(Message::Close(_)) | Err(_)) | None => {
                    process.abort();
                    return;
                }
                Some(Ok(_)) => {}
            },
        }
    }
    let close = match status {
        Some(status) => closing(status.await.as_ref()),
        None => CloseFrame { code: CloseCode::Error, reason: "the plane did not say how the command ended".into() },
    };
    let _ = out.send(Message::Close(Some(close))).await;
    // The socket is kept until the client has answered, or its last bytes may get lost.
    while let Some(Ok(_)) = incoming.next().await {}
}

/// Reads from a stream if there is one; at its end it is put away.
async fn read_some<R: AsyncRead + Unpin>(stream: &mut Option<R>, buffer: &mut [u8]) -> usize {
    let Some(reader) = stream else { return std::future::pending().await };
    match reader.read(buffer).await {
        Ok(read) if read > 0 => read,
        _ => {
            *stream = None;
            0
        }
    }
}

/// How the command ended, as a close frame.
fn closing(status: Option<&k8s_openapi::apimachinery::pkg::apis::meta::v1::Status>) -> CloseFrame {
    let Some(status) = status else {
        return CloseFrame { code: CloseCode::Error, reason: "the connection to the container broke off".into() };
    };
    if status.status.as_deref() == Some("Success") {
        return CloseFrame { code: CloseCode::Normal, reason: r#"{"exitCode":0}"#.into() };
    }
    let causes = status.details.iter().flat_map(|details| details.causes.iter().flatten());
    let exit = causes
        .filter(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .find_map(|cause| cause.message.as_deref()?.parse::<i32>().ok());
    match exit {
        Some(code) => CloseFrame { code: CloseCode::Normal, reason: format!(r#"{{"exitCode":{code}}}"#).into() },
        None => {
            // A close frame's reason holds 123 bytes.
            let text: String = status.message.clone().unwrap_or_default().chars().take(60).collect();
            CloseFrame { code: CloseCode::Error, reason: text.into() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_read_from_the_query() {
        assert_eq!(
            Wish::read(
                "project=shop&env=development&command=sh&command=-c&command=echo+%22a%22&tty=true&stdin=false&x=y"
            ),
            Wish {
                project: Some("shop".into()),
                environment: Some("development".into()),
                command: vec!["sh".into(), "-c".into(), "echo \"a\"".into()],
                tty: true,
                ..Wish::default()
            }
        );
        assert_eq!(Wish::read("").command, ["/bin/sh"]);
    }
}
