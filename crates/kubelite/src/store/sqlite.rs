//! The log in a SQLite database: WAL, `synchronous=FULL`, one checksum per row.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    OpenError,
    log::{Log, Row},
};

/// The newest layout that this program reads and the one that it writes.
const FORMAT: i64 = 1;

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

pub(crate) struct SqliteLog {
    connection: Connection,
}

fn sqlite(what: &str) -> impl FnOnce(rusqlite::Error) -> OpenError {
    let what = what.to_owned();
    move |source| match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            OpenError::Damaged { place: what, problem: source.to_string() }
        }
        _ => OpenError::Sqlite { what, source },
    }
}

impl SqliteLog {
    /// Opens or creates the database.
    pub(crate) fn open(file: &Path) -> Result<Self, OpenError> {
        let connection = Connection::open(file).map_err(sqlite(&format!("opening {}", file.display())))?;
        private(file)?;
        let log = Self { connection };
        log.prepare(file)?;
        Ok(log)
    }

    fn prepare(&self, file: &Path) -> Result<(), OpenError> {
        let place = format!("preparing {}", file.display());
        let db = &self.connection;
        db.pragma_update(None, "journal_mode", "WAL").map_err(sqlite(&place))?;
        db.pragma_update(None, "synchronous", "FULL").map_err(sqlite(&place))?;
        db.execute_batch(TABLES).map_err(sqlite(&place))?;
        let found: Option<i64> = db
            .query_row("SELECT value FROM meta WHERE key = 'format'", [], |row| row.get(0))
            .optional()
            .map_err(sqlite(&place))?;
        match found {
            Some(found) if found > FORMAT => {
                Err(OpenError::NewerFormat { file: file.to_owned(), found, known: FORMAT })
            }
            Some(_) => Ok(()),
            None => {
                db.execute("INSERT INTO meta (key, value) VALUES ('format', ?1)", [FORMAT]).map_err(sqlite(&place))?;
                Ok(())
            }
        }
    }
}

/// Objects include Secrets: the file is for its owner alone.
fn private(file: &Path) -> Result<(), OpenError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))
            .map_err(|source| OpenError::Io { what: format!("setting permissions of {}", file.display()), source })?;
    }
    Ok(())
}

fn checksum(revision: u64, shelf: &str, path: &str, removed: bool, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&revision.to_le_bytes());
    hasher.update(shelf.as_bytes());
    hasher.update(&[0]);
    hasher.update(path.as_bytes());
    hasher.update(&[u8::from(removed)]);
    hasher.update(bytes);
    hasher.finalize()
}

impl Log for SqliteLog {
    fn compacted(&mut self) -> Result<u64, OpenError> {
        let value: Option<i64> = self
            .connection
            .query_row("SELECT value FROM meta WHERE key = 'compacted'", [], |row| row.get(0))
            .optional()
            .map_err(sqlite("reading the compaction mark"))?;
        Ok(value.unwrap_or_default().unsigned_abs())
    }

    fn load(&mut self, each: &mut dyn FnMut(Row) -> Result<(), OpenError>) -> Result<(), OpenError> {
        let place = "reading the object log";
        let mut statement = self
            .connection
            .prepare("SELECT revision, shelf, path, removed, at, checksum, value FROM object_log ORDER BY revision")
            .map_err(sqlite(place))?;
        let mut rows = statement.query([]).map_err(sqlite(place))?;
        let mut shelf: Arc<str> = "".into();
        while let Some(row) = rows.next().map_err(sqlite(place))? {
            let revision = row.get::<_, i64>(0).map_err(sqlite(place))?.unsigned_abs();
            let damaged = |problem: rusqlite::Error| OpenError::Damaged {
                place: format!("revision {revision}"),
                problem: problem.to_string(),
            };
            let name = row.get_ref(1).map_err(damaged)?.as_str().map_err(|problem| damaged(problem.into()))?;
            if *shelf != *name {
                shelf = name.into();
            }
            let path = row.get_ref(2).map_err(damaged)?.as_str().map_err(|problem| damaged(problem.into()))?;
            let removed = row.get::<_, bool>(3).map_err(damaged)?;
            let at = row.get(4).map_err(damaged)?;
            let expected = row.get::<_, i64>(5).map_err(damaged)?;
            let bytes = row.get_ref(6).map_err(damaged)?.as_blob().map_err(|problem| damaged(problem.into()))?;
            if i64::from(checksum(revision, &shelf, path, removed, bytes)) != expected {
                return Err(OpenError::Damaged {
                    place: format!("revision {revision} ({shelf} {path})"),
                    problem: "the checksum does not match".into(),
                });
            }
            each(Row {
                revision,
                shelf: shelf.clone(),
                path: path.into(),
                removed,
                at,
                bytes: Bytes::copy_from_slice(bytes),
            })?;
        }
        Ok(())
    }

    fn append(&mut self, rows: &[Row]) -> Result<(), String> {
        let run = || -> Result<(), rusqlite::Error> {
            let transaction = self.connection.transaction()?;
            {
                let mut insert = transaction.prepare_cached(
                    "INSERT INTO object_log (revision, shelf, path, removed, at, checksum, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?;
                for row in rows {
                    let sum = checksum(row.revision, &row.shelf, &row.path, row.removed, &row.bytes);
                    insert.execute(params![
                        row.revision as i64,
                        &*row.shelf,
                        &*row.path,
                        row.removed,
                        row.at,
                        i64::from(sum),
                        &*row.bytes
                    ])?;
                }
            }
            transaction.commit()
        };
        let mut run = run;
        run().map_err(|error| error.to_string())
    }

    fn forget(&mut self, revisions: &[u64], floor: u64) -> Result<(), String> {
        let mut run = || -> Result<(), rusqlite::Error> {
            let transaction = self.connection.transaction()?;
            {
                let mut delete = transaction.prepare_cached("DELETE FROM object_log WHERE revision = ?1")?;
                for revision in revisions {
                    delete.execute([*revision as i64])?;
                }
                transaction.execute(
                    "INSERT INTO meta (key, value) VALUES ('compacted', ?1) ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)",
                    [floor as i64],
                )?;
            }
            transaction.commit()
        };
        run().map_err(|error| error.to_string())
    }

    fn backup(&mut self, file: &Path) -> Result<(), String> {
        let name = file.to_str().ok_or("the file name is not UTF-8")?;
        self.connection.execute("VACUUM INTO ?1", [name]).map_err(|error| error.to_string())?;
        private(file).map_err(|error| error.to_string())
    }
}
