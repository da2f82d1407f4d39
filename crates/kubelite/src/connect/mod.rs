//! Streams into pods. The server speaks the protocols; whoever runs the containers fills the hook.

mod serve;
mod websocket;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};

pub(crate) use self::serve::{logs, stream};
use crate::status::ApiError;

/// The pod that a stream goes to.
#[derive(Debug, Clone)]
pub struct PodRef {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// uid: a pod of the same name may have taken its place.
    pub uid: String,
    /// The whole Pod as stored.
    pub pod: Arc<Value>,
}

/// `v1 PodLogOptions`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The container; already settled when the pod has only one.
    pub container: String,
    /// Go on as lines come.
    pub follow: bool,
    /// Of the instance before the current one.
    pub previous: bool,
    /// Start every line with its time.
    pub timestamps: bool,
    /// Only lines since then.
    pub since: Option<jiff::Timestamp>,
    /// Only the last lines.
    pub tail_lines: Option<u64>,
    /// At most that many bytes.
    pub limit_bytes: Option<u64>,
}

/// `v1 PodExecOptions` and `PodAttachOptions`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecOptions {
    /// The container; already settled when the pod has only one.
    pub container: String,
    /// Program and arguments; empty for attach.
    pub command: Vec<String>,
    /// Whether there is a terminal.
    pub tty: bool,
}

/// The client's side of a running program. Channels are bounded: a client that does not read stops the program's output.
#[derive(Debug)]
pub struct Streams {
    /// What the client types; ends when it closes its input. None: no input wanted.
    pub stdin: Option<mpsc::Receiver<Bytes>>,
    /// Where output goes; none: not wanted.
    pub stdout: Option<mpsc::Sender<Bytes>>,
    /// Where error output goes; none: not wanted, or a terminal.
    pub stderr: Option<mpsc::Sender<Bytes>>,
    /// Sizes of the client's terminal: columns, rows.
    pub resize: mpsc::Receiver<(u16, u16)>,
}

/// A connection to a port of a pod.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Filled by whoever runs the containers. Dropping a returned future or stream ends what it does.
#[async_trait]
pub trait PodConnect: Send + Sync {
    /// The container's output.
    async fn logs(
        &self,
        pod: PodRef,
        options: LogOptions,
    ) -> Result<BoxStream<'static, std::io::Result<Bytes>>, ApiError>;

    /// Runs a program; answers its exit code when it ends. An error means that it never ran.
    async fn exec(&self, pod: PodRef, options: ExecOptions, streams: Streams) -> Result<i32, ApiError>;

    /// Joins the container's main program; answers when the connection ends.
    async fn attach(&self, pod: PodRef, options: ExecOptions, streams: Streams) -> Result<(), ApiError>;

    /// Connects to a port.
    async fn port_forward(&self, pod: PodRef, port: u16) -> Result<Box<dyn Duplex>, ApiError>;
}
