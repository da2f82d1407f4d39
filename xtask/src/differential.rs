//! `cargo xtask differential`: one list of requests and of broken objects, played on kubelite or on the real server.

use crate::counts::Counts;
use crate::lab;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use differential::{run, server};
use tokio::runtime::Runtime;

#[derive(Args)]
pub(crate) struct DifferentialArgs {
    /// The server that is asked
    #[arg(long, value_enum, default_value_t = Against::Embedded)]
    against: Against,
    /// Keep the real server's answers instead of comparing
    #[arg(long)]
    record: bool,
    /// Only scripts and kinds whose names contain this text
    #[arg(long)]
    only: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Against {
    /// kubelite, in this process
    Embedded,
    /// kube-apiserver with etcd and the controllers that kubelite has as well
    Kubernetes,
}

/// Plays, compares or records.
pub(crate) fn run(args: &DifferentialArgs) -> Result<Counts> {
    let choice = run::Choice { only: args.only.clone(), ..run::Choice::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting a runtime")?;
    let report = match args.against {
        Against::Kubernetes => return kubernetes(args, &choice, &runtime),
        Against::Embedded if args.record => bail!("only the real server's answers are recorded: --against kubernetes"),
        Against::Embedded => runtime.block_on(async {
            let embedded = server::Embedded::start().await?;
            let report = run::check(&embedded.server, &choice).await;
            embedded.stop().await;
            report
        })?,
    };
    Ok(told(&report))
}

fn told(report: &run::Report) -> Counts {
    print!("{report}");
    let failed = report.differing().len();
    Counts { passed: report.requests + report.objects - failed, failed }
}

/// Each group of scripts is played on a server that has just started: it forgets within minutes what happened, and answers by that.
fn kubernetes(args: &DifferentialArgs, choice: &run::Choice, runtime: &Runtime) -> Result<Counts> {
    let mut counts = Counts { passed: 0, failed: 0 };
    for portion in choice.portions()? {
        let kubernetes = lab::Kubernetes::with(lab::Parts::Api)?;
        let server = server::Server::at(kubernetes.url(), lab::TOKEN)?;
        if args.record {
            let (requests, objects) = runtime.block_on(run::record(&server, &portion))?;
            println!("recorded: {requests} requests, {objects} mutated objects");
            counts.passed += requests + objects;
        } else {
            let of_portion = told(&runtime.block_on(run::check(&server, &portion))?);
            counts.passed += of_portion.passed;
            counts.failed += of_portion.failed;
        }
    }
    Ok(counts)
}
