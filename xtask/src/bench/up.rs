//! `openchoreo up` from an empty disk.

use super::BenchArgs;
use super::answer;
use super::figure::{Budget, Figure, Report};
use super::process::{Process, Rest, megabytes};
use super::release;
use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a start may take at most.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long it settles before its memory is read.
const SETTLES: Duration = Duration::from_secs(5);

/// Starts it several times; the last one is looked at while it rests, and answers.
pub(super) fn run(args: &BenchArgs) -> Result<Report> {
    let mut report = Report::default();
    let binary = binary(args)?;
    let (mut starts, mut grounds) = (Vec::new(), Vec::new());
    for round in 1..=args.times {
        let up = match Up::start(&binary) {
            Ok(up) => up,
            Err(error) if round == 1 => {
                report.skip(format!("openchoreo up: {error:#}"));
                return Ok(report);
            }
            Err(error) => return Err(error),
        };
        starts.push(up.ready.as_secs_f64() * 1e3);
        grounds.push(up.ground.as_secs_f64() * 1e3);
        if round == args.times {
            std::thread::sleep(SETTLES);
            let process = up.process();
            let resident = megabytes(process.resident()?);
            let rest = Rest::begin(process)?;
            std::thread::sleep(Duration::from_secs(args.rest));
            let percent = rest.percent()?;
            report.add(Figure::once("up: resident at rest", resident, "MB").within(Budget::AtMost(100.0)));
            report.add(Figure::once("up: CPU at rest", percent, "% of a core").within(Budget::AtMost(1.0)));
            answer::measure(args, &up, &mut report)?;
        }
        up.stop()?;
    }
    let start = Figure::median("up: empty disk until ready", starts, "ms").context("nothing was measured")?;
    report.add(start.within(Budget::AtMost(1000.0)));
    let ground = Figure::median("… of this store, definitions and container engine", grounds, "ms");
    report.add(ground.context("nothing was measured")?);
    Ok(report)
}

/// The server's program: the one that was named, or a new one.
pub(super) fn binary(args: &BenchArgs) -> Result<PathBuf> {
    if let Some(binary) = &args.binary {
        return Ok(binary.clone());
    }
    // With occ as the demo does: packages chosen otherwise have other features, and forty crates would be built again.
    Ok(release::build(&["--package", "openchoreo", "--package", "occ"])?.join("openchoreo"))
}

/// A running server with a data folder of its own.
pub(super) struct Up {
    child: Child,
    folder: tempfile::TempDir,
    /// From its start until store, definitions of kinds and container engine were there.
    ground: Duration,
    /// From its start until it said that it is ready.
    ready: Duration,
    /// Where components answer.
    pub(super) gateway_port: u16,
    /// The address of its container engine.
    pub(super) engine: String,
}

impl Up {
    pub(super) fn start(binary: &Path) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let begun = Instant::now();
        let mut child = Command::new(binary)
            .args(["up", "--api-port=0", "--kubernetes-port=0", "--gateway-port=0", "--remove-on-exit", "--log=warn"])
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            // What it offers to the user's own configuration goes nowhere.
            .env("HOME", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        match wait(&mut child, begun) {
            Ok(Told { ground, ready, gateway_port, engine }) => {
                Ok(Self { child, folder, ground, ready, gateway_port, engine })
            }
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// What kubectl would use.
    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("data/kubeconfig")
    }

    /// The running process.
    pub(super) fn process(&self) -> Process {
        Process::new(self.child.id())
    }

    pub(super) fn stop(mut self) -> Result<()> {
        let status = self.ended()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    fn ended(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        kill(Pid::from_raw(i32::try_from(self.child.id())?), Signal::SIGTERM).context("cannot stop the server")?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Up {
    /// Where something failed meanwhile, it takes its containers down all the same.
    fn drop(&mut self) {
        if let Err(error) = self.ended() {
            eprintln!("the server goes on running: {error:#}");
        }
    }
}

/// What the start-up lines told.
struct Told {
    ground: Duration,
    ready: Duration,
    gateway_port: u16,
    engine: String,
}

fn wait(child: &mut Child, begun: Instant) -> Result<Told> {
    let stdout = child.stdout.take().context("no standard output")?;
    let stderr = child.stderr.take().context("no standard error")?;
    // Both are read to their ends, so that the server never waits for a reader.
    let complaints = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap_or_default());
    let (lines, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Nobody listens once it is ready.
            let _ = lines.send((Instant::now(), line));
        }
    });
    let (mut ground, mut gateway_port, mut engine) = (None, None, String::new());
    loop {
        let left = PATIENCE.saturating_sub(begun.elapsed());
        match told.recv_timeout(left) {
            Ok((at, line)) if line.starts_with("engine") => {
                ground = Some(at - begun);
                engine = line.trim_start_matches("engine").trim().to_owned();
            }
            Ok((_, line)) if line.starts_with("gateway") => {
                gateway_port = line.rsplit(':').next().and_then(|port| port.trim().parse().ok());
            }
            Ok((at, line)) if line.starts_with("ready") => {
                return Ok(Told {
                    ground: ground.context("the server did not tell its container engine")?,
                    ready: at - begun,
                    gateway_port: gateway_port.context("the server did not tell its gateway's port")?,
                    engine,
                });
            }
            Ok(_) => {}
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                bail!("it ended at once: {}", complaints.join().unwrap_or_default().trim());
            }
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => bail!("not ready after {} s", PATIENCE.as_secs()),
        }
    }
}
