//! Running a target for as long as the budget lasts.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::random::Random;
use crate::{Target, corpus, json, mutate};

/// An input that takes longer than this does not end, as far as anybody who waits can tell. Inputs of some 100 kB take up
/// to a second without optimisation.
const ENDLESS: Duration = Duration::from_secs(20);
/// After so many failures a run stops.
const ENOUGH: usize = 10;

/// How long a run goes on.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    inputs: usize,
    time: Option<Duration>,
}

impl Budget {
    /// So many inputs, seeds included.
    pub fn inputs(inputs: usize) -> Self {
        Self { inputs, time: None }
    }

    /// As many inputs as fit into the time.
    pub fn time(time: Duration) -> Self {
        Self { inputs: usize::MAX, time: Some(time) }
    }
}

/// Why an input failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It made the target panic, or break a law.
    Panic(String),
    /// It took too long.
    Slow(Duration),
}

/// An input that failed. Write it into the corpus once it is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The input.
    pub input: Vec<u8>,
    /// What happened.
    pub why: Why,
}

/// What a run saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many inputs were run.
    pub inputs: usize,
    /// How long the slowest of them took.
    pub slowest: Duration,
    /// That input.
    pub slowest_input: Vec<u8>,
    /// Those that failed; a run stops after ten.
    pub failures: Vec<Failure>,
}

/// Runs the seeds of a target, then changes of them, by `seed`. Fails where the corpus cannot be read.
pub fn run(target: &Target, seed: u64, budget: Budget) -> io::Result<Report> {
    run_watched(target, seed, budget, &mut |_| {})
}

/// As [`run`]; `before` sees each input before it is run, so that it is known where a process ended.
pub fn run_watched(target: &Target, seed: u64, budget: Budget, before: &mut dyn FnMut(&[u8])) -> io::Result<Report> {
    let seeds = corpus::seeds(target.name)?;
    let trees: Vec<Value> = seeds
        .iter()
        .filter(|_| target.json)
        .map(|seed| serde_json::from_slice(seed).map_err(io::Error::from))
        .collect::<io::Result<_>>()?;
    let mut random = Random::new(seed);
    let mut report = Report::default();
    let begin = Instant::now();
    while report.inputs < budget.inputs
        && report.failures.len() < ENOUGH
        && budget.time.is_none_or(|time| begin.elapsed() < time)
    {
        let input = match seeds.get(report.inputs) {
            Some(seed) => seed.clone(),
            None => changed(target, &seeds, &trees, &mut random),
        };
        before(&input);
        one(target, input, &mut report);
    }
    Ok(report)
}

fn changed(target: &Target, seeds: &[Vec<u8>], trees: &[Value], random: &mut Random) -> Vec<u8> {
    let (first, other) = (random.below(seeds.len()), random.below(seeds.len()));
    if let (Some(tree), Some(other)) = (trees.get(first), trees.get(other))
        && !random.once_in(5)
    {
        let mut tree = tree.clone();
        json::tree(&mut tree, other, target.words, random);
        return tree.to_string().into_bytes();
    }
    let of = |at: usize| seeds.get(at).cloned().unwrap_or_default();
    let mut input = of(first);
    mutate::bytes(&mut input, &of(other), target.words, random);
    input
}

fn one(target: &Target, input: Vec<u8>, report: &mut Report) {
    let begin = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.call)(&input)));
    let took = begin.elapsed();
    report.inputs += 1;
    if took > report.slowest {
        report.slowest = took;
        report.slowest_input.clone_from(&input);
    }
    let why = match outcome {
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Why::Panic(text.to_owned())
        }
        Ok(()) if took > ENDLESS => Why::Slow(took),
        Ok(()) => return,
    };
    report.failures.push(Failure { input, why });
}
