//! The node on a real engine: what pods cost over the engine's own containers, and what they keep occupied.
//!
//! ```text
//!  our write ─▶ openchoreo up ─▶ engine ─▶ container ─▶ pod Ready      beside     create, start ─▶ the same engine
//! ```

mod engine;
mod pods;

use super::BenchArgs;
use super::answer;
use super::figure::{Figure, Report};
use super::process::{Process, Rest, megabytes};
use super::release;
use super::up::{self, Up};
use anyhow::{Context, Result, ensure};
use engine::Containers;
use pods::Pods;
use std::process::Command;
use std::time::Duration;

/// How long the server settles before its memory is read.
const SETTLES: Duration = Duration::from_secs(3);

/// Measures pods, then the gateway.
pub(super) fn run(args: &BenchArgs) -> Result<Report> {
    let mut report = Report::default();
    if answer::image_is_here() {
        let binary = up::binary(args)?;
        match Up::start(&binary) {
            Ok(up) => {
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
                runtime.block_on(measure(args, &up, &mut report))?;
                up.stop()?;
            }
            Err(error) => report.skip(format!("openchoreo up: {error:#}")),
        }
    } else {
        report.skip(format!("pods: {}", answer::missing_image()));
    }
    if !args.alone {
        report.extend(gateway(args)?);
    }
    Ok(report.signed())
}

/// The gateway's figures, by a release build of this program in a process of its own.
fn gateway(args: &BenchArgs) -> Result<Report> {
    let program = if cfg!(debug_assertions) {
        release::build(&["--package", "xtask", "--bin", "xtask"])?.join("xtask")
    } else {
        std::env::current_exe().context("this program's own file")?
    };
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let file = folder.path().join("figures.json");
    let output = Command::new(&program)
        .args(["bench", "gateway", "--times", &args.times.to_string(), "--json"])
        .arg(&file)
        .output()
        .with_context(|| format!("cannot start {}", program.display()))?;
    ensure!(output.status.success(), "measuring the gateway failed:\n{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    Ok(serde_json::from_slice(&text)?)
}

async fn measure(args: &BenchArgs, up: &Up, report: &mut Report) -> Result<()> {
    let pods = Pods::new(answer::client(up).await?).await?;
    let engine = Containers::new(&up.engine).await?;
    singles(args, &pods, &engine, report).await?;
    many(args, up, &pods, &engine, report).await
}

/// One pod after the other, in turns with one container after the other.
async fn singles(args: &BenchArgs, pods: &Pods, engine: &Containers, report: &mut Report) -> Result<()> {
    // The first of each makes what all others find: the network, the page cache.
    pods.one(0).await?;
    engine.one().await?;
    let (mut ready, mut own, mut over, mut command) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 1..=args.times {
        let pod = milliseconds(pods.one(number).await?);
        let container = milliseconds(engine.one().await?);
        ready.push(pod);
        own.push(container);
        over.push(pod - container);
        command.push(milliseconds(engine.command().await?));
    }
    for (name, samples) in [
        ("pod: write until Ready", ready),
        ("engine alone: create and start over its HTTP API", own),
        ("pod start over the engine's own", over),
        ("engine alone: its command's run --detach", command),
    ] {
        report.add(Figure::median(name, samples, "ms").context("nothing was measured")?);
    }
    Ok(())
}

/// Many at once, and how they rest.
async fn many(args: &BenchArgs, up: &Up, pods: &Pods, engine: &Containers, report: &mut Report) -> Result<()> {
    let count = args.pods;
    let per_minute = |took: Duration| f64::from(count) * 60.0 / took.as_secs_f64();
    let alone = per_minute(engine.many(count).await?);
    tokio::time::sleep(SETTLES).await;
    let server = up.process();
    let (before, service_before) = (server.resident()?, resident(&server.children()?)?);
    let node = per_minute(pods.many(count).await?);
    report.add(Figure::once(format!("containers per minute, Deployment of {count}"), node, "/min"));
    report.add(Figure::once("engine alone, 4 at a time", alone, "/min"));
    report.add(Figure::once("node over engine alone", node / alone, "×"));
    tokio::time::sleep(SETTLES).await;
    let grown = |after: u64, before: u64| (after as f64 - before as f64) / 1000.0 / f64::from(count);
    let after = server.resident()?;
    report.add(Figure::once(format!("server: resident with {count} pods"), megabytes(after), "MB"));
    report.add(Figure::once("server: memory per pod", grown(after, before), "KB"));
    let children = server.children()?;
    let service_after = resident(&children)?;
    if !children.is_empty() {
        report.add(Figure::once("engine's API service: memory per pod", grown(service_after, service_before), "KB"));
    }
    let rest = Rest::begin(server)?;
    let services = children.iter().map(|child| Rest::begin(*child)).collect::<Result<Vec<_>>>()?;
    tokio::time::sleep(Duration::from_secs(args.rest)).await;
    report.add(Figure::once(format!("server: CPU at rest with {count} pods"), rest.percent()?, "% of a core"));
    if !services.is_empty() {
        let percent = services.iter().map(Rest::percent).sum::<Result<f64>>()?;
        report.add(Figure::once("engine's API service: CPU at rest", percent, "% of a core"));
    }
    let gone = pods.remove_many(count).await?;
    report.add(Figure::once(format!("{count} pods: deletion until the last is gone"), gone.as_secs_f64(), "s"));
    Ok(())
}

fn resident(processes: &[Process]) -> Result<u64> {
    processes.iter().map(|process| process.resident()).sum()
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}
