//! Logs of pods and commands in them, for whoever serves them to people.

use std::pin::Pin;

use bollard::container::LogOutput;
use bollard::query_parameters::{AttachContainerOptions, LogsOptions, ResizeContainerTTYOptions};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use jiff::Timestamp;
use thiserror::Error;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use super::labels;
use crate::engine::{Engine, ExecOptions, ExecSession, Observed, Output, Phase, engine_words};

/// Why logs or a command were not to be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AccessError {
    /// The pod has no container of that name, or it was never started.
    #[error("container {container:?} in pod {namespace}/{pod} was not started yet; its status says what it waits for")]
    NoContainer {
        /// Namespace of the pod.
        namespace: String,
        /// The pod.
        pod: String,
        /// The container.
        container: String,
    },
    /// There is no attempt before the current one.
    #[error("previous terminated container {container:?} in pod {namespace}/{pod} not found")]
    NoPrevious {
        /// Namespace of the pod.
        namespace: String,
        /// The pod.
        pod: String,
        /// The container.
        container: String,
    },
    /// The container does not run.
    #[error("container {container:?} in pod {namespace}/{pod} does not run; it ended with exit code {exit_code}")]
    NotRunning {
        /// Namespace of the pod.
        namespace: String,
        /// The pod.
        pod: String,
        /// The container.
        container: String,
        /// How its last attempt ended.
        exit_code: i32,
    },
    /// Nothing answers on the port.
    #[error("port {port} of pod {namespace}/{pod} does not answer: {reason}")]
    Unreachable {
        /// Namespace of the pod.
        namespace: String,
        /// The pod.
        pod: String,
        /// The port.
        port: u16,
        /// Why.
        reason: String,
    },
    /// The engine refused.
    #[error("the container engine refused: {0}")]
    Engine(String),
}

/// Which part of a container's log is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Go on with what is written from now on, until the container ends.
    pub follow: bool,
    /// The log of the attempt before the current one.
    pub previous: bool,
    /// Put the moment before each line, as RFC 3339 with nanoseconds.
    pub timestamps: bool,
    /// At most that many lines from the end.
    pub tail_lines: Option<u64>,
    /// Nothing older than this.
    pub since: Option<Timestamp>,
    /// At most that many bytes.
    pub limit_bytes: Option<u64>,
}

/// The main program of a container, joined.
pub struct AttachSession {
    /// What it writes from now on; ends when it ends. Errors are the engine's words.
    pub output: Pin<Box<dyn Stream<Item = Result<Output, String>> + Send>>,
    /// What it reads, where its container has an input.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// Resizes the terminal.
    pub control: AttachControl,
}

impl std::fmt::Debug for AttachSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttachSession").field("control", &self.control).finish_non_exhaustive()
    }
}

/// The handle of a joined program. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AttachControl {
    engine: Engine,
    id: String,
}

impl AttachControl {
    /// Sets the size of the container's terminal.
    ///
    /// # Errors
    /// The engine's words.
    pub async fn resize(&self, width: u16, height: u16) -> Result<(), String> {
        let size = ResizeContainerTTYOptions { h: i32::from(height), w: i32::from(width) };
        self.engine.docker().resize_container_tty(&self.id, size).await.map_err(|error| engine_words(&error))
    }
}

/// A log as bytes; errors are the engine's words.
pub type LogStream = Pin<Box<dyn Stream<Item = Result<Bytes, AccessError>> + Send>>;

/// Reads logs of this node's pods and runs commands in them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PodAccess {
    engine: Engine,
}

impl PodAccess {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// The log of a container of the pod with that UID.
    ///
    /// # Errors
    /// [`AccessError`]: no such container, or the engine's words. Errors after the first byte end the stream.
    pub async fn logs(
        &self,
        pod: &PodPlace<'_>,
        container: &str,
        options: &LogOptions,
    ) -> Result<LogStream, AccessError> {
        let attempts = self.attempts(pod, container).await?;
        let found = if options.previous {
            let (namespace, pod, container) = (pod.namespace.to_owned(), pod.name.to_owned(), container.to_owned());
            attempts.into_iter().nth(1).ok_or(AccessError::NoPrevious { namespace, pod, container })?
        } else {
            attempts.into_iter().next().ok_or_else(|| missing(pod, container))?
        };
        // The engine counts `since` in whole seconds; the rest is cut here, by the moments before the lines.
        let since = options.since;
        let request = LogsOptions {
            follow: options.follow && found.phase == Phase::Running,
            stdout: true,
            stderr: true,
            since: since.map_or(0, |since| i32::try_from(since.as_second()).unwrap_or_default()),
            timestamps: options.timestamps || since.is_some(),
            tail: options.tail_lines.map_or_else(|| "all".to_owned(), |lines| lines.to_string()),
            ..LogsOptions::default()
        };
        let keep = options.timestamps;
        let engine = self.engine.clone();
        let lines = async_stream(engine, found.id, request);
        let cut = lines.filter_map(move |piece| {
            std::future::ready(match piece {
                Ok(bytes) => cut(bytes, since, keep).map(Ok),
                Err(error) => Some(Err(error)),
            })
        });
        Ok(limited(Box::pin(cut), options.limit_bytes))
    }

    /// Starts a command in a running container of the pod with that UID.
    ///
    /// # Errors
    /// [`AccessError`]: no such container, it does not run, or the engine's words.
    pub async fn exec(
        &self,
        pod: &PodPlace<'_>,
        container: &str,
        options: ExecOptions,
    ) -> Result<ExecSession, AccessError> {
        let running = self.running(pod, container).await?;
        self.engine.exec(&running.id, options).await.map_err(|error| AccessError::Engine(engine_words(&error)))
    }

    /// Joins the main program of a running container: what it writes from now on, and its input where it has one.
    ///
    /// # Errors
    /// [`AccessError`]: no such container, it does not run, or the engine's words.
    pub async fn attach(&self, pod: &PodPlace<'_>, container: &str, stdin: bool) -> Result<AttachSession, AccessError> {
        let running = self.running(pod, container).await?;
        let options = AttachContainerOptions {
            stdin,
            stdout: true,
            stderr: true,
            stream: true,
            logs: false,
            ..AttachContainerOptions::default()
        };
        let attached = self.engine.docker().attach_container(&running.id, Some(options)).await;
        let attached = attached.map_err(|error| AccessError::Engine(engine_words(&error)))?;
        let output = attached.output.map(|piece| piece.map(Output::from).map_err(|error| engine_words(&error)));
        let control = AttachControl { engine: self.engine.clone(), id: running.id };
        Ok(AttachSession { output: Box::pin(output), input: attached.input, control })
    }

    /// Connects to a port of the pod, at the pod's own address: what listens on the pod's loopback alone is not reached.
    ///
    /// # Errors
    /// [`AccessError::Unreachable`] where nothing listens, or the engine's words.
    pub async fn connect(&self, pod: &PodPlace<'_>, port: u16) -> Result<TcpStream, AccessError> {
        let found = self.engine.containers(&[(labels::POD_UID, pod.uid)]).await;
        let found = found.map_err(|error| AccessError::Engine(engine_words(&error)))?;
        let mut addresses =
            found.into_iter().filter(|found| found.phase == Phase::Running).flat_map(|found| found.addresses);
        let unreachable = |reason: String| AccessError::Unreachable {
            namespace: pod.namespace.to_owned(),
            pod: pod.name.to_owned(),
            port,
            reason,
        };
        let address = addresses.next().ok_or_else(|| unreachable("the pod has no running container".to_owned()))?;
        TcpStream::connect((address.as_str(), port)).await.map_err(|error| unreachable(error.to_string()))
    }

    async fn running(&self, pod: &PodPlace<'_>, container: &str) -> Result<Observed, AccessError> {
        let newest = self.attempts(pod, container).await?.into_iter().next().ok_or_else(|| missing(pod, container))?;
        if newest.phase == Phase::Running {
            return Ok(newest);
        }
        Err(AccessError::NotRunning {
            namespace: pod.namespace.to_owned(),
            pod: pod.name.to_owned(),
            container: container.to_owned(),
            exit_code: newest.exit_code,
        })
    }

    /// The attempts of a container, the newest first.
    async fn attempts(&self, pod: &PodPlace<'_>, container: &str) -> Result<Vec<Observed>, AccessError> {
        let wanted = [(labels::POD_UID, pod.uid), (labels::CONTAINER_NAME, container)];
        let found = self.engine.containers(&wanted).await;
        let mut found = found.map_err(|error| AccessError::Engine(engine_words(&error)))?;
        found.retain(|attempt| attempt.phase != Phase::Created);
        found.sort_by_key(|attempt| std::cmp::Reverse(attempt.attempt()));
        Ok(found)
    }
}

/// Which pod is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PodPlace<'a> {
    /// Its namespace, for messages.
    pub namespace: &'a str,
    /// Its name, for messages.
    pub name: &'a str,
    /// Its UID, by which it is found.
    pub uid: &'a str,
}

fn missing(pod: &PodPlace<'_>, container: &str) -> AccessError {
    AccessError::NoContainer {
        namespace: pod.namespace.to_owned(),
        pod: pod.name.to_owned(),
        container: container.to_owned(),
    }
}

fn async_stream(engine: Engine, id: String, request: LogsOptions) -> LogStream {
    let (sender, receiver) = tokio::sync::mpsc::channel(16);
    tokio::spawn(async move {
        let mut log = std::pin::pin!(engine.docker().logs(&id, Some(request)));
        loop {
            let piece = tokio::select! {
                () = sender.closed() => return,
                piece = log.next() => piece,
            };
            let piece = match piece {
                None => return,
                Some(Ok(
                    LogOutput::StdOut { message }
                    | LogOutput::StdErr { message }
                    | LogOutput::Console { message }
                    | LogOutput::StdIn { message },
                )) => Ok(message),
                Some(Err(error)) => Err(AccessError::Engine(engine_words(&error))),
            };
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    });
    Box::pin(tokio_stream::wrappers::ReceiverStream::new(receiver))
}

/// Drops a line that is too old, and the moment before it where it is not wanted.
fn cut(line: Bytes, since: Option<Timestamp>, keep: bool) -> Option<Bytes> {
    let Some(since) = since else { return Some(line) };
    let space = line.iter().position(|byte| *byte == b' ');
    let moment =
        space.and_then(|at| std::str::from_utf8(&line[..at]).ok()).and_then(|text| text.parse::<Timestamp>().ok());
    match (space, moment) {
        (Some(_), Some(moment)) if moment < since => None,
        (Some(at), Some(_)) if !keep => Some(line.slice(at + 1..)),
        _ => Some(line),
    }
}

fn limited(log: LogStream, limit: Option<u64>) -> LogStream {
    let Some(limit) = limit else { return log };
    Box::pin(log.scan(limit, |left, piece| {
        std::future::ready(match piece {
            _ if *left == 0 => None,
            Ok(bytes) => {
                let taken = (*left).min(bytes.len() as u64);
                *left -= taken;
                Some(Ok(bytes.slice(..taken as usize)))
            }
            Err(error) => Some(Err(error)),
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_the_moment_asked_for() {
        let line = || Bytes::from_static(b"2026-01-02T03:04:05.500000000Z hello\n");
        let at = |text: &str| Some(text.parse::<Timestamp>().expect("a moment"));
        assert_eq!(cut(line(), None, false), Some(line()));
        assert_eq!(cut(line(), at("2026-01-02T03:04:05.6Z"), false), None);
        assert_eq!(cut(line(), at("2026-01-02T03:04:05.4Z"), false), Some(Bytes::from_static(b"hello\n")));
        assert_eq!(cut(line(), at("2026-01-02T03:04:05.4Z"), true), Some(line()));
    }
}
