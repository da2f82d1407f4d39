//! `cargo xtask replay rest --dir DIR`: recorded requests to v1.2's REST API, against ours in process.
//!
//! ```text
//! transcript ─▶ stage (control plane, router, what was there before) ─▶ request by request: play, settle, compare
//! ```

mod compare;
mod excuses;
mod play;
mod served;
mod stage;
mod tokens;
mod transcript;
mod words;

use super::{Recorded, scenario};
use crate::counts::Counts;
use crate::{differences, tidy};
use anyhow::{Context, Result};
pub(super) use compare::{Difference, plain, values};
pub(super) use excuses::Excuses;
pub(crate) use served::Api;
pub(super) use served::router;
use stage::Stage;
pub(super) use stage::listed_before;
use std::collections::BTreeMap;
use transcript::Transcript;
pub(super) use transcript::read_all;
pub(super) use words::Words;

/// Plays the transcripts and prints how each request ended, and at the end what keeps the failed ones from passing.
pub(crate) fn run(args: &Recorded) -> Result<Counts> {
    let excuses = Excuses::new("rest", &differences::read(&tidy::root())?)?;
    let all = read_all(&args.dir)?;
    let mut platform = scenario::platform(&args.dir)?;
    platform.extend(listed_before(&all, &platform));
    let mut counts = Counts::default();
    let mut causes: BTreeMap<String, usize> = BTreeMap::new();
    for transcript in all.iter().filter(|one| args.asks_for(&one.name)) {
        let outcomes = play_all(transcript, &all, &platform)?;
        let mut passed = 0;
        for (name, found) in &outcomes {
            let found: Vec<&Difference> =
                found.iter().filter(|difference| excuses.cover(&transcript.name, name, difference).is_none()).collect();
            counts.add(found.is_empty());
            let Some(first) = found.first() else {
                passed += 1;
                continue;
            };
            *causes.entry(first.cause(&transcript.name)).or_default() += 1;
            println!("FAILED {}/{name}", transcript.name);
            for difference in found.iter().take(if args.all { found.len() } else { 1 }) {
                println!("  {difference}");
            }
        }
        println!("{} of {} passed in {}", passed, outcomes.len(), transcript.name);
    }
    for (cause, number) in causes {
        println!("{number:4} failed: {cause}");
    }
    Ok(counts)
}

/// Plays one transcript on a stage of its own; answers the differences of each request.
fn play_all(
    transcript: &Transcript,
    all: &[Transcript],
    platform: &[serde_json::Value],
) -> Result<Vec<(String, Vec<Difference>)>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let mut stage = Stage::start(platform).await?;
        stage.prepare(&transcript.name, all).await.with_context(|| format!("what comes before {}", transcript.name))?;
        let mut outcomes = Vec::new();
        for case in &transcript.cases {
            let answer = stage
                .play(&transcript.name, case)
                .await
                .with_context(|| format!("{}/{}", transcript.name, case.name))?;
            outcomes.push((case.name.clone(), compare::answers(&case.response, &answer, &mut stage.words)));
        }
        stage.stop().await;
        Ok(outcomes)
    })
}
