//! A running `openchoreo up`, and `occ` against it.

use super::call::Address;
use super::make::Made;
use super::step;
use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::watch;

/// How long the server may take to stop.
const STOP: Duration = Duration::from_mins(1);

pub(crate) struct Server {
    pid: Pid,
    status: watch::Receiver<Option<String>>,
    data: PathBuf,
    log: PathBuf,
    pub(crate) gateway_port: u16,
}

impl Server {
    /// Starts the server with a fresh data folder and waits until it says that it is ready.
    pub(crate) async fn start(made: &Made, data: &Path, any_port: bool) -> Result<Server> {
        step("starting openchoreo up");
        let log = data.join("server.log");
        let errors = std::fs::File::create(&log).with_context(|| log.display().to_string())?;
        let mut command = Command::new(&made.server);
        command
            .arg("up")
            .arg("--data-dir")
            .arg(data.join("data"))
            .arg("--remove-on-exit")
            .stdout(Stdio::piped())
            .stderr(errors);
        if any_port {
            command.args(["--api-port", "0", "--kubernetes-port", "0", "--gateway-port", "0"]);
            // What is only tried does not belong into anybody's configuration.
            command.env("HOME", data);
            // Where an ordinary user's Podman keeps the images that were just built.
            for (name, folder) in [("XDG_DATA_HOME", ".local/share"), ("XDG_CONFIG_HOME", ".config")] {
                if let (None, Some(home)) = (std::env::var_os(name), std::env::var_os("HOME")) {
                    command.env(name, PathBuf::from(home).join(folder));
                }
            }
        }
        // A Ctrl-C at the terminal is for this program, which then stops the server.
        command.process_group(0);
        let mut child = command.spawn().with_context(|| format!("cannot start {}", made.server.display()))?;
        let output = child.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        let mut gateway_port = None;
        loop {
            let Some(line) = lines.next_line().await.context("cannot read the server's output")? else {
                let _ = child.wait().await;
                bail!("the server did not start:\n{}", std::fs::read_to_string(&log).unwrap_or_default());
            };
            println!("  {line}");
            if line.starts_with("gateway") {
                gateway_port = line.rsplit(':').next().and_then(|port| port.trim().parse().ok());
            }
            if line.starts_with("ready") {
                break;
            }
        }
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                println!("  {line}");
            }
        });
        let gateway_port = gateway_port.context("the server does not tell the gateway's port")?;
        let pid = Pid::from_raw(i32::try_from(child.id().context("the server has ended")?)?);
        let (tell, status) = watch::channel(None);
        tokio::spawn(async move {
            let ended = child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
            // An error means that nobody is interested any more.
            let _ = tell.send(Some(ended));
        });
        Ok(Server { pid, status, data: data.join("data"), log, gateway_port })
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.data.join("occ.yaml")
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.data.join("kubeconfig")
    }

    /// Ends when the server does, with its exit status in words.
    pub(crate) async fn ended(&self) -> String {
        let mut status = self.status.clone();
        match status.wait_for(Option::is_some).await {
            Ok(status) => status.clone().unwrap_or_default(),
            Err(_) => "unknown".to_owned(),
        }
    }

    /// The end of the server's log.
    pub(crate) fn said(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Runs `occ` and gives its output.
    pub(crate) fn occ(&self, made: &Made, words: &[&str]) -> Result<String> {
        let output = std::process::Command::new(&made.occ)
            .args(words)
            .env("OPENCHOREO_CONFIG", self.config())
            .output()
            .with_context(|| format!("cannot start {}", made.occ.display()))?;
        let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "occ {} failed:\n{out}{errors}", words.join(" "));
        Ok(out.into_owned())
    }

    /// How far the example is, in a line, and the web front's address once all of it is ready.
    pub(crate) fn progress(&self, made: &Made) -> Result<(String, Option<Address>)> {
        let text = self.occ(made, &["releasebinding", "list", "-o", "json"])?;
        let listed: Value = serde_json::from_str(&text).context("occ does not answer JSON")?;
        let items = listed.get("items").unwrap_or(&listed).as_array().cloned().unwrap_or_default();
        let mut told = Vec::new();
        let mut address = None;
        let mut ready = 0;
        for binding in items.iter().filter(|binding| binding["spec"]["owner"]["projectName"] == "guestbook") {
            let component = binding["spec"]["owner"]["componentName"].as_str().unwrap_or_default();
            let conditions = binding["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let state = conditions.iter().find(|condition| condition["type"] == "Ready");
            match state {
                Some(state) if state["status"] == "True" => {
                    ready += 1;
                    told.push(format!("{component} ready"));
                }
                Some(state) => told.push(format!("{component}: {}", state["message"].as_str().unwrap_or_default())),
                None => told.push(format!("{component} is being deployed")),
            }
            if component == "web" {
                let url = &binding["status"]["endpoints"][0]["externalURLs"]["http"];
                address = url["host"].as_str().map(|host| Address {
                    host: host.to_owned(),
                    port: self.gateway_port,
                    path: url["path"].as_str().unwrap_or("/").to_owned(),
                });
            }
        }
        Ok((told.join(" · "), address.filter(|_| ready == 3)))
    }

    /// Stops the server, which takes everything down that it started.
    pub(crate) async fn stop(&self) -> Result<()> {
        if self.status.borrow().is_none() {
            kill(self.pid, Signal::SIGTERM).context("cannot stop the server")?;
        }
        match tokio::time::timeout(STOP, self.ended()).await {
            Ok(status) => {
                ensure!(status == "exit status: 0", "the server stopped with {status}:\n{}", self.said());
                Ok(())
            }
            Err(_) => {
                kill(self.pid, Signal::SIGKILL).context("cannot kill the server")?;
                bail!("the server did not stop within {} s and was killed:\n{}", STOP.as_secs(), self.said())
            }
        }
    }
}
