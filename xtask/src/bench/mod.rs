//! `cargo xtask bench`: what the parts cost, measured, each figure with its budget beside it. Nothing here fails a test.

mod answer;
mod compiler;
mod control_plane;
mod counted;
mod figure;
pub(crate) mod gateway;
mod kubelite;
mod load;
mod node;
mod plane;
mod platform;
pub(crate) mod process;
pub(crate) mod release;
mod spine;
mod up;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use figure::Report;
use std::path::PathBuf;

/// What is measured, and how much of it.
#[derive(Args)]
pub(crate) struct BenchArgs {
    /// What to measure
    #[arg(value_enum, default_value_t = Name::Spine)]
    name: Name,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How often short things are measured; the median is told
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// Numbers of components for the plane without containers; the spine measures all, `plane` the first
    #[arg(long, value_delimiter = ',', default_value = "1000")]
    components: Vec<usize>,
    /// Projects that the components are spread over
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    projects: u32,
    /// Seconds that something at rest is looked at
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    rest: u64,
    /// The server binary [default: built by cargo build --release]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// kubelite: seconds of each load
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// kubelite: objects in the end
    #[arg(long, default_value_t = 100_000)]
    objects: u64,
    /// kubelite: watchers of one resource
    #[arg(long, default_value_t = 1000)]
    watchers: usize,
    /// kubelite: without kube-apiserver beside it; node: without the gateway
    #[arg(long)]
    alone: bool,
    /// node: pods that run at the same time
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    pods: u32,
    /// kubelite: serve this folder
    #[arg(long, hide = true)]
    serve: Option<PathBuf>,
    /// Compiler: run only this subject and measure nothing, as for an instrument around the process. Gateway: serve only, in
    /// front of this backend
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// How often the subject is run
    #[arg(long, default_value_t = 1)]
    runs: u32,
    /// Compiler: only what is asked of the allocator; needs one that counts
    #[arg(long, hide = true)]
    allocations: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// `up` and `plane`
    Spine,
    /// `openchoreo up`: start, rest, one component until it answers
    Up,
    /// Control plane and plane in this process, without containers
    Plane,
    /// Expressions and components through the compiler alone: time, allocations, instructions
    Compiler,
    /// Requests through the gateway, beside nginx in the same run
    Gateway,
    /// kubelite beside kube-apiserver with etcd
    Kubelite,
    /// Pods beside the engine's own containers, at rest too, and the gateway
    Node,
}

/// Measures, prints, writes.
pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    if let Some(folder) = &args.serve {
        return kubelite::serve(folder);
    }
    // What starts a server and waits for it may be a debug build; what does the work itself may not.
    if cfg!(debug_assertions) && !matches!(args.name, Name::Up | Name::Node) {
        return release::again();
    }
    let report = match args.name {
        Name::Spine => spine::run(args)?,
        Name::Up => up::run(args)?,
        Name::Plane => plane::run(args)?,
        Name::Compiler => compiler::run(args)?,
        Name::Gateway => gateway::run(args)?,
        Name::Kubelite => kubelite::run(args)?,
        Name::Node => node::run(args)?,
    };
    report.print();
    if let Some(path) = &args.json {
        write(path, &report)?;
    }
    Ok(())
}

fn write(path: &std::path::Path, report: &Report) -> Result<()> {
    let text = serde_json::to_string_pretty(report)?;
    std::fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
}
