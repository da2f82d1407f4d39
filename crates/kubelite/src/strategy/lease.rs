//! Numbers of a pool that an object takes and leaves while it is written.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

/// Numbers in use.
pub(crate) type Pool = Arc<Mutex<BTreeSet<u32>>>;

/// What an object that is about to be written takes, given back unless it is kept, and what it leaves once it is.
#[derive(Default)]
pub(crate) struct Lease {
    taken: Vec<(Pool, u32)>,
    left: Vec<(Pool, u32)>,
}

impl Lease {
    /// Nothing.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// That number, which is marked as used already.
    pub(super) fn of(pool: &Pool, number: u32) -> Self {
        Self { taken: vec![(pool.clone(), number)], left: Vec::new() }
    }

    /// Both.
    pub(super) fn join(&mut self, mut other: Self) {
        self.taken.append(&mut other.taken);
        self.left.append(&mut other.left);
    }

    /// The number is free once the object is written.
    pub(super) fn leave(&mut self, pool: &Pool, number: u32) {
        self.left.push((pool.clone(), number));
    }

    /// The object is written now.
    pub(crate) fn keep(mut self) {
        self.taken.clear();
        give_back(&mut self.left);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        give_back(&mut self.taken);
    }
}

fn give_back(numbers: &mut Vec<(Pool, u32)>) {
    for (pool, number) in numbers.drain(..) {
        pool.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }
}
