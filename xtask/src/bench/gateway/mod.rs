//! The gateway beside nginx: the same load on the same backend, in turns, in one run.
//!
//! ```text
//!  load (this process) ─▶ gateway (a process of its own) ─┐
//!                      ─▶ nginx, two workers ─────────────┴▶ backend (this process): one small page
//! ```

pub(crate) mod backend;
mod drive;
mod nginx;
pub(crate) mod subject;

use super::BenchArgs;
use super::figure::{Budget, Figure, Report};
use super::process::Process;
use anyhow::{Context, Result};
use std::time::Duration;

/// Connections that each wait for an answer before they ask again.
const CONNECTIONS: usize = 64;
/// How long one measurement takes.
const ROUND: Duration = Duration::from_secs(4);
const WARM: Duration = Duration::from_secs(1);

/// What is asked: the gateway or nginx.
struct Server {
    name: &'static str,
    port: u16,
    processes: Vec<Process>,
    closed: Vec<f64>,
    spent: Vec<f64>,
    half: Vec<f64>,
}

/// Measures.
pub(super) fn run(args: &BenchArgs) -> Result<Report> {
    if let Some(subject) = &args.subject {
        return subject::serve(subject).map(|()| Report::default());
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(args))
}

async fn measure(args: &BenchArgs) -> Result<Report> {
    let mut report = Report::default();
    let backend = backend::start().await?;
    let gateway = subject::Subject::start(backend, None).await?;
    let nginx = nginx::Nginx::start(backend)?;
    let server = |name, port, processes| Server {
        name,
        port,
        processes,
        closed: Vec::new(),
        spent: Vec::new(),
        half: Vec::new(),
    };
    let mut servers = vec![server("gateway", gateway.port, vec![Process::new(gateway.id()?)])];
    match &nginx {
        Ok(nginx) => servers.push(server("nginx", nginx.port, nginx.processes()?)),
        Err(why) => report.skip(format!("nginx: {why:#}")),
    }
    for _ in 0..args.times {
        for server in &mut servers {
            drive::closed(server.port, CONNECTIONS, WARM).await?;
            let before = spent(&server.processes)?;
            let done = drive::closed(server.port, CONNECTIONS, ROUND).await?;
            let spent = spent(&server.processes)?.saturating_sub(before);
            server.closed.push(done.per_second());
            server.spent.push(spent.as_secs_f64() * 1e6 / done.count() as f64);
        }
    }
    for _ in 0..args.times {
        for server in &mut servers {
            let rate = median(&server.closed) / 2.0;
            let done = drive::open(server.port, CONNECTIONS, rate, ROUND).await?;
            server.half.push(done.percentile(99.0).as_secs_f64() * 1e3);
        }
    }
    let rates: Vec<f64> = servers.iter().map(|server| median(&server.closed)).collect();
    for server in servers {
        let name = server.name;
        let told = |what: &str, samples: Vec<f64>, unit: &str| {
            Figure::median(format!("{name}: {what}"), samples, unit).context("nothing was measured")
        };
        report.add(told(&format!("requests, {CONNECTIONS} connections"), server.closed, "/s")?);
        report.add(told("processor time each", server.spent, "µs")?);
        report.add(told("p99 at half of that load", server.half, "ms")?);
    }
    if let [gateway, nginx] = rates[..] {
        // Either of the two will do: many requests in absolute numbers, or nearly as many as nginx.
        let ratio = Figure::once("gateway over nginx", gateway / nginx, "×");
        report.add(if gateway >= 10_000.0 { ratio } else { ratio.within(Budget::AtLeast(0.8)) });
    }
    Ok(report)
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn spent(processes: &[Process]) -> Result<Duration> {
    processes.iter().map(|process| process.spent()).sum()
}
