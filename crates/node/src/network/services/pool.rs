//! The ready addresses behind one port of a Service, and the turn that each takes.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// The ready endpoints of one port. Shared: whoever holds it sees every change at once.
#[derive(Debug)]
pub struct Pool {
    ready: RwLock<Arc<[SocketAddr]>>,
    turn: AtomicUsize,
    any: watch::Sender<bool>,
    /// When the last ready endpoint went away.
    emptied: Mutex<Option<Instant>>,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            ready: RwLock::new(Arc::from([])),
            turn: AtomicUsize::new(0),
            any: watch::Sender::new(false),
            emptied: Mutex::default(),
        }
    }
}

impl Pool {
    /// Replaces the ready endpoints.
    pub fn set(&self, ready: Vec<SocketAddr>) {
        let any = !ready.is_empty();
        let mut held = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        if !any && !held.is_empty() {
            *self.emptied.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        if **held != *ready {
            *held = ready.into();
        }
        drop(held);
        self.any.send_if_modified(|before| std::mem::replace(before, any) != any);
    }

    /// The ready endpoints.
    pub fn ready(&self) -> Arc<[SocketAddr]> {
        self.ready.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether an endpoint is ready.
    pub fn has(&self, endpoint: &SocketAddr) -> bool {
        self.ready.read().unwrap_or_else(PoisonError::into_inner).contains(endpoint)
    }

    /// Whether the last ready endpoint went away less than `time` ago.
    pub fn emptied_within(&self, time: Duration) -> bool {
        let emptied = self.emptied.lock().unwrap_or_else(PoisonError::into_inner);
        emptied.is_some_and(|when| when.elapsed() < time)
    }

    /// The ready endpoints in the order in which a new connection tries them: each call begins with the next one.
    pub fn in_turn(&self) -> InTurn {
        let ready = self.ready();
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        InTurn { first, tried: 0, ready }
    }

    /// The order for a client that should stay with its endpoint: the same for the same client as long as that endpoint is
    /// ready (rendezvous hashing), and moving only the clients of an endpoint that went away.
    pub fn for_client(&self, client: IpAddr) -> InTurn {
        let mut ready = self.ready().to_vec();
        ready.sort_by_key(|endpoint| {
            let mut hasher = DefaultHasher::new();
            (client, endpoint).hash(&mut hasher);
            hasher.finish()
        });
        InTurn { first: 0, tried: 0, ready: ready.into() }
    }

    /// Whether any endpoint is ready, and word when that changes.
    pub fn any(&self) -> watch::Receiver<bool> {
        self.any.subscribe()
    }
}

/// Endpoints to try, one after the other, each once.
#[derive(Debug, Clone)]
pub struct InTurn {
    ready: Arc<[SocketAddr]>,
    first: usize,
    tried: usize,
}

impl Iterator for InTurn {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        if self.tried >= self.ready.len() {
            return None;
        }
        let index = self.first.wrapping_add(self.tried) % self.ready.len();
        self.tried += 1;
        self.ready.get(index).copied()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.ready.len() - self.tried;
        (left, Some(left))
    }
}

impl ExactSizeIterator for InTurn {}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(count: u8) -> Vec<SocketAddr> {
        (1..=count).map(|last| SocketAddr::from(([10, 0, 0, last], 80))).collect()
    }

    #[test]
    fn connections_go_round_and_try_each_endpoint_once() {
        let pool = Pool::default();
        pool.set(endpoints(3));
        let starts: Vec<_> = (0..4).map(|_| pool.in_turn().next().expect("an endpoint").to_string()).collect();
        assert_eq!(starts, ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.1:80"]);
        let mut all: Vec<_> = pool.in_turn().collect();
        all.sort();
        assert_eq!(all, endpoints(3));
    }

    #[test]
    fn a_client_keeps_its_endpoint_while_others_come_and_go() {
        let pool = Pool::default();
        pool.set(endpoints(5));
        let client = IpAddr::from([10, 9, 9, 9]);
        let own = pool.for_client(client).next().expect("an endpoint");
        assert_eq!(pool.for_client(client).next(), Some(own));
        pool.set(endpoints(5).into_iter().filter(|other| *other == own || other.ip() > own.ip()).collect());
        assert_eq!(pool.for_client(client).next(), Some(own));
        pool.set(endpoints(5).into_iter().filter(|other| *other != own).collect());
        assert_ne!(pool.for_client(client).next(), Some(own));
    }

    #[test]
    fn an_empty_pool_offers_nothing() {
        let pool = Pool::default();
        assert_eq!(pool.in_turn().len(), 0);
        assert_eq!(pool.in_turn().next(), None);
        assert!(!*pool.any().borrow());
    }
}
