//! The Go client: a process that keeps what its informer tells it.

use super::Versions;
use crate::lab::golang;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const SOURCE: &str = include_str!("informer.go");

pub(super) struct Informer {
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Informer {
    /// Builds it where that is needed, starts it and waits until it has seen everything once.
    pub(super) async fn start(kubeconfig: &Path) -> Result<Self> {
        let binary = golang::program("informer", SOURCE)?;
        let mut process = Command::new(&binary)
            .arg(kubeconfig)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It tells every lost connection, of which there are many.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let input = process.stdin.take().context("no input")?;
        let mut output = BufReader::new(process.stdout.take().context("no output")?).lines();
        let line = output.next_line().await?;
        ensure!(line.as_deref() == Some("ready"), "the informer did not start: {line:?}");
        Ok(Self { input, output, _process: process })
    }

    /// What it keeps now.
    pub(super) async fn kept(&mut self) -> Result<Versions> {
        self.input.write_all(b"\n").await?;
        let line = self.output.next_line().await?.context("the informer ended")?;
        Ok(serde_json::from_str(&line)?)
    }
}
