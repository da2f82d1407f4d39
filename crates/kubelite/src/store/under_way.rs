//! How many requests there are at the moment.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Requests under way that have an end, of all clients of the port.
#[derive(Debug, Clone, Default)]
pub(crate) struct UnderWay(Arc<AtomicUsize>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Entered(UnderWay);

impl UnderWay {
    /// One more.
    pub(crate) fn enter(&self) -> Entered {
        self.0.fetch_add(1, Ordering::Relaxed);
        Entered(self.clone())
    }

    /// Whether there is none but the one that asks.
    pub(crate) fn alone(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 1
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
