//! Long runs: `cargo xtask soak [NAME] --minutes N`. Each prints what it did; `N passed, M failed` comes last.

mod broken_input;
mod container_kills;
mod dice;
mod disk;
mod disk_full;
mod engine_restarts;
mod gateway;
mod kills;
mod product;
mod server_kills;
mod server_restarts;
mod watchers;

use crate::counts::Counts;
use anyhow::{Result, bail};
use clap::Args;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One long run: its name, what it does, and the function that does it for as long as it is told.
struct Soak {
    name: &'static str,
    about: &'static str,
    run: fn(&SoakArgs, Duration) -> Result<Counts>,
}

/// All of them. Another one is another line.
const SOAKS: &[Soak] = &[
    Soak { name: "fuzz", about: "broken input for each target of the crate fuzz", run: broken_input::run },
    Soak { name: "kubelite-kills", about: "kubelite killed at random moments under load", run: kills::run },
    Soak { name: "kubelite-disk", about: "kubelite on a disk that is full, or fails", run: disk::run },
    Soak {
        name: "kubelite-watchers",
        about: "kube-rs and Go clients that watch kubelite under faults",
        run: watchers::run,
    },
    Soak {
        name: "server-kills",
        about: "openchoreo up killed at random moments of a day of changes",
        run: server_kills::run,
    },
    Soak {
        name: "server-restarts",
        about: "openchoreo up stopped, killed and started again under load on what runs on",
        run: server_restarts::run,
    },
    Soak {
        name: "container-kills",
        about: "containers killed and removed behind the server's back",
        run: container_kills::run,
    },
    Soak {
        name: "engine-restarts",
        about: "the container engine's service stopped, killed, frozen, and started again",
        run: engine_restarts::run,
    },
    Soak { name: "disk-full", about: "a disk that is full at each write of a scenario in turn", run: disk_full::run },
    Soak {
        name: "gateway",
        about: "WebSockets and calls of gRPC, and what the gateway keeps of them",
        run: gateway::run,
    },
];

/// How much a soak does.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// How often, where that is bounded.
    times: Option<usize>,
    until: Option<Instant>,
}

impl Extent {
    /// As often as was asked for; run by its name, as often as it is meant for; one among all, as long as its part of the
    /// time lasts.
    fn of(args: &SoakArgs, meant: usize, time: Duration) -> Self {
        match (args.count, &args.name) {
            (Some(times), _) => Self { times: Some(times), until: None },
            (None, Some(_)) => Self { times: Some(meant), until: None },
            (None, None) => Self { times: None, until: Some(Instant::now() + time) },
        }
    }

    /// Whether there is more to do when so much was done.
    fn goes_on(self, done: usize) -> bool {
        self.times.is_none_or(|times| done < times) && self.until.is_none_or(|until| Instant::now() < until)
    }
}

/// A seed where none is given.
fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}

#[derive(Args)]
pub(crate) struct SoakArgs {
    /// Which one [default: all, one after the other, in equal parts of the time]
    name: Option<String>,
    /// How long, in minutes
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Number that all chance comes from [default: from the clock, and printed]
    #[arg(long)]
    seed: Option<u64>,
    /// fuzz: only this target
    #[arg(long)]
    target: Option<String>,
    /// fuzz: run here, and keep the input under way in this file
    #[arg(long, hide = true)]
    watched: Option<std::path::PathBuf>,
    /// kubelite-kills: how often [default: 1000 when it is run by its name]
    #[arg(long)]
    kills: Option<usize>,
    /// server-kills, server-restarts, container-kills, engine-restarts, disk-full: how often [default: what the soak is meant for when it is run by its name]
    #[arg(long)]
    count: Option<usize>,
    /// The server's program [default: built by cargo build --release]
    #[arg(long, value_name = "FILE")]
    binary: Option<std::path::PathBuf>,
    /// kubelite-kills: events kept of each resource
    #[arg(long, hide = true)]
    history: Option<usize>,
    /// kubelite-kills: serve this folder
    #[arg(long, hide = true)]
    serve: Option<std::path::PathBuf>,
}

/// Runs one or all.
pub(crate) fn run(args: &SoakArgs) -> Result<Counts> {
    if !(args.minutes.is_finite() && args.minutes > 0.0) {
        bail!("--minutes must be more than 0");
    }
    let chosen: Vec<&Soak> =
        SOAKS.iter().filter(|soak| args.name.as_ref().is_none_or(|name| name == soak.name)).collect();
    if chosen.is_empty() {
        let names: Vec<String> = SOAKS.iter().map(|soak| format!("{} ({})", soak.name, soak.about)).collect();
        bail!("there is no soak {:?}; there are: {}", args.name.as_deref().unwrap_or_default(), names.join(", "));
    }
    let each = Duration::from_secs_f64(args.minutes * 60.0 / chosen.len() as f64);
    let mut counts = Counts::default();
    for soak in chosen {
        let one = (soak.run)(args, each)?;
        counts.passed += one.passed;
        counts.failed += one.failed;
    }
    Ok(counts)
}
