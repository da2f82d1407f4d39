//! A long run: `cargo run -p fuzz --example long -- [SECONDS [TARGET [SEED]]]`.

use std::process::ExitCode;
use std::time::Duration;

use fuzz::{Budget, TARGETS, run};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let seconds = args.next().and_then(|text| text.parse().ok()).unwrap_or(60);
    let only = args.next().filter(|name| name != "all");
    let seed = args.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut failed = false;
    for target in TARGETS.iter().filter(|target| only.as_ref().is_none_or(|only| only == target.name)) {
        match run(target, seed, Budget::time(Duration::from_secs(seconds))) {
            Ok(report) => {
                println!("{}: {} inputs, the slowest took {:?}", target.name, report.inputs, report.slowest);
                for failure in &report.failures {
                    failed = true;
                    println!("{:?}\n{}", failure.why, String::from_utf8_lossy(&failure.input));
                }
            }
            Err(error) => {
                failed = true;
                println!("{}: {error}", target.name);
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
