//! The orders in PostgreSQL at `DATABASE_URL`.

use postgres::{Client, Error, NoTls};
use std::sync::{Mutex, PoisonError};

/// Made by whoever comes first; one at a time, as PostgreSQL wants it.
const TABLES: &str = "
    SELECT pg_advisory_xact_lock(1);
    CREATE TABLE IF NOT EXISTS orders (id SERIAL PRIMARY KEY, bread TEXT NOT NULL, cents INT NOT NULL, state TEXT NOT NULL DEFAULT 'ordered');
    CREATE TABLE IF NOT EXISTS tallies (at TIMESTAMPTZ NOT NULL DEFAULT now(), baked BIGINT NOT NULL);
";

/// A connection that is made again after it broke.
pub struct Database {
    url: String,
    client: Mutex<Option<Client>>,
}

impl Database {
    pub fn from_environment() -> Database {
        Database { url: crate::variable("DATABASE_URL"), client: Mutex::new(None) }
    }

    /// Runs `work`; where the connection turns out broken the next call makes a new one.
    pub fn with<T>(&self, work: impl FnOnce(&mut Client) -> Result<T, Error>) -> Result<T, String> {
        let mut held = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let mut client = match held.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => self.connect().map_err(|error| told(&error))?,
        };
        let done = work(&mut client);
        *held = Some(client);
        done.map_err(|error| told(&error))
    }

    fn connect(&self) -> Result<Client, Error> {
        let mut client = Client::connect(&self.url, NoTls)?;
        client.batch_execute(&format!("BEGIN; {TABLES} COMMIT;"))?;
        Ok(client)
    }
}

/// The error with its cause, which the short form leaves out.
fn told(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("PostgreSQL: {error}: {source}"),
        None => format!("PostgreSQL: {error}"),
    }
}
