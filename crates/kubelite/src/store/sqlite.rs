//! The log in a SQLite database: WAL, `synchronous=FULL`, one checksum per row, their sum over all rows, and a witness of the newest.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use rusqlite::{Connection, ErrorCode, config::DbConfig, params};

use super::{
    OpenError,
    checkpoint::{Checkpoints, Files},
    layout::{self, sqlite},
    log::{Log, Row},
    room,
    witness::Witness,
};

pub(crate) struct SqliteLog {
    witness: Witness,
    /// The newest revision that the witness saw before.
    acknowledged: u64,
    /// The floor that is written down.
    compacted: u64,
    /// Only once the log was read and found whole; ends before the connection does, which then tidies up.
    checkpoints: Option<Checkpoints>,
    file: PathBuf,
    connection: Connection,
    /// Closed last.
    files: Option<Files>,
}

impl SqliteLog {
    /// Opens or creates the database.
    pub(crate) fn open(file: &Path) -> Result<Self, OpenError> {
        let place = || format!("opening {}", file.display());
        let mut db = Connection::open(file).map_err(sqlite(place()))?;
        private(file)?;
        // Until all was read and found whole, closing must leave the files as they are: they may be all that is left.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(sqlite(place()))?;
        db.pragma_update(None, "journal_mode", "WAL").map_err(sqlite(place()))?;
        db.pragma_update(None, "synchronous", "FULL").map_err(sqlite(place()))?;
        // The thread beside the writer does that.
        db.pragma_update(None, "wal_autocheckpoint", 0).map_err(sqlite(place()))?;
        db.pragma_update(None, "journal_size_limit", room::ROOM as i64).map_err(sqlite(place()))?;
        layout::prepare(&mut db, file)?;
        let identity = layout::value(&db, "identity").map_err(sqlite(place()))?.unwrap_or_default();
        let (witness, acknowledged) = Witness::open(&file.with_extension("head"), identity)?;
        let compacted = layout::value(&db, "compacted").map_err(sqlite(place()))?.unwrap_or_default().unsigned_abs();
        Ok(Self {
            witness,
            acknowledged,
            compacted,
            checkpoints: None,
            file: file.to_owned(),
            connection: db,
            files: None,
        })
    }

    /// As if the disk had room for so many pages.
    #[cfg(test)]
    pub(super) fn limit_pages(&self, most: u32) {
        self.connection.pragma_update(None, "max_page_count", most).unwrap();
    }

    /// Bytes in the write-ahead log, about.
    #[cfg(test)]
    pub(super) fn log_length(&self) -> usize {
        self.checkpoints.as_ref().map_or(0, Checkpoints::length)
    }

    /// Why a write was refused, and the way out.
    fn refusal(&self, error: &rusqlite::Error) -> String {
        let file = self.file.display();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                format!("the disk that holds {file} is full; nothing was changed, and writes go on once it has room")
            }
            Some(ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
                // Whether it takes no writes at all, which the error does not tell.
                let why = match std::fs::OpenOptions::new().append(true).open(&self.file) {
                    Err(refused) if refused.kind() == ErrorKind::ReadOnlyFilesystem => "is read-only".to_owned(),
                    Err(refused) => format!("failed ({refused})"),
                    Ok(_) => format!("failed ({error})"),
                };
                format!(
                    "the disk that holds {file} {why}; nothing was changed. Reads go on; mend the disk, then start the server again"
                )
            }
            _ => error.to_string(),
        }
    }

    /// One transaction.
    fn write(&mut self, rows: &[Row], forgotten: &[u64], floor: u64) -> Result<(), rusqlite::Error> {
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.finish(&self.connection);
        }
        let transaction = Transaction::begin(&self.connection)?;
        let mut sum = append(&transaction, rows)?;
        let mut count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if !forgotten.is_empty() {
            let (fewer, less) = forget(&transaction, forgotten)?;
            (count, sum) = (count - fewer, sum.wrapping_sub(less));
            layout::set(&transaction, "compacted", self.compacted.max(floor) as i64)?;
        }
        account(&transaction, count, sum)?;
        transaction.commit()?;
        if !forgotten.is_empty() {
            self.compacted = self.compacted.max(floor);
        }
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.wrote(rows.iter().map(|row| row.bytes.len()), forgotten.len());
        }
        Ok(())
    }

    /// Whether the rows are those that were written.
    fn verify(&self, found: &Found) -> Result<(), OpenError> {
        let place = "reading the object log";
        let fact = |key| Ok(layout::value(&self.connection, key).map_err(sqlite(place))?.unwrap_or_default());
        let written = (fact("rows")?, fact("sum")?);
        if written != (found.rows, found.sum) {
            return Err(OpenError::Damaged {
                place: "the object log".into(),
                problem: format!(
                    "{} rows were written and {} are there, with {} checksums",
                    written.0,
                    found.rows,
                    if written.1 == found.sum { "the same" } else { "other" }
                ),
            });
        }
        let head = found.newest.max(self.compacted);
        if head < self.acknowledged {
            return Err(OpenError::Damaged {
                place: "the end of the object log".into(),
                problem: format!(
                    "revision {} was acknowledged, but the log ends with revision {head}; if it was replaced by an older one \
                     on purpose, remove the file objects.head beside it",
                    self.acknowledged
                ),
            });
        }
        Ok(())
    }
}

/// What was read of the log.
#[derive(Default)]
struct Found {
    rows: i64,
    sum: i64,
    newest: u64,
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
        Ok(self.compacted)
    }

    fn load(&mut self, each: &mut dyn FnMut(Row) -> Result<(), OpenError>) -> Result<(), OpenError> {
        let place = "reading the object log";
        let mut statement = self
            .connection
            .prepare("SELECT revision, shelf, path, removed, at, checksum, value FROM object_log ORDER BY revision")
            .map_err(sqlite(place))?;
        let mut rows = statement.query([]).map_err(sqlite(place))?;
        let mut shelf: Arc<str> = "".into();
        let mut found = Found::default();
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
            found = Found { rows: found.rows + 1, sum: found.sum.wrapping_add(expected), newest: revision };
            each(Row {
                revision,
                shelf: shelf.clone(),
                path: path.into(),
                removed,
                at,
                bytes: Bytes::copy_from_slice(bytes),
            })?;
        }
        drop(rows);
        drop(statement);
        self.verify(&found)?;
        self.witness.saw(found.newest.max(self.acknowledged));
        // From now on closing may tidy up.
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(sqlite(place))?;
        let (checkpoints, files) = Checkpoints::start(&self.file)?;
        (self.checkpoints, self.files) = (Some(checkpoints), Some(files));
        Ok(())
    }

    fn append(&mut self, rows: &[Row], forgotten: &[u64], floor: u64) -> Result<(), String> {
        self.write(rows, forgotten, floor).map_err(|error| self.refusal(&error))?;
        if let Some(newest) = rows.last() {
            self.witness.saw(newest.revision);
        }
        Ok(())
    }

    fn forget(&mut self, revisions: &[u64], floor: u64) -> Result<(), String> {
        self.write(&[], revisions, floor).map_err(|error| self.refusal(&error))
    }

    fn backup(&mut self, file: &Path) -> Result<(), String> {
        let name = file.to_str().ok_or("the file name is not UTF-8")?;
        self.connection.execute("VACUUM INTO ?1", [name]).map_err(|error| error.to_string())?;
        private(file).map_err(|error| error.to_string())?;
        // The copy is another store: what this one acknowledges from now on is no promise of that one.
        let copy = Connection::open(file).map_err(|error| error.to_string())?;
        layout::set(&copy, "identity", layout::identity()).map_err(|error| error.to_string())?;
        copy.close().map_err(|(_, error)| error.to_string())
    }
}

/// As that of rusqlite, with words that were parsed before.
struct Transaction<'a> {
    db: &'a Connection,
}

impl<'a> Transaction<'a> {
    fn begin(db: &'a Connection) -> Result<Self, rusqlite::Error> {
        db.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self { db })
    }

    fn commit(self) -> Result<(), rusqlite::Error> {
        self.db.prepare_cached("COMMIT")?.execute([]).map(|_| ())
    }
}

impl Drop for Transaction<'_> {
    /// Takes everything back if it was not committed, which SQLite may have done itself.
    fn drop(&mut self) {
        if !self.db.is_autocommit()
            && let Err(error) = self.db.prepare_cached("ROLLBACK").and_then(|mut back| back.execute([]))
        {
            tracing::warn!(%error, "a write that failed could not be taken back");
        }
    }
}

impl std::ops::Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.db
    }
}

/// Inserts the rows; answers the sum of their checksums.
fn append(transaction: &Connection, rows: &[Row]) -> Result<i64, rusqlite::Error> {
    let mut sum = 0_i64;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO object_log (revision, shelf, path, removed, at, checksum, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for row in rows {
        let one = i64::from(checksum(row.revision, &row.shelf, &row.path, row.removed, &row.bytes));
        sum = sum.wrapping_add(one);
        insert.execute(params![row.revision as i64, &*row.shelf, &*row.path, row.removed, row.at, one, &*row.bytes])?;
    }
    Ok(sum)
}

/// Deletes the revisions; answers how many were there and the sum of their checksums.
fn forget(transaction: &Connection, revisions: &[u64]) -> Result<(i64, i64), rusqlite::Error> {
    let (mut rows, mut sum) = (0, 0_i64);
    let mut delete = transaction.prepare_cached("DELETE FROM object_log WHERE revision = ?1 RETURNING checksum")?;
    for revision in revisions {
        for checksum in delete.query_map([*revision as i64], |row| row.get::<_, i64>(0))? {
            sum = sum.wrapping_add(checksum?);
            rows += 1;
        }
    }
    Ok((rows, sum))
}

/// Changes the facts about all rows.
fn account(transaction: &Connection, rows: i64, sum: i64) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached(
            "UPDATE meta SET value = value + CASE key WHEN 'rows' THEN ?1 ELSE ?2 END WHERE key IN ('rows', 'sum')",
        )?
        .execute([rows, sum])?;
    Ok(())
}
