//! The server stopped and killed, and started again at once, under steady load on a component that runs on: how long nobody
//! is answered, and that nothing fails at another time.

use super::product::containers::Engine;
use super::product::gateway::Gateway;
use super::product::manifests::{component, project, service};
use super::product::objects::Objects;
use super::product::place::Place;
use super::product::server::Server;
use super::product::{answers, image, possible, program, take_away};
use super::{Extent, SoakArgs};
use crate::counts::Counts;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Restarts of a whole run; every second one is a kill.
const TIMES: usize = 20;
/// Clients that ask one request after the other.
const CLIENTS: usize = 8;
/// What a client waits after a request that failed: a port that is closed is not asked a thousand times a second.
const PAUSE: Duration = Duration::from_millis(5);
/// How long nobody may be answered.
const ALLOWED: Duration = Duration::from_secs(1);
/// How long the load lasts before a restart and after it.
const AROUND: Duration = Duration::from_millis(500);
const PROJECT: &str = "restarts";
const NAME: &str = "steady-development";
const WORDS: &str = "steady 0 at /";

pub(super) fn run(args: &SoakArgs, time: Duration) -> Result<Counts> {
    if !possible(args)? {
        return Ok(Counts::default());
    }
    let program = program(args)?;
    let extent = Extent::of(args, TIMES, time);
    tokio::runtime::Runtime::new()?.block_on(soak(&program, extent))
}

async fn soak(program: &Path, extent: Extent) -> Result<Counts> {
    let mut place = Arc::new(Place::new()?);
    let mut counts = Counts::default();
    if let Err(error) = rounds(&place, program, extent, &mut counts).await {
        println!("FAILED {error:#}");
        counts.add(false);
    }
    take_away(&mut place, program, &[], counts.failed == 0).await?;
    Ok(counts)
}

async fn rounds(place: &Place, program: &Path, extent: Extent, counts: &mut Counts) -> Result<()> {
    let mut server = Server::start(place, program, &[])?;
    server.ready(place).await?;
    image::build(place)?;
    let gateway = Arc::new(Gateway::of(place)?);
    let objects = Objects(server.client(place).await?);
    for document in project(PROJECT) {
        objects.apply(&document).await?;
    }
    objects.apply(&component(PROJECT, "steady", "deployment/service")).await?;
    objects.apply(&service(PROJECT, "steady", "steady 0", None)).await?;
    answers(&objects, &gateway, "steady", "steady 0").await?;
    let binding = objects.get("ReleaseBinding", NAME).await?.context("the binding")?;
    let containers = Engine::of(&server, &place.instance()?).await?.containers().await?;
    let mut downs = [Vec::new(), Vec::new()];
    let mut round = 0;
    while extent.goes_on(round) {
        let killed = round % 2 == 1;
        let load = Load::begin(&gateway, &binding);
        tokio::time::sleep(AROUND).await;
        let ended = Instant::now();
        if killed {
            server.kill().await?;
        } else {
            server.stop(place).await?;
        }
        let begun = Instant::now();
        server = Server::start(place, program, &[])?;
        server.ready(place).await?;
        let ready = begun.elapsed();
        tokio::time::sleep(AROUND).await;
        let told = load.end().await?;
        let (down, answered_again) = told.longest_silence(ended).context("nobody was answered")?;
        let failing = told.failing();
        println!(
            "server-restarts: {} {}, gone after {:.0?}, ready {ready:.0?} later; nobody answered for {down:.0?}; {} requests failed, within {failing:.0?}; {} did not",
            round + 1,
            if killed { "killed" } else { "stopped" },
            begun - ended,
            told.failed.len(),
            told.answered.len(),
        );
        let outside = told.failed.iter().find(|failed| failed.ended < ended || failed.begun > answered_again);
        if let Some(failed) = outside {
            println!("FAILED a request failed while the server was there: {}", failed.why);
        }
        if down.max(failing) > ALLOWED {
            println!("FAILED that is longer than {ALLOWED:?}");
        }
        counts.add(outside.is_none() && down.max(failing) <= ALLOWED);
        downs[usize::from(killed)].push(down);
        round += 1;
    }
    for (what, mut downs) in ["stopped", "killed"].into_iter().zip(downs) {
        downs.sort();
        if let (Some(half), Some(most)) = (downs.get(downs.len() / 2), downs.last()) {
            println!("server-restarts: {what}: nobody answered for {half:.0?} (median), {most:.0?} (max)");
        }
    }
    let now = Engine::of(&server, &place.instance()?).await?.containers().await?;
    ensure!(now == containers, "the containers were {containers:?} and are {now:?}");
    server.stop(place).await
}

/// Clients that ask until told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Told>>,
}

/// When requests were answered, and those that failed.
#[derive(Default)]
struct Told {
    answered: Vec<Instant>,
    failed: Vec<Failed>,
}

struct Failed {
    begun: Instant,
    ended: Instant,
    why: String,
}

impl Load {
    fn begin(gateway: &Arc<Gateway>, binding: &Value) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let clients = (0..CLIENTS).map(|_| {
            let (stop, gateway, binding) = (stop.clone(), gateway.clone(), binding.clone());
            tokio::spawn(async move {
                let mut told = Told::default();
                while !stop.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let answer = gateway.ask(&binding).await;
                    if answer == WORDS {
                        told.answered.push(Instant::now());
                    } else {
                        told.failed.push(Failed { begun, ended: Instant::now(), why: answer });
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                told
            })
        });
        Self { clients: clients.collect(), stop }
    }

    async fn end(self) -> Result<Told> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Told::default();
        for client in self.clients {
            let told = client.await.context("a client panicked")?;
            all.answered.extend(told.answered);
            all.failed.extend(told.failed);
        }
        all.answered.sort();
        Ok(all)
    }
}

impl Told {
    /// The longest time without an answer that ended after a moment, and when it ended.
    fn longest_silence(&self, since: Instant) -> Option<(Duration, Instant)> {
        let gaps = self.answered.windows(2).map(|pair| (pair[1] - pair[0], pair[1])).filter(|(_, end)| *end > since);
        gaps.max_by_key(|(gap, _)| *gap)
    }

    /// From the first failure to the last.
    fn failing(&self) -> Duration {
        let ends = || self.failed.iter().map(|failed| failed.ended);
        ends().max().zip(ends().min()).map_or(Duration::ZERO, |(last, first)| last - first)
    }
}
