//! An open loop: requests come at their times, whether or not the ones before were answered. A slow answer delays no question,
//! and what waits counts from when it should have been asked.

use super::load::{Load, Outcome};
use super::requests::Op;
use super::server::Subject;
use anyhow::{Context, Result};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Requests that come in the same moment are started together.
const MOMENT: Duration = Duration::from_millis(1);

pub(super) async fn run(load: &mut Load, subject: &dyn Subject, op: Op, rate: f64, time: Duration) -> Result<Outcome> {
    load.number.store(0, Ordering::Relaxed);
    let (begun, spent) = (Instant::now(), subject.spent()?);
    let mut tasks = tokio::task::JoinSet::new();
    let mut moments = tokio::time::interval(MOMENT);
    moments.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut asked = 0_u32;
    while begun.elapsed() < time {
        moments.tick().await;
        loop {
            let due = begun + Duration::from_secs_f64(f64::from(asked) / rate);
            if due > Instant::now() {
                break;
            }
            let client = load.clients[asked as usize % load.clients.len()].clone();
            let (object, number) = Load::next(op, &load.number, load.objects);
            tasks.spawn(async move {
                op.ask(&client, object, number).await?;
                anyhow::Ok(due.elapsed().as_secs_f64() * 1e3)
            });
            asked += 1;
        }
    }
    let mut took = Vec::new();
    while let Some(done) = tasks.join_next().await {
        took.push(done.context("a client panicked")??);
    }
    let outcome = Outcome::new(took, begun.elapsed(), subject.spent()?.saturating_sub(spent))?;
    load.made(op);
    Ok(outcome)
}
