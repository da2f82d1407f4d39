//! Containers killed and removed behind the server's back: how long until it says so in the pod's status, and until another
//! one runs.

use super::dice::Dice;
use super::product::containers::Engine;
use super::product::manifests::{binding, component, project, worker};
use super::product::objects::{Objects, is_ready};
use super::product::place::Place;
use super::product::server::Server;
use super::product::{image, possible, program, take_away};
use super::{Extent, SoakArgs};
use crate::counts::Counts;
use anyhow::{Context, Result, bail};
use bollard::query_parameters::RemoveContainerOptions;
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams};
use kube::runtime::{WatchStreamExt, watcher};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Things done to containers in a whole run; one in five is a removal.
const TIMES: usize = 250;
const REMOVALS: usize = 5;
/// Pods at once; each is touched once, so that none waits for its back-off.
const PODS: usize = 10;
/// How long the write may take, for ninety-nine of a hundred.
const ALLOWED: Duration = Duration::from_secs(1);
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_mins(1);
const PROJECT: &str = "kills";
const NAME: &str = "work-development";

pub(super) fn run(args: &SoakArgs, time: Duration) -> Result<Counts> {
    if !possible(args)? {
        return Ok(Counts::default());
    }
    let program = program(args)?;
    let seed = args.seed.unwrap_or_else(super::clock);
    println!("container-kills: seed {seed}");
    tokio::runtime::Runtime::new()?.block_on(soak(&program, Dice::new(seed), Extent::of(args, TIMES, time)))
}

/// What was seen of a pod, and when.
#[derive(Debug, Clone)]
struct Seen {
    at: Instant,
    container: String,
    running: bool,
    ready: bool,
}

/// All that was seen, by the pod's name.
type Sightings = Arc<Mutex<BTreeMap<String, Vec<Seen>>>>;

#[derive(Default)]
struct Times {
    told_kill: Vec<Duration>,
    told_removal: Vec<Duration>,
    back: Vec<Duration>,
}

async fn soak(program: &Path, mut dice: Dice, extent: Extent) -> Result<Counts> {
    let mut place = Arc::new(Place::new()?);
    let mut server = Server::start(&place, program, &[])?;
    server.ready(&place).await?;
    image::build(&place)?;
    let objects = Objects(server.client(&place).await?);
    let engine = Engine::of(&server, &place.instance()?).await?;
    let mut done = Times::default();
    let outcome = rounds(&objects, &engine, &mut dice, extent, &mut done).await;
    server.stop(&place).await?;
    let mut failed = 0;
    for (what, times) in [("killed", &mut done.told_kill), ("removed", &mut done.told_removal)] {
        times.sort();
        let (Some(half), Some(most), Some(last)) = (part(times, 50), part(times, 99), times.last()) else { continue };
        println!(
            "container-kills: {} {what}, told after {half:.0?} (p50), {most:.0?} (p99), {last:.0?} (max)",
            times.len()
        );
        if most > ALLOWED {
            println!("FAILED the p99 of what was {what} is above {ALLOWED:?}");
            failed += 1;
        }
    }
    done.back.sort();
    if let (Some(half), Some(most)) = (part(&done.back, 50), part(&done.back, 99)) {
        println!("container-kills: another container was ready after {half:.0?} (p50), {most:.0?} (p99)");
    }
    if let Err(error) = outcome {
        println!("FAILED {error:#}");
        failed += 1;
    }
    take_away(&mut place, program, &[], failed == 0).await?;
    Ok(Counts { passed: done.back.len(), failed })
}

fn part(sorted: &[Duration], percent: usize) -> Option<Duration> {
    sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied()
}

async fn rounds(objects: &Objects, engine: &Engine, dice: &mut Dice, extent: Extent, done: &mut Times) -> Result<()> {
    for document in project(PROJECT) {
        objects.apply(&document).await?;
    }
    objects.apply(&component(PROJECT, "work", "deployment/worker")).await?;
    objects.apply(&worker(PROJECT, "work", "work")).await?;
    let release = loop {
        let found = objects.get("ReleaseBinding", NAME).await?;
        if let Some(found) = found.filter(is_ready) {
            break found["spec"]["releaseName"].as_str().unwrap_or_default().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let more = json!({"componentTypeEnvironmentConfigs": {"replicas": PODS}});
    objects.apply(&binding(PROJECT, "work", "development", &release, more)).await?;

    let namespace = model::names::runtime_namespace("default", PROJECT, "development");
    let pods: Api<Pod> = Api::namespaced(objects.0.clone(), &namespace);
    let sightings = Sightings::default();
    let watching = tokio::spawn(watch(pods.clone(), sightings.clone()));
    let mut count = 0;
    while extent.goes_on(count) {
        all_ready(&pods).await?;
        let containers = engine.containers().await?;
        let mut touched = Vec::new();
        for container in
            containers.iter().filter(|container| container.namespace == namespace && container.state == "running")
        {
            tokio::time::sleep(Duration::from_millis(dice.below(200))).await;
            count += 1;
            let removal = count % REMOVALS == 0;
            let at = if removal {
                let force = RemoveContainerOptions { force: true, ..RemoveContainerOptions::default() };
                engine
                    .docker
                    .remove_container(&container.id, Some(force))
                    .await
                    .context("cannot remove a container")?;
                Instant::now()
            } else {
                let at = Instant::now();
                kill(Pid::from_raw(i32::try_from(container.process)?), Signal::SIGKILL)
                    .context("cannot kill a container")?;
                at
            };
            touched.push((container.pod.clone(), container.id.clone(), at, removal));
        }
        for (pod, container, at, removal) in touched {
            let told = seen(&sightings, &pod, |seen| seen.container != container || !seen.running).await;
            let told = told.with_context(|| format!("{pod} does not tell that its container is gone"))?;
            let list = if removal { &mut done.told_removal } else { &mut done.told_kill };
            // What was told while the engine still worked on the removal was told at once.
            list.push(told.saturating_duration_since(at));
            let back = seen(&sightings, &pod, |seen| seen.container != container && seen.ready).await;
            let back = back.with_context(|| format!("{pod} has no other container"))?;
            done.back.push(back.saturating_duration_since(at));
        }
        println!("container-kills: {count} so far");
        replace_all(&pods, &sightings).await?;
    }
    watching.abort();
    for (kind, name) in [("Component", "work"), ("Project", PROJECT)] {
        objects.delete(kind, name).await?;
    }
    Ok(())
}

async fn watch(pods: Api<Pod>, sightings: Sightings) -> Result<()> {
    let mut changes = watcher(pods, watcher::Config::default()).applied_objects().boxed();
    while let Some(pod) = changes.try_next().await? {
        let status = pod.status.unwrap_or_default();
        let container = status.container_statuses.unwrap_or_default().into_iter().next();
        let (id, running, ready) = container.map_or_else(Default::default, |container| {
            let running = container.state.is_some_and(|state| state.running.is_some());
            let id = container.container_id.unwrap_or_default();
            (id.rsplit('/').next().unwrap_or_default().to_owned(), running, container.ready)
        });
        let name = pod.metadata.name.unwrap_or_default();
        let seen = Seen { at: Instant::now(), container: id, running, ready };
        sightings.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default().push(seen);
    }
    Ok(())
}

/// When the pod first was seen so after it had been ready.
async fn seen(sightings: &Sightings, pod: &str, wanted: impl Fn(&Seen) -> bool) -> Result<Instant> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let all = sightings.lock().unwrap_or_else(PoisonError::into_inner).get(pod).cloned().unwrap_or_default();
        let first_ready = all.iter().position(|seen| seen.ready);
        if let Some(found) = first_ready.and_then(|first| all[first..].iter().find(|seen| wanted(seen))) {
            return Ok(found.at);
        }
        if Instant::now() > deadline {
            bail!("it was seen as {all:?}");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn all_ready(pods: &Api<Pod>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = pods.list(&ListParams::default()).await?.items;
        let ready = |pod: &Pod| {
            let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
            conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
        };
        if found.len() == PODS && found.iter().all(|pod| ready(pod) && pod.metadata.deletion_timestamp.is_none()) {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("the pods do not get ready: {:?}", found.iter().map(|pod| &pod.status).collect::<Vec<_>>());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Other pods for all: none has a back-off then.
async fn replace_all(pods: &Api<Pod>, sightings: &Sightings) -> Result<()> {
    let old: Vec<String> =
        pods.list(&ListParams::default()).await?.items.into_iter().filter_map(|pod| pod.metadata.name).collect();
    pods.delete_collection(&DeleteParams::default(), &ListParams::default()).await?;
    let deadline = Instant::now() + PATIENCE;
    while pods
        .list(&ListParams::default())
        .await?
        .items
        .iter()
        .any(|pod| pod.metadata.name.as_ref().is_some_and(|name| old.contains(name)))
    {
        if Instant::now() > deadline {
            bail!("deleted pods do not go");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    sightings.lock().unwrap_or_else(PoisonError::into_inner).retain(|name, _| !old.contains(name));
    Ok(())
}
