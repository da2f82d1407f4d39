//! The server that is killed and started again, over and over, and whoever uses it meanwhile.

use super::super::dice::Dice;
use super::super::product::containers::Engine;
use super::super::product::objects::Objects;
use super::super::product::place::Place;
use super::super::product::server::Server;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// Longest time that a server lives after it is ready, most times.
const LONGEST: u64 = 2_500;
/// One in so many lives is longer, for what takes longer.
const LONG_LIFE: (u64, u64) = (12, 12_000);
/// One in so many lives ends before the server is ready.
const EARLY: u64 = 5;

/// One life of the server, as its users see it.
#[derive(Clone)]
pub(super) struct Life {
    pub(super) number: usize,
    pub(super) objects: Objects,
    pub(super) engine: Arc<Engine>,
}

/// What the killer and the users share.
pub(super) struct Shared {
    /// None while it is down.
    life: watch::Sender<Option<Life>>,
    /// Whether it is to be killed.
    pub(super) killing: AtomicBool,
    pub(super) kills: AtomicUsize,
    pub(super) early: AtomicUsize,
    /// Longest time until it was ready, in milliseconds.
    pub(super) slowest: AtomicUsize,
    /// Why it will not live again.
    broken: watch::Sender<Option<String>>,
    finished: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            life: watch::Sender::new(None),
            killing: AtomicBool::new(false),
            kills: AtomicUsize::new(0),
            early: AtomicUsize::new(0),
            slowest: AtomicUsize::new(0),
            broken: watch::Sender::new(None),
            finished: watch::Sender::new(false),
        })
    }

    /// The life that is; waits for the next one while there is none.
    pub(super) async fn life(&self) -> Result<Life> {
        let mut lives = self.life.subscribe();
        let mut broken = self.broken.subscribe();
        tokio::select! {
            life = lives.wait_for(Option::is_some) => life?.clone().context("a life"),
            why = broken.wait_for(Option::is_some) => bail!("{}", why?.clone().unwrap_or_default()),
        }
    }

    /// Returns when that life is over.
    pub(super) async fn over(&self, number: usize) {
        let mut lives = self.life.subscribe();
        // The sender lives as long as this value.
        let _ = lives.wait_for(|life| life.as_ref().is_none_or(|life| life.number != number)).await;
    }

    /// No more lives are wanted.
    pub(super) fn finish(&self) {
        self.finished.send_replace(true);
    }
}

/// Starts and kills until it is told that no more lives are wanted; the last life ends in order.
pub(super) async fn live_and_die(
    shared: Arc<Shared>,
    place: Arc<Place>,
    program: PathBuf,
    mut dice: Dice,
) -> Result<()> {
    let outcome = lives(&shared, &place, &program, &mut dice).await;
    shared.life.send_replace(None);
    if let Err(error) = &outcome {
        shared.broken.send_replace(Some(format!("{error:#}")));
    }
    outcome
}

async fn lives(shared: &Shared, place: &Place, program: &std::path::Path, dice: &mut Dice) -> Result<()> {
    let mut usual_start = Duration::from_secs(1);
    for number in 1.. {
        let mut server = Server::start(place, program, &[])?;
        if shared.killing.load(Ordering::SeqCst) && dice.below(EARLY) == 0 {
            let time = Duration::from_millis(dice.below(usual_start.as_millis() as u64));
            if tokio::time::timeout(time, server.ready(place)).await.is_err() {
                server.kill().await?;
                shared.kills.fetch_add(1, Ordering::SeqCst);
                shared.early.fetch_add(1, Ordering::SeqCst);
                continue;
            }
        } else {
            usual_start = server.ready(place).await?;
        }
        shared.slowest.fetch_max(usual_start.as_millis() as usize, Ordering::SeqCst);
        let objects = Objects(server.client(place).await?);
        let engine = Arc::new(Engine::of(&server, &place.instance()?).await?);
        shared.life.send_replace(Some(Life { number, objects, engine }));
        let (odds, long) = LONG_LIFE;
        let longest = if dice.below(odds) == 0 { long } else { LONGEST };
        let time = Duration::from_millis(dice.below(longest));
        let mut finished = shared.finished.subscribe();
        let end = async {
            tokio::time::sleep(time).await;
            // Asked often enough: the one who says so waits for nothing else.
            while !shared.killing.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let enough = tokio::select! {
            () = async { drop(finished.wait_for(|finished| *finished).await) } => true,
            () = end => false,
        };
        if enough {
            shared.life.send_replace(None);
            return server.stop(place).await;
        }
        if let Some(status) = server.ended()? {
            bail!("the server ended by itself with {status}:\n{}", super::super::product::server::last_words(place));
        }
        server.kill().await?;
        shared.kills.fetch_add(1, Ordering::SeqCst);
        shared.life.send_replace(None);
    }
    Ok(())
}
