//! Valkey at `QUEUE_URL`: the numbers of the orders that are to be baked, and counters.

use redis::{Client, Connection, RedisResult};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Orders that nobody has taken.
const WAITING: &str = "orders:waiting";
/// Orders that the oven has taken and not finished.
const TAKEN: &str = "orders:taken";
/// Seconds that the oven waits for an order before it asks again.
const PATIENCE: f64 = 5.0;

/// A connection that is made again after it broke.
pub struct Queue {
    client: Client,
    connection: Mutex<Option<Connection>>,
}

impl Queue {
    pub fn from_environment() -> Queue {
        let url = crate::variable("QUEUE_URL");
        let client = Client::open(url).unwrap_or_else(|error| crate::fail(&format!("QUEUE_URL: {error}")));
        Queue { client, connection: Mutex::new(None) }
    }

    /// Adds an order.
    pub fn add(&self, order: i32) -> Result<(), String> {
        self.with(|connection| redis::cmd("LPUSH").arg(WAITING).arg(order).query(connection))
    }

    /// Takes the oldest order; it stays with the taken ones until it is [`Queue::done`].
    pub fn take(&self) -> Result<Option<i32>, String> {
        self.with(|connection| redis::cmd("BLMOVE").arg(WAITING).arg(TAKEN).arg("RIGHT").arg("LEFT").arg(PATIENCE).query(connection))
    }

    /// What was taken by a process that ended before it was done.
    pub fn taken(&self) -> Result<Vec<i32>, String> {
        self.with(|connection| redis::cmd("LRANGE").arg(TAKEN).arg(0).arg(-1).query(connection))
    }

    pub fn done(&self, order: i32) -> Result<(), String> {
        self.with(|connection| redis::cmd("LREM").arg(TAKEN).arg(0).arg(order).query(connection))
    }

    /// Counts one more question after a bread; returns how many there were.
    pub fn asked(&self, bread: &str) -> Result<i64, String> {
        self.with(|connection| redis::cmd("INCR").arg(format!("asked:{bread}")).query(connection))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> RedisResult<T>) -> Result<T, String> {
        let mut held = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let connection = self.client.get_connection_with_timeout(Duration::from_secs(5))?;
            connection.set_read_timeout(Some(Duration::from_secs_f64(2.0 * PATIENCE)))?;
            Ok(connection)
        };
        let named = |error: redis::RedisError| format!("Valkey: {error}");
        let mut connection = held.take().map_or_else(made, Ok).map_err(named)?;
        let done = work(&mut connection).map_err(named)?;
        *held = Some(connection);
        Ok(done)
    }
}
