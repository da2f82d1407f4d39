#![forbid(unsafe_code)]
//! Developer commands of the repository: `cargo xtask VERB`.
//!
//! Two programs are made of it: `xtask`, and `counting`, whose allocator counts what each thread asks for.

mod bench;
mod cel;
mod conformance;
mod counts;
mod demo;
mod differences;
mod differential;
mod golden;
mod kinds;
mod lab;
mod replay;
mod soak;
mod templates;
mod tidy;
mod verify;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer commands of the repository", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// The main job from nothing: build, start, deploy the example, call it
    Demo {
        /// Check the answers, take everything down and stop
        #[arg(long)]
        once: bool,
    },
    /// Everything CI runs: rules, format, lints, licences, tests, recorded cases
    Test {
        /// Leave out what needs containers or a real Kubernetes
        #[arg(long)]
        fast: bool,
    },
    /// The house rules as checks: storeys, file sizes, forbidden words, a README per crate
    Tidy,
    /// Replay recorded renderings of a pipeline
    Golden(golden::GoldenArgs),
    /// Recorded expressions: the specification's cases, answers of template engines
    Cel {
        /// One case a line, as JSON
        #[arg(long)]
        file: PathBuf,
    },
    /// Play recorded scenarios, requests and command lines of v1.2 with ours, in process
    Replay(replay::ReplayArgs),
    /// Make docs/differences.md from docs/differences.yaml
    Differences,
    /// Kubernetes' own end-to-end tests of the API machinery, against kubelite or a real API server
    Conformance(conformance::ConformanceArgs),
    /// Requests and broken objects, played on kubelite or a real API server and compared with recorded answers
    Differential(differential::DifferentialArgs),
    /// A real control plane (kube-apiserver, kube-controller-manager, etcd) on free ports, until Ctrl-C
    Lab {
        /// How much of it
        #[arg(long, value_enum, default_value_t = lab::Parts::All)]
        parts: lab::Parts,
    },
    /// Measure: time, memory, requests, each with its budget beside it
    Bench(bench::BenchArgs),
    /// Long runs: broken input, and what else takes its time
    Soak(soak::SoakArgs),
    /// kubelite's table of built-in kinds, from the recorded Kubernetes API
    Kinds,
}

/// Does what the command line says.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Demo { once } => demo::run(once),
        Verb::Test { fast } => verify::run(fast),
        Verb::Bench(args) => bench::run(&args).map(|()| true),
        Verb::Differences => differences::run(),
        Verb::Golden(args) => golden::run(&args).map(counts::Counts::report),
        Verb::Cel { file } if templates::is_about_templates(&file) => templates::run(&file).map(counts::Counts::report),
        Verb::Cel { file } => cel::run(&file).map(counts::Counts::report),
        Verb::Replay(args) => replay::run(&args).map(counts::Counts::report),
        Verb::Soak(args) => soak::run(&args).map(counts::Counts::report),
        Verb::Conformance(args) => conformance::run(&args).map(counts::Counts::report),
        Verb::Differential(args) => differential::run(&args).map(counts::Counts::report),
        Verb::Lab { parts } => lab::hold(parts).map(|()| true),
        Verb::Kinds => kinds::run().map(|()| true),
        Verb::Tidy => tidy::run().map(counts::Counts::report),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
