//! `cargo xtask differential`: one list of requests and of broken objects, played on kubelite or on the real server.

use crate::counts::Counts;
use crate::lab;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use differential::{run, server};

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
        Against::Kubernetes => {
            let kubernetes = lab::Kubernetes::with(lab::Parts::Api)?;
            let server = server::Server::at(kubernetes.url(), lab::TOKEN)?;
            if args.record {
                let (requests, objects) = runtime.block_on(run::record(&server, &choice))?;
                println!("recorded: {requests} requests, {objects} mutated objects");
                return Ok(Counts { passed: requests + objects, failed: 0 });
            }
            runtime.block_on(run::check(&server, &choice))?
        }
        Against::Embedded if args.record => bail!("only the real server's answers are recorded: --against kubernetes"),
        Against::Embedded => runtime.block_on(async {
            let embedded = server::Embedded::start().await?;
            let report = run::check(&embedded.server, &choice).await;
            embedded.stop().await;
            report
        })?,
    };
    print!("{report}");
    let failed = report.differing().len();
    Ok(Counts { passed: report.requests + report.objects - failed, failed })
}
