//! What the disk takes for a write that lasts, with no server in between: nobody who acknowledges only what is on disk can be faster.

use super::load::Outcome;
use anyhow::{Context, Result};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

/// Bytes of a write, about those of one object in a log.
const BLOCK: usize = 16 * 1024;
/// The file has room for so many, and is written over and over.
const BLOCKS: usize = 64;
const TIMES: usize = 300;

/// How long each took.
pub(super) fn synced() -> Result<Outcome> {
    let file = tempfile::tempfile().context("cannot make a temporary file")?;
    let block = vec![1; BLOCK];
    for number in 0..BLOCKS {
        file.write_all_at(&block, (number * BLOCK) as u64)?;
    }
    file.sync_all()?;
    let begun = Instant::now();
    let mut took = Vec::with_capacity(TIMES);
    for number in 0..TIMES {
        let asked = Instant::now();
        file.write_all_at(&block, (number % BLOCKS * BLOCK) as u64)?;
        file.sync_data()?;
        took.push(asked.elapsed().as_secs_f64() * 1e3);
    }
    Outcome::new(took, begun.elapsed(), Duration::ZERO)
}
