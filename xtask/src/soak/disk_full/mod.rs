//! A disk that is full at each write of a short scenario in turn, while the server runs and while it starts: whoever asked
//! is told, nothing that was acknowledged is lost, what runs answers on, and all goes on when there is room again.

mod disk;

use super::product::containers::Engine;
use super::product::gateway::Gateway;
use super::product::manifests::{component, project, service};
use super::product::objects::Objects;
use super::product::place::Place;
use super::product::server::{Server, last_words};
use super::product::{answers, image, possible, program, take_away};
use super::{Extent, SoakArgs};
use crate::counts::Counts;
use anyhow::{Context, Result, bail, ensure};
use disk::Disk;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Places of a whole run, spread over all writes of the scenario.
const TIMES: usize = 100;
/// One in so many is a start of the server.
const STARTS: usize = 5;
/// How long the disk stays full once it is.
const FULL: Duration = Duration::from_millis(700);
const PROJECT: &str = "disk";

pub(super) fn run(args: &SoakArgs, time: Duration) -> Result<Counts> {
    if !possible(args)? {
        return Ok(Counts::default());
    }
    let program = program(args)?;
    tokio::runtime::Runtime::new()?.block_on(soak(&program, Extent::of(args, TIMES, time)))
}

struct Soak<'s> {
    place: &'s Place,
    program: &'s Path,
    disk: Disk,
    gateway: Gateway,
    server: Option<Server>,
    turn: usize,
    steady: Vec<(String, String)>,
}

async fn soak(program: &Path, extent: Extent) -> Result<Counts> {
    let mut place = Arc::new(Place::new()?);
    let mut counts = Counts::default();
    let disk = Disk::new(place.path())?;
    let gateway = Gateway::of(&place)?;
    let mut soak = Soak { place: &place, program, disk, gateway, server: None, turn: 0, steady: Vec::new() };
    let outcome = soak.all(extent, &mut counts).await;
    soak.disk.has_room()?;
    let server = soak.server.take();
    if let Err(error) = outcome {
        println!("FAILED {error:#}");
        counts.add(false);
    }
    if let Some(server) = server {
        server.stop(&place).await?;
    }
    take_away(&mut place, program, &[], counts.failed == 0).await?;
    Ok(counts)
}

impl Soak<'_> {
    async fn all(&mut self, extent: Extent, counts: &mut Counts) -> Result<()> {
        self.start().await?;
        image::build(self.place)?;
        let objects = self.objects().await?;
        for document in project(PROJECT) {
            objects.apply(&document).await?;
        }
        for name in ["steady", "moving"] {
            objects.apply(&component(PROJECT, name, "deployment/service")).await?;
            objects.apply(&service(PROJECT, name, &format!("{name} 0"), None)).await?;
        }
        self.answers("steady", "steady 0").await?;
        self.answers("moving", "moving 0").await?;
        self.steady = self.running().await?;
        let before = self.disk.writes()?;
        self.scenario().await?;
        let of_scenario = self.disk.writes()? - before;
        if let Some(server) = self.server.take() {
            server.kill().await?;
        }
        let before = self.disk.writes()?;
        self.start().await?;
        let of_start = self.disk.writes()? - before;
        println!("disk-full: {of_start} writes of a start, {of_scenario} of the scenario");
        let times = extent.times.unwrap_or(TIMES);
        for number in (0..times).take_while(|number| extent.goes_on(*number)) {
            let part = |of: u64| of * number as u64 / times as u64;
            if number % STARTS == STARTS - 1 {
                let at = part(of_start);
                self.full_at_start(at).await.with_context(|| format!("full after {at} writes of a start"))?;
            } else {
                let at = part(of_scenario);
                self.full_at_work(at).await.with_context(|| format!("full after {at} writes of the scenario"))?;
            }
            counts.add(true);
        }
        Ok(())
    }

    /// What is done over and over: a component gets a new workload, which rolls out.
    async fn scenario(&mut self) -> Result<()> {
        self.turn += 1;
        let words = format!("moving {}", self.turn);
        let objects = self.objects().await?;
        objects.apply(&service(PROJECT, "moving", &words, None)).await?;
        self.answers("moving", &words).await
    }

    async fn full_at_work(&mut self, writes: u64) -> Result<()> {
        self.turn += 1;
        let words = format!("moving {}", self.turn);
        let objects = self.objects().await?;
        self.disk.is_full_after(writes)?;
        let begun = Instant::now();
        let applied = objects.apply(&service(PROJECT, "moving", &words, None)).await;
        while self.disk.refused()? == 0 && begun.elapsed() < Duration::from_secs(5) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(FULL).await;
        // Reading goes on, what runs answers, and a write is told of the disk.
        let found = objects.get("Component", "steady").await?;
        ensure!(found.is_some(), "an object cannot be read while the disk is full");
        self.steady_answers(&objects).await?;
        if self.disk.refused()? > 0 {
            match objects.apply(&component(PROJECT, "steady", "deployment/service")).await {
                // Nothing was to be changed, so nothing was to be written.
                Ok(_) => {}
                Err(error) => told_of_the_disk(&error)?,
            }
        }
        let refused = self.disk.refused()?;
        self.disk.has_room()?;
        match applied {
            Ok(_) => {
                let found = objects.get("Workload", "moving").await?.context("the acknowledged workload")?;
                let name = &found["spec"]["container"]["env"][0]["value"];
                ensure!(*name == *words, "acknowledged was {words:?}, there is {name}");
            }
            Err(error) => {
                told_of_the_disk(&error)?;
                objects.apply(&service(PROJECT, "moving", &words, None)).await.context("there is room again")?;
            }
        }
        self.answers("moving", &words).await.context("there is room again")?;
        let now = self.running().await?;
        ensure!(now == self.steady, "steady's containers were {:?} and are {now:?}", self.steady);
        println!(
            "disk-full: after {writes} writes of the scenario: {refused} refused, all there after {:.1?}",
            begun.elapsed()
        );
        Ok(())
    }

    async fn full_at_start(&mut self, writes: u64) -> Result<()> {
        if let Some(server) = self.server.take() {
            server.kill().await?;
        }
        self.disk.is_full_after(writes)?;
        let outcome = self.start().await;
        let refused = self.disk.refused()?;
        self.disk.has_room()?;
        match &outcome {
            Ok(()) => {}
            Err(error) => {
                ensure!(refused > 0, "{error:#}");
                told_of_the_disk(error)?;
                self.start().await.context("there is room again")?;
            }
        }
        self.scenario().await.context("there is room again")?;
        let now = self.running().await?;
        ensure!(now == self.steady, "steady's containers were {:?} and are {now:?}", self.steady);
        let how = if outcome.is_ok() { "it started all the same" } else { "it said so and ended" };
        println!("disk-full: after {writes} writes of a start: {refused} refused, {how}");
        Ok(())
    }

    async fn start(&mut self) -> Result<()> {
        let mut command = self.place.up(self.program);
        self.disk.under(&mut command, &self.place.data());
        let mut server = Server::spawn(self.place, command, &[])?;
        let ready = server.ready(self.place).await;
        if ready.is_ok() {
            self.server = Some(server);
        }
        ready.map(drop)
    }

    async fn objects(&self) -> Result<Objects> {
        Ok(Objects(self.server.as_ref().context("a server")?.client(self.place).await?))
    }

    async fn steady_answers(&self, objects: &Objects) -> Result<()> {
        let binding = objects.get("ReleaseBinding", "steady-development").await?.context("the binding")?;
        let answer = self.gateway.ask(&binding).await;
        ensure!(answer == "steady 0 at /", "while the disk is full, steady answers {answer:?}");
        Ok(())
    }

    async fn answers(&mut self, component: &str, words: &str) -> Result<()> {
        let outcome = answers(&self.objects().await?, &self.gateway, component, words).await;
        match self.server.as_mut().context("a server")?.ended()? {
            Some(status) => bail!("the server ended with {status}:\n{}", last_words(self.place)),
            None => outcome,
        }
    }

    /// Ids and start times of the containers that are not to change.
    async fn running(&self) -> Result<Vec<(String, String)>> {
        let engine = Engine::of(self.server.as_ref().context("a server")?, &self.place.instance()?).await?;
        let found = engine.containers().await?.into_iter();
        let steady = found.filter(|container| container.state == "running" && container.pod.starts_with("steady-"));
        Ok(steady.map(|container| (container.id, container.started_at)).collect())
    }
}

/// The error says that the disk is full, in any of the usual ways.
fn told_of_the_disk(error: &anyhow::Error) -> Result<()> {
    let words = format!("{error:#}");
    let known = ["is full", "No space left", "no space left", "disk I/O error"];
    ensure!(known.iter().any(|known| words.contains(known)), "the disk is full, and the error says: {words}");
    Ok(())
}
