//! `openchoreo up` killed at random moments of a scripted day of changes, over and over in one data folder: each evening
//! everything is as after the same day without kills, each acknowledged write was there after each kill, and no container
//! was restarted that was not to change.

mod acknowledged;
mod day;
mod play;
mod victim;

use super::dice::Dice;
use super::product::gateway::Gateway;
use super::product::place::Place;
use super::product::state::State;
use super::product::{image, possible, program};
use super::{Extent, SoakArgs};
use crate::counts::Counts;
use anyhow::{Context, Result};
use day::Step;
use play::Player;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use victim::Shared;

/// Kills of a whole run.
const KILLS: usize = 1000;
/// How long everything may take to come to rest.
const REST: Duration = Duration::from_mins(1);
/// How long nothing changes once it has come to rest.
const QUIET: Duration = Duration::from_secs(3);
/// Problems after which a run stops.
const ENOUGH: usize = 5;

pub(super) fn run(args: &SoakArgs, time: Duration) -> Result<Counts> {
    if !possible(args)? {
        return Ok(Counts::default());
    }
    let program = program(args)?;
    let seed = args.seed.unwrap_or_else(super::clock);
    println!("server-kills: seed {seed}");
    tokio::runtime::Runtime::new()?.block_on(soak(&program, Dice::new(seed), Extent::of(args, KILLS, time)))
}

async fn soak(program: &Path, mut dice: Dice, extent: Extent) -> Result<Counts> {
    let mut place = Arc::new(Place::new()?);
    let shared = Shared::new();
    let lives = tokio::spawn(victim::live_and_die(shared.clone(), place.clone(), program.to_owned(), dice.child()));
    let mut player = Player::new(shared.clone(), Gateway::of(&place)?);
    let mut days = 0;
    let outcome = days_of_changes(&mut player, &place, extent, &mut days).await;
    shared.killing.store(false, Ordering::SeqCst);
    shared.finish();
    let ended = lives.await.context("the killer panicked")?;
    let done = shared.kills.load(Ordering::SeqCst);
    println!(
        "server-kills: {done} kills ({} before the server was ready) in {days} days, {} acknowledged writes, slowest start {} ms",
        shared.early.load(Ordering::SeqCst),
        player.acknowledged.count,
        shared.slowest.load(Ordering::SeqCst),
    );
    let mut problems = player.problems;
    problems.extend([outcome, ended].into_iter().filter_map(Result::err).map(|error| format!("{error:#}")));
    for problem in &problems {
        println!("FAILED {problem}");
    }
    super::product::take_away(&mut place, program, &[], problems.is_empty()).await?;
    Ok(Counts { passed: done.saturating_sub(problems.len()), failed: problems.len() })
}

async fn days_of_changes(player: &mut Player, place: &Place, extent: Extent, days: &mut usize) -> Result<()> {
    let shared = player.shared.clone();
    shared.life().await?;
    image::build(place)?;
    play(player, &day::before()).await?;
    // The day without kills says how it is to be, at its end and after everything was deleted.
    let night = rest(player, place, None).await?;
    play(player, &day::changes()).await?;
    let evening = rest(player, place, None).await?;
    play(player, &day::evening()).await?;
    compare(player, place, &night, "everything of the day without kills was deleted").await?;
    println!("server-kills: a day without kills: {} things at its end, {} after it", evening.len(), night.len());
    while extent.goes_on(shared.kills.load(Ordering::SeqCst)) && player.problems.len() < ENOUGH {
        let (begun, before) = (Instant::now(), shared.kills.load(Ordering::SeqCst));
        *days += 1;
        shared.killing.store(true, Ordering::SeqCst);
        play(player, &day::changes()).await?;
        shared.killing.store(false, Ordering::SeqCst);
        compare(player, place, &evening, &format!("day {days}")).await?;
        shared.killing.store(true, Ordering::SeqCst);
        play(player, &day::evening()).await?;
        shared.killing.store(false, Ordering::SeqCst);
        compare(player, place, &night, &format!("everything of day {days} was deleted")).await?;
        let done = shared.kills.load(Ordering::SeqCst);
        println!("server-kills: day {days}: {} kills in {:.0?}, {done} so far", done - before, begun.elapsed());
    }
    Ok(())
}

async fn play(player: &mut Player, steps: &[Step]) -> Result<()> {
    for step in steps {
        player.step(step).await?;
    }
    Ok(())
}

/// Waits until everything is as wanted, or has come to rest where nothing is known to compare with.
async fn rest(player: &Player, place: &Place, wanted: Option<&State>) -> Result<State> {
    let deadline = Instant::now() + REST;
    let mut last = State::default();
    let mut since = Instant::now();
    loop {
        let life = player.shared.life().await?;
        let looked = tokio::select! {
            looked = State::of(&life.objects.0, &life.engine, place) => looked,
            // The kill that was already decided on when no more were wanted.
            () = player.shared.over(life.number) => continue,
        };
        let state = match looked {
            Ok(state) => state,
            Err(error) => {
                if tokio::time::timeout(QUIET, player.shared.over(life.number)).await.is_ok() {
                    continue;
                }
                return Err(error);
            }
        };
        if wanted == Some(&state) || Instant::now() > deadline {
            return Ok(state);
        }
        if state != last {
            (last, since) = (state, Instant::now());
        } else if wanted.is_none() && since.elapsed() > QUIET {
            return Ok(last);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Everything is as it was without kills.
async fn compare(player: &mut Player, place: &Place, wanted: &State, after: &str) -> Result<()> {
    let state = rest(player, place, Some(wanted)).await?;
    let differences = state.differences(wanted);
    if !differences.is_empty() {
        let kills = player.shared.kills.load(Ordering::SeqCst);
        player
            .problems
            .push(format!("after {after} ({kills} kills), there is another state:\n  {}", differences.join("\n  ")));
    }
    Ok(())
}
