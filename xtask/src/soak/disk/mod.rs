//! kubelite on a disk that becomes full, has room again, and fails.
//!
//! ```text
//! write ─▶ full: refused by name, read on ─▶ (kill, start while it is full) ─▶ room: write on ─▶ … ─▶ fails ─▶ repaired: all there
//! ```

mod known;
mod volume;
mod watching;

use super::SoakArgs;
use super::dice::Dice;
use super::kills::child::Child;
use crate::counts::Counts;
use anyhow::{Context, Result, ensure};
use known::{Known, same};
use kube::Client;
use std::time::{Duration, Instant};
use volume::Volume;
use watching::Watching;

/// Size of the disk.
const MEGABYTES: u64 = 64;
/// Names that are written to.
const NAMES: u64 = 60;
/// Most writes until one must have been refused on a full disk.
const PATIENCE: usize = 20_000;
/// A round of its own for each; a server is killed on the full disk in one of three.
const LEFT: [u64; 4] = [0, 4 << 10, 100 << 10, 3 << 20];

pub(super) fn run(args: &SoakArgs, time: Duration) -> Result<Counts> {
    let seed = args.seed.unwrap_or_else(super::clock);
    println!("kubelite-disk: seed {seed}");
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut volume = Volume::new(folder.path(), MEGABYTES)?;
    if let Err(error) = volume.mount() {
        println!("kubelite-disk: skipped, since nothing can be mounted here: {error:#}");
        return Ok(Counts::default());
    }
    let mut counts = Counts::default();
    let mut soak = Soak { volume, dice: Dice::new(seed), known: Known::default(), starts: 0, failures: 0 };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let begun = Instant::now();
    while begun.elapsed() < time {
        let outcome = runtime.block_on(soak.round());
        counts.add(outcome.is_ok());
        if let Err(error) = outcome {
            println!("kubelite-disk: round {}: {error:#}", counts.passed + counts.failed);
            break;
        }
    }
    println!(
        "kubelite-disk: {} acknowledged writes, {} refused for the disk, {} starts, {} failures of the disk",
        soak.known.acknowledged, soak.known.refused, soak.starts, soak.failures
    );
    Ok(counts)
}

struct Soak {
    volume: Volume,
    dice: Dice,
    known: Known,
    starts: usize,
    failures: usize,
}

impl Soak {
    /// A server from its start to the failure of its disk.
    async fn round(&mut self) -> Result<()> {
        let (mut child, mut client) = self.start().await.context("starting")?;
        self.known.check(&client).await.context("after the start")?;
        for _ in 0..3 {
            self.some(&client, 200).await?;
            let from = self.known.check(&client).await?;
            let mut watching = Watching::start(&client, from, self.known.objects.clone()).await?;
            let left = LEFT[usize::try_from(self.dice.below(LEFT.len() as u64))?];
            self.volume.fill(left)?;
            self.full(&client).await.with_context(|| format!("on a full disk ({left} bytes were left)"))?;
            if self.dice.below(3) == 0 {
                child.kill()?;
                (child, client) = self.start_on_full().await.context("starting on a full disk")?;
                let from = self.known.check(&client).await.context("after a start on a full disk")?;
                watching = Watching::start(&client, from, self.known.objects.clone()).await?;
            } else {
                self.volume.clear()?;
            }
            // The first one after there is room.
            ensure!(self.known.write(&client, "room", false).await?, "a write is refused although there is room again");
            self.some(&client, 100).await?;
            self.known.write(&client, "last", false).await?;
            let last = self.known.check(&client).await.context("with room again")?;
            let told = tokio::time::timeout(Duration::from_mins(1), watching.until(last)).await;
            same("the watch", &told.context("the watch does not catch up")??, &self.known.objects)?;
        }
        self.volume.fail()?;
        self.failures += 1;
        for _ in 0..20 {
            let name = self.name();
            ensure!(!self.known.write(&client, &name, false).await?, "a write is acknowledged by a disk that failed");
        }
        self.known.check(&client).await.context("on a disk that failed")?;
        child.kill()?;
        self.volume.unmount()?;
        self.volume.repair()?;
        self.volume.mount()
    }

    async fn start(&mut self) -> Result<(Child, Client)> {
        self.starts += 1;
        let mut child = Child::start(&self.volume.data(), None)?;
        let client = child.ready().await?.client;
        Ok((child, client))
    }

    /// It starts, or says that it is the disk; then it starts once there is room.
    async fn start_on_full(&mut self) -> Result<(Child, Client)> {
        match self.start().await {
            Ok(started) => {
                self.known.check(&started.1).await?;
                self.volume.clear()?;
                Ok(started)
            }
            Err(error) => {
                let told = format!("{error:#}");
                ensure!(told.contains("disk is full") || told.contains("No space left"), "{told}");
                self.volume.clear()?;
                self.start().await.context("with room again")
            }
        }
    }

    fn name(&mut self) -> String {
        format!("m-{}", self.dice.below(NAMES))
    }

    /// Writes that must all be acknowledged.
    async fn some(&mut self, client: &Client, number: u64) -> Result<()> {
        for _ in 0..number {
            let (name, delete) = (self.name(), self.dice.below(5) == 0);
            ensure!(self.known.write(client, &name, delete).await?, "a write is refused although there is room");
        }
        Ok(())
    }

    /// Writes until they are refused, then some more; what is read stays what was acknowledged.
    async fn full(&mut self, client: &Client) -> Result<()> {
        let mut writes = 0;
        loop {
            let name = self.name();
            if !self.known.write(client, &name, false).await? {
                break;
            }
            writes += 1;
            ensure!(writes < PATIENCE, "{writes} writes fit on a full disk");
        }
        for _ in 0..20 {
            let (name, delete) = (self.name(), self.dice.below(2) == 0);
            self.known.write(client, &name, delete).await?;
        }
        self.known.check(client).await.map(|_| ())
    }
}
