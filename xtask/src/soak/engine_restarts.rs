//! The container engine's service stopped, killed or frozen, and started again: the server says so on its Node, what ran
//! answers on, and what was wanted meanwhile is done when the engine is back.

use super::product::containers::Engine;
use super::product::gateway::Gateway;
use super::product::manifests::{component, project, service};
use super::product::objects::{Objects, condition};
use super::product::place::Place;
use super::product::podman::Podman;
use super::product::server::Server;
use super::product::{answers, image, possible, program, take_away};
use super::{Extent, SoakArgs};
use crate::counts::Counts;
use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::api::core::v1::Node;
use kube::api::Api;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Stops of a whole run.
const TIMES: usize = 20;
/// One in so many is a service that hangs instead of one that ends.
const HANGS: usize = 7;
/// In one of so many, a container is killed while the engine is away: seldom enough that its back-off stays short.
const KILLS: usize = 10;
/// How soon a service that ended must be told, and one that is back.
const SOON: Duration = Duration::from_secs(5);
/// How soon one that hangs must be told: nothing but its silence tells it.
const SILENCE: Duration = Duration::from_secs(25);
/// Longest wait for anything else.
const PATIENCE: Duration = Duration::from_mins(1);
const PROJECT: &str = "engine";

pub(super) fn run(args: &SoakArgs, time: Duration) -> Result<Counts> {
    if !possible(args)? {
        return Ok(Counts::default());
    }
    let program = program(args)?;
    tokio::runtime::Runtime::new()?.block_on(soak(&program, Extent::of(args, TIMES, time)))
}

async fn soak(program: &Path, extent: Extent) -> Result<Counts> {
    let mut place = Arc::new(Place::new()?);
    let mut podman = Podman::new(&place)?;
    podman.start().await?;
    image::build_with(&place, &podman.settings())?;
    let address = podman.address();
    let mut server = Server::start(&place, program, &["--engine", &address])?;
    server.ready(&place).await?;
    let mut counts = Counts::default();
    let outcome = rounds(&place, &server, &mut podman, extent, &mut counts).await;
    podman.start().await?;
    server.stop(&place).await?;
    if let Err(error) = outcome {
        println!("FAILED {error:#}");
        counts.add(false);
    }
    take_away(&mut place, program, &["--engine", &address], counts.failed == 0).await?;
    podman.stop(false).await?;
    Ok(counts)
}

async fn rounds(
    place: &Place,
    server: &Server,
    podman: &mut Podman,
    extent: Extent,
    counts: &mut Counts,
) -> Result<()> {
    let objects = Objects(server.client(place).await?);
    let gateway = Gateway::of(place)?;
    for document in project(PROJECT) {
        objects.apply(&document).await?;
    }
    for name in ["steady", "moving"] {
        objects.apply(&component(PROJECT, name, "deployment/service")).await?;
        objects.apply(&service(PROJECT, name, &format!("{name} 0"), None)).await?;
    }
    answers(&objects, &gateway, "steady", "steady 0").await?;
    answers(&objects, &gateway, "moving", "moving 0").await?;
    let mut steady = running(server, place, "steady").await?;
    let mut round = 0;
    while extent.goes_on(round) {
        round += 1;
        let hangs = round % HANGS == 0;
        let begun = Instant::now();
        if hangs {
            podman.freeze()?;
        } else {
            podman.stop(round % 2 == 0).await?;
        }
        let words = node_is(&objects, "False", if hangs { SILENCE } else { SOON }).await?;
        let told = begun.elapsed();
        ensure!(words.contains("does not answer"), "the Node says {words:?}");
        // What runs answers on; what is wanted waits, and says for what.
        let binding = objects.get("ReleaseBinding", "steady-development").await?.context("the binding")?;
        let answer = gateway.ask(&binding).await;
        ensure!(answer == "steady 0 at /", "while the engine is away, steady answers {answer:?}");
        let new = format!("moving {round}");
        objects.apply(&service(PROJECT, "moving", &new, None)).await?;
        if !hangs {
            waits(&objects).await?;
        }
        // Now and then one goes while nobody can tell.
        let victim = if round % KILLS == 0 { steady.first().cloned() } else { None };
        if let Some((_, _, process)) = victim {
            kill(Pid::from_raw(i32::try_from(process)?), Signal::SIGKILL).context("cannot kill a container")?;
        }
        if hangs {
            podman.thaw()?;
        } else {
            podman.start().await?;
        }
        let back = Instant::now();
        node_is(&objects, "True", SOON).await?;
        let back = back.elapsed();
        answers(&objects, &gateway, "moving", &new).await?;
        if victim.is_some() {
            answers(&objects, &gateway, "steady", "steady 0").await?;
        }
        let now = running(server, place, "steady").await?;
        ensure!((now == steady) != victim.is_some(), "steady's containers were {steady:?} and are {now:?}");
        steady = now;
        println!(
            "engine-restarts: {round}: {} told after {told:.1?}, back after {back:.1?}, all done after {:.1?}",
            if hangs { "frozen," } else { "ended," },
            begun.elapsed()
        );
        counts.add(true);
    }
    for (kind, name) in [("Component", "steady"), ("Component", "moving"), ("Project", PROJECT)] {
        objects.delete(kind, name).await?;
    }
    Ok(())
}

/// Waits until the Node's condition is so; answers its message.
async fn node_is(objects: &Objects, status: &str, within: Duration) -> Result<String> {
    let nodes: Api<Node> = Api::all(objects.0.clone());
    let begun = Instant::now();
    loop {
        let node = nodes.get("local").await?;
        let conditions = node.status.and_then(|status| status.conditions).unwrap_or_default();
        let ready =
            conditions.into_iter().find(|condition| condition.type_ == "Ready").context("the Node has no Ready")?;
        if ready.status == status {
            return Ok(ready.message.unwrap_or_default());
        }
        if begun.elapsed() > within {
            bail!("after {within:?} the Node's Ready is {:?}: {:?}", ready.status, ready.message);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the moving binding says that it waits for the engine.
async fn waits(objects: &Objects) -> Result<()> {
    let begun = Instant::now();
    loop {
        let found = objects.get("ReleaseBinding", "moving-development").await?.context("the binding")?;
        let told = condition(&found, "Ready").map(|(status, _, message)| (status.to_owned(), message.to_owned()));
        if told.as_ref().is_some_and(|(status, message)| status == "False" && message.contains("engine")) {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            bail!("without an engine, the binding says {told:?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Ids, start times and processes of a component's running containers.
async fn running(server: &Server, place: &Place, component: &str) -> Result<Vec<(String, String, i64)>> {
    let engine = Engine::of(server, &place.instance()?).await?;
    let found = engine.containers().await?.into_iter();
    let ours = found.filter(|one| one.state == "running" && one.pod.starts_with(&format!("{component}-")));
    Ok(ours.map(|container| (container.id, container.started_at, container.process)).collect())
}
