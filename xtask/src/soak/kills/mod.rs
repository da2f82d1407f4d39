//! kubelite in a process of its own, written to by several clients and watched, killed at random moments, again and again.
//!
//! ```text
//! start ─▶ compare with what is known ─▶ watches resume and catch up ─▶ load ─▶ SIGKILL ─▶ start …
//! ```

mod check;
pub(super) mod child;
mod history;
pub(super) mod load;
mod watching;

use super::{SoakArgs, dice::Dice};
use crate::counts::Counts;
use anyhow::{Context, Result};
use child::{Child, Started};
use history::{History, KINDS};
use kube::Client;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use watching::Watching;

/// Kills of a whole run.
const KILLS: usize = 1000;
/// Clients that write at the same time.
const CLIENTS: u64 = 6;
/// Longest time that a server is written to before it is killed.
const LONGEST: u64 = 300;
/// Problems after which a run stops.
const ENOUGH: usize = 10;

pub(super) fn run(args: &SoakArgs, time: Duration) -> Result<Counts> {
    if let Some(folder) = &args.serve {
        return child::serve(folder, args.history);
    }
    let seed = args.seed.unwrap_or_else(super::clock);
    let (kills, until) = match (args.kills, &args.name) {
        (Some(kills), _) => (kills, None),
        (None, Some(_)) => (KILLS, None),
        (None, None) => (usize::MAX, Some(Instant::now() + time)),
    };
    println!("kubelite-kills: seed {seed}");
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut soak = Soak { history: Arc::new(History::default()), dice: Dice::new(seed), rounds: Rounds::default() };
    let outcome = runtime.block_on(soak.run(folder.path(), kills, until));
    let Rounds { done, early, writes, events, objects, slowest } = soak.rounds;
    println!(
        "kubelite-kills: {done} kills ({early} before the server was ready), {writes} acknowledged writes, {events} events \
         watched, {objects} objects at the end, slowest start {slowest:?}"
    );
    let problems = outcome?;
    for problem in &problems {
        println!("kubelite-kills: {problem}");
    }
    if !problems.is_empty() {
        println!("kubelite-kills: the store is kept in {}", folder.keep().display());
    }
    Ok(Counts { passed: done.saturating_sub(problems.len()), failed: problems.len() })
}

#[derive(Default)]
struct Rounds {
    done: usize,
    early: usize,
    writes: usize,
    events: usize,
    objects: usize,
    slowest: Duration,
}

struct Soak {
    history: Arc<History>,
    dice: Dice,
    rounds: Rounds,
}

impl Soak {
    /// Answers what was wrong.
    async fn run(&mut self, folder: &Path, kills: usize, until: Option<Instant>) -> Result<Vec<String>> {
        let mut watches: Vec<Watching> = KINDS.iter().map(Watching::new).collect();
        let mut problems = Vec::new();
        while self.rounds.done < kills && until.is_none_or(|until| Instant::now() < until) && problems.len() < ENOUGH {
            let mut child = Child::start(folder, None)?;
            if self.rounds.done > 0 && self.dice.below(5) == 0 {
                // Not even ready yet; or just ready, with nobody there.
                tokio::time::sleep(Duration::from_millis(self.dice.below(400))).await;
                child.kill()?;
                (self.rounds.done, self.rounds.early) = (self.rounds.done + 1, self.rounds.early + 1);
                continue;
            }
            let Started { client, took, .. } = child.ready().await?;
            self.rounds.slowest = self.rounds.slowest.max(took);
            problems.extend(self.settle(&client, &mut watches).await?);
            self.load(&client, &mut watches, child).await?;
            self.rounds.done += 1;
        }
        // Once more, to see what the last kill left.
        let mut child = Child::start(folder, None)?;
        let Started { client, .. } = child.ready().await?;
        problems.extend(self.settle(&client, &mut watches).await?);
        child.kill()?;
        self.rounds.objects = self.history.objects();
        Ok(problems)
    }

    /// Compares the restarted server with what is known, lets the watches catch up and compares those.
    async fn settle(&mut self, client: &Client, watches: &mut [Watching]) -> Result<Vec<String>> {
        load::define(client).await?;
        let mut problems = Vec::new();
        for watching in watches.iter_mut() {
            let kind = watching.kind;
            let list = load::list(client, kind).await?;
            problems.extend(check::restarted(&self.history, kind, &list, watching.newest()));
            if watching.is_new() {
                watching.begin(&list);
            }
            let fence = load::fence(client, kind, self.dice.number()).await?;
            let expired = watching.catch_up(client, fence).await?;
            let list = load::list(client, kind).await?;
            if expired {
                watching.begin(&list);
            } else {
                problems.extend(check::watched(&self.history, watching, &list));
            }
            self.history.settled(kind, list);
        }
        let acknowledged = self.history.next_round();
        self.rounds.writes += acknowledged;
        self.rounds.events += watches.iter_mut().map(Watching::forget).sum::<usize>();
        for problem in &mut problems {
            *problem = format!("after kill {}: {problem}", self.rounds.done);
        }
        Ok(problems)
    }

    /// Writes and watches until the server is killed.
    async fn load(&mut self, client: &Client, watches: &mut [Watching], mut child: Child) -> Result<()> {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..CLIENTS {
            tasks.spawn(load::client(client.clone(), self.history.clone(), self.dice.child()));
        }
        let time = Duration::from_millis(self.dice.below(LONGEST));
        let watched = futures::future::join_all(watches.iter_mut().map(|watching| watching.follow(client)));
        let killed = async {
            tokio::time::sleep(time).await;
            child.kill()
        };
        let (_, killed) = tokio::join!(watched, killed);
        killed?;
        while let Some(done) = tasks.join_next().await {
            done.context("a client panicked")?;
        }
        Ok(())
    }
}
