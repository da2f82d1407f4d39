//! Time of one call.

use std::time::{Duration, Instant};

/// How long one sample of a batch takes at least.
const BATCH: Duration = Duration::from_millis(2);

/// The same where many things are measured.
const QUICK: Duration = Duration::from_micros(100);

/// Samples for each of `--times`.
const SAMPLES: u32 = 20;

/// Takes samples.
pub(super) fn samples(times: u32, mut one: impl FnMut() -> f64) -> Vec<f64> {
    (0..times * SAMPLES).map(|_| one()).collect()
}

/// Nanoseconds of one call, each sample the mean of a batch.
pub(super) fn batched(times: u32, mut run: impl FnMut()) -> Vec<f64> {
    let size = batch(&mut run);
    samples(times, || mean(size, &mut run))
}

/// Nanoseconds of one call, from few and small batches: for many things that are measured once each.
pub(super) fn quick(times: u32, run: &mut impl FnMut()) -> Vec<f64> {
    run();
    let begun = Instant::now();
    run();
    let calls = (QUICK.as_secs_f64() / begun.elapsed().as_secs_f64().max(1e-8)).ceil() as u32;
    (0..times).map(|_| mean(calls, run)).collect()
}

/// Nanoseconds of two calls, in batches one behind the other.
pub(super) fn pair(mut first: impl FnMut(), mut second: impl FnMut()) -> (f64, f64) {
    let size = batch(&mut first);
    (mean(size, &mut first), mean(size, &mut second))
}

/// Nanoseconds of what is between `make` and the drop of what it gives; making and dropping is not counted.
pub(super) fn apart<T, R>(times: u32, make: impl Fn() -> T, mut run: impl FnMut(&T) -> R) -> Vec<f64> {
    samples(times, || {
        let made = make();
        let begun = Instant::now();
        let result = std::hint::black_box(run(&made));
        let took = begun.elapsed();
        drop(result);
        took.as_secs_f64() * 1e9
    })
}

/// As many calls as fill a batch.
fn batch(run: &mut impl FnMut()) -> u32 {
    run();
    let begun = Instant::now();
    let mut calls = 0;
    while begun.elapsed() < BATCH {
        run();
        calls += 1;
    }
    calls
}

fn mean(calls: u32, run: &mut impl FnMut()) -> f64 {
    let begun = Instant::now();
    (0..calls).for_each(|_| run());
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}
