//! The tables of the database, and how those of older programs become these.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::OpenError;

/// The newest layout that this program reads and the one that it writes.
const FORMAT: i64 = 2;

/// `rows` and `sum` in `meta` are the number of rows in the log and the sum of their checksums, changed in the same transactions: a
/// row that is gone, or is there twice, or is an older one than was written, shows.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS object_log (
    revision INTEGER PRIMARY KEY,
    shelf    TEXT    NOT NULL,
    path     TEXT    NOT NULL,
    removed  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    value    BLOB    NOT NULL
);";

/// From the layout without sums.
const SUMS: &str = "
INSERT OR REPLACE INTO meta (key, value) SELECT 'rows', count(*) FROM object_log;
INSERT OR REPLACE INTO meta (key, value) SELECT 'sum', coalesce(sum(checksum), 0) FROM object_log;";

/// Makes what is not there, in one transaction, so that a file is never between two layouts.
pub(super) fn prepare(db: &mut Connection, file: &Path) -> Result<(), OpenError> {
    let place = || format!("preparing {}", file.display());
    let transaction =
        db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(sqlite(place()))?;
    let known = transaction
        .query_row("SELECT 1 FROM sqlite_schema WHERE name = 'meta'", [], |_| Ok(()))
        .optional()
        .map_err(sqlite(place()))?;
    let found = match known {
        Some(()) => value(&transaction, "format").map_err(sqlite(place()))?,
        None => None,
    };
    match found {
        Some(FORMAT) => return Ok(()),
        Some(found) if found > FORMAT => {
            return Err(OpenError::NewerFormat { file: file.to_owned(), found, known: FORMAT });
        }
        _ => {}
    }
    transaction.execute_batch(TABLES).map_err(sqlite(place()))?;
    transaction.execute_batch(SUMS).map_err(sqlite(place()))?;
    set(&transaction, "identity", identity()).map_err(sqlite(place()))?;
    set(&transaction, "format", FORMAT).map_err(sqlite(place()))?;
    transaction.commit().map_err(sqlite(place()))
}

/// A number by which two stores are told apart.
pub(super) fn identity() -> i64 {
    uuid::Uuid::new_v4().as_u64_pair().0.cast_signed()
}

/// One of the facts in `meta`.
pub(super) fn value(db: &Connection, key: &str) -> Result<Option<i64>, rusqlite::Error> {
    db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

/// Writes one of the facts in `meta`.
pub(super) fn set(db: &Connection, key: &str, value: i64) -> Result<(), rusqlite::Error> {
    db.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?.execute((key, value)).map(|_| ())
}

/// SQLite said no while that was done.
pub(super) fn sqlite(what: impl Into<String>) -> impl FnOnce(rusqlite::Error) -> OpenError {
    let what = what.into();
    move |source| match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            OpenError::Damaged { place: what, problem: source.to_string() }
        }
        _ => match source.sqlite_error().map(|error| error.extended_code) {
            Some(rusqlite::ffi::SQLITE_IOERR_SHORT_READ) => {
                OpenError::Damaged { place: what, problem: "the file is shorter than it was".into() }
            }
            Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => {
                let what = format!("{what}: the disk is full, or takes no writes; the server starts once it has room");
                OpenError::Sqlite { what, source }
            }
            _ => OpenError::Sqlite { what, source },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(extended: i32) -> String {
        sqlite("opening objects.db")(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(extended), None))
            .to_string()
    }

    #[test]
    fn a_disk_without_room_for_the_logs_index_is_named() {
        let expected = "opening objects.db: the disk is full, or takes no writes; the server starts once it has room: ";
        assert!(told(rusqlite::ffi::SQLITE_IOERR_SHMSIZE).starts_with(expected));
        assert!(told(rusqlite::ffi::SQLITE_IOERR_SHORT_READ).contains("the file is shorter than it was"));
        assert!(!told(rusqlite::ffi::SQLITE_IOERR_READ).contains("full"));
    }
}
