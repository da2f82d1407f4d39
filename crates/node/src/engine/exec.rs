//! Commands in running containers.

use std::pin::Pin;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, ResizeExecOptions, StartExecOptions, StartExecResults};
use futures::{Stream, StreamExt as _};
use tokio::io::AsyncWrite;

use super::{Engine, engine_words};

/// The most that is kept of a short command's output.
const OUTPUT: usize = 10 * 1024;
/// The pause before the engine is asked again for an exit code that it does not know yet.
const AGAIN: Duration = Duration::from_millis(20);

/// A command that was run to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) exit_code: i64,
    /// The beginning of what it wrote.
    pub(crate) output: String,
}

/// How to run a command.
#[allow(clippy::struct_excessive_bools, reason = "each switch is one of the Kubernetes API's own")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecOptions {
    /// Program and arguments; no shell is put around them.
    pub command: Vec<String>,
    /// Whether input is sent.
    pub stdin: bool,
    /// Whether standard output is wanted.
    pub stdout: bool,
    /// Whether standard error is wanted; with `tty` it comes through standard output.
    pub stderr: bool,
    /// Whether the command gets a terminal.
    pub tty: bool,
}

/// What a command wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To standard output (with a terminal: to the terminal).
    Stdout(bytes::Bytes),
    /// To standard error.
    Stderr(bytes::Bytes),
}

impl From<LogOutput> for Output {
    fn from(piece: LogOutput) -> Self {
        match piece {
            LogOutput::StdErr { message } => Self::Stderr(message),
            LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
                Self::Stdout(message)
            }
        }
    }
}

/// A running command.
pub struct ExecSession {
    /// What it writes; ends when the command ends. Errors are the engine's words.
    pub output: Pin<Box<dyn Stream<Item = Result<Output, String>> + Send>>,
    /// What it reads; shutting it down is its end of input.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// Resizes the terminal and tells the exit code.
    pub control: ExecControl,
}

impl std::fmt::Debug for ExecSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExecSession").field("control", &self.control).finish_non_exhaustive()
    }
}

/// The handle of a running command. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ExecControl {
    engine: Engine,
    id: String,
}

impl ExecControl {
    /// Sets the size of the command's terminal.
    ///
    /// # Errors
    /// The engine's words.
    pub async fn resize(&self, width: u16, height: u16) -> Result<(), String> {
        let resized = self.engine.docker().resize_exec(&self.id, ResizeExecOptions { height, width }).await;
        resized.map_err(|error| engine_words(&error))
    }

    /// The exit code, once the output has ended. `None` while the command runs.
    ///
    /// # Errors
    /// The engine's words.
    pub async fn exit_code(&self) -> Result<Option<i64>, String> {
        let found = self.engine.docker().inspect_exec(&self.id).await.map_err(|error| engine_words(&error))?;
        Ok(if found.running == Some(true) { None } else { found.exit_code })
    }
}

impl Engine {
    /// Starts a command in a running container.
    pub(crate) async fn exec(
        &self,
        container: &str,
        options: ExecOptions,
    ) -> Result<ExecSession, bollard::errors::Error> {
        let request = CreateExecOptions {
            attach_stdin: Some(options.stdin),
            attach_stdout: Some(options.stdout || options.tty),
            attach_stderr: Some(options.stderr && !options.tty),
            tty: Some(options.tty),
            cmd: Some(options.command),
            ..CreateExecOptions::default()
        };
        let id = self.docker().create_exec(container, request).await?.id;
        let start = StartExecOptions { detach: false, tty: options.tty, output_capacity: None };
        match self.docker().start_exec(&id, Some(start)).await? {
            StartExecResults::Attached { output, input } => {
                let output = output.map(|piece| piece.map(Output::from).map_err(|error| engine_words(&error)));
                let control = ExecControl { engine: self.clone(), id };
                Ok(ExecSession { output: Box::pin(output), input, control })
            }
            StartExecResults::Detached => Err(bollard::errors::Error::IOError {
                err: std::io::Error::other("the engine detached from a command that was to stay attached"),
            }),
        }
    }

    /// Runs a short command to its end, within `deadline`.
    pub(crate) async fn run(&self, container: &str, command: Vec<String>, deadline: Duration) -> Result<Ended, String> {
        let run = async {
            let options = ExecOptions { command, stdout: true, stderr: true, ..ExecOptions::default() };
            let mut session = self.exec(container, options).await.map_err(|error| engine_words(&error))?;
            let mut kept = Vec::new();
            while let Some(piece) = session.output.next().await {
                let (Output::Stdout(bytes) | Output::Stderr(bytes)) = piece?;
                kept.extend_from_slice(&bytes[..bytes.len().min(OUTPUT - kept.len())]);
            }
            // The output may end a moment before the engine knows that the command has.
            let exit_code = loop {
                match session.control.exit_code().await? {
                    Some(code) => break code,
                    None => tokio::time::sleep(AGAIN).await,
                }
            };
            Ok(Ended { exit_code, output: String::from_utf8_lossy(&kept).into_owned() })
        };
        match tokio::time::timeout(deadline, run).await {
            Ok(ended) => ended,
            Err(_) => Err(format!("command timed out after {} s", deadline.as_secs())),
        }
    }
}
