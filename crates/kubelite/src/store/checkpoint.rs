//! Moves what SQLite's write-ahead log holds into the database, on a thread of its own, so that no commit waits for it.
//!
//! While the thread copies, the writer goes on at the log's end, so the log never comes to rest by itself under load. When it has
//! become long and the thread has nearly caught up, the writer moves the last few pages itself and begins the log anew from its start.
//! So the log's length has a bound, whatever the load.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::Connection;

use super::{OpenError, layout::sqlite, room};

/// SQLite's page.
const PAGE: usize = 4096;
/// Pages that every transaction writes besides those of its rows, about.
const BESIDES: usize = 3;
/// So many bytes in the log are worth moving.
const WORTH: usize = 3 * 1024 * 1024;
/// A log of so many bytes begins anew: early enough for it to find room in its file until it does.
const LONG: usize = 11 * 1024 * 1024;
/// The thread had its time: the writer moves what there is.
const TOO_LONG: usize = 64 * 1024 * 1024;
/// How long a connection waits for another one, as rusqlite has it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The writer's side.
pub(super) struct Checkpoints {
    ask: Option<SyncSender<()>>,
    caught_up: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Bytes written since the thread was asked last.
    since_asked: usize,
    /// Bytes written since the log was begun anew.
    length: usize,
    /// At that length the writer does not wait for the thread any more.
    too_long: usize,
}

/// Files that must be closed after the database: when a process closes a file it gives up what it has locked of it, by whatever
/// handle.
pub(super) struct Files {
    _database: Arc<File>,
    _index: Option<File>,
}

impl Checkpoints {
    /// Starts the thread, with a connection of its own.
    pub(super) fn start(file: &Path) -> Result<(Self, Files), OpenError> {
        let place = || format!("opening {} once more", file.display());
        let db = Connection::open(file).map_err(sqlite(place()))?;
        db.pragma_update(None, "synchronous", "FULL").map_err(sqlite(place()))?;
        // What a process that was killed left in the log is as long as the file, or shorter.
        let beside = |end: &str| {
            let mut path = file.as_os_str().to_owned();
            path.push(end);
            PathBuf::from(path)
        };
        let log = beside("-wal");
        let length = std::fs::metadata(&log).map_or(0, |log| usize::try_from(log.len()).unwrap_or(usize::MAX));
        room::make(&log);
        let index = room::make_index(&beside("-shm"));
        let database = Arc::new(File::open(file).map_err(|source| OpenError::Io { what: place(), source })?);
        let synced = database.clone();
        let (ask, asked) = sync_channel(1);
        let caught_up = Arc::new(AtomicBool::new(false));
        let told = caught_up.clone();
        let thread = std::thread::Builder::new()
            .name("kubelite-pages".into())
            .spawn(move || run(&db, &synced, &asked, &told))
            .map_err(|source| OpenError::Io { what: "starting the thread that moves pages".into(), source })?;
        let checkpoints =
            Self { ask: Some(ask), caught_up, thread: Some(thread), since_asked: length, length, too_long: TOO_LONG };
        Ok((checkpoints, Files { _database: database, _index: index }))
    }

    /// A transaction was committed with rows of these sizes, and with so many rows less.
    pub(super) fn wrote(&mut self, rows: impl Iterator<Item = usize>, deleted: usize) {
        let pages = rows.map(|bytes| bytes / PAGE + 1).sum::<usize>() + deleted + BESIDES;
        self.since_asked += pages * PAGE;
        self.length += pages * PAGE;
        if self.since_asked >= WORTH
            && let Some(ask) = &self.ask
        {
            match ask.try_send(()) {
                Ok(()) => self.since_asked = 0,
                // Still at it: asked again after the next write.
                Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
    }

    /// Bytes in the log, about.
    #[cfg(test)]
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Begins the log anew if it is long and the thread has left little to do, or if it is much too long.
    pub(super) fn finish(&mut self, db: &Connection) {
        let caught_up = self.caught_up.swap(false, Ordering::AcqRel);
        if self.length >= self.too_long {
            self.restart(db, PATIENCE);
        } else if caught_up && self.length >= LONG {
            self.restart(db, Duration::ZERO);
        }
    }

    /// Somebody who looks at the database from outside may be in the way: then it is tried again when the log has grown further.
    fn restart(&mut self, db: &Connection, patience: Duration) {
        let run = || -> Result<bool, rusqlite::Error> {
            db.busy_timeout(patience)?;
            let complete = moved(db, "RESTART")?;
            db.busy_timeout(PATIENCE)?;
            Ok(complete)
        };
        match run() {
            Ok(true) => (self.length, self.too_long) = (0, TOO_LONG),
            Ok(false) => self.too_long = self.too_long.max(self.length + LONG),
            Err(error) => {
                self.too_long = self.too_long.max(self.length + LONG);
                tracing::warn!(%error, "the object store's write-ahead log could not be begun anew; it grows until it can");
            }
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.ask.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Moves what can be moved; answers whether nothing was in the way.
fn moved(db: &Connection, how: &str) -> Result<bool, rusqlite::Error> {
    db.prepare_cached(&format!("PRAGMA wal_checkpoint({how})"))?.query_row([], |row| Ok(row.get::<_, i64>(0)? == 0))
}

/// The thread.
fn run(db: &Connection, database: &File, asked: &Receiver<()>, caught_up: &AtomicBool) {
    let once = || -> Result<(), Box<dyn std::error::Error>> {
        moved(db, "PASSIVE")?;
        // SQLite syncs only if nothing was written meanwhile. What is synced here is not left for the commit that begins the log anew.
        database.sync_data()?;
        Ok(())
    };
    while asked.recv().is_ok() {
        match once() {
            Ok(()) => caught_up.store(true, Ordering::Release),
            Err(error) => {
                // What was acknowledged is in the log, which is as durable as the database.
                tracing::warn!(%error, "the object store could not move its write-ahead log into the database; the log grows until it can");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        log::{Log, Row},
        sqlite::SqliteLog,
    };
    use super::*;

    fn rows(from: u64, number: u64, bytes: usize) -> Vec<Row> {
        let row = |revision: u64| Row {
            revision,
            shelf: "things".into(),
            path: format!("t-{revision}").into(),
            removed: false,
            at: 0,
            bytes: vec![b'x'; bytes].into(),
        };
        (from..from + number).map(row).collect()
    }

    fn open(folder: &Path) -> (SqliteLog, Vec<u64>) {
        let mut log = SqliteLog::open(&folder.join("objects.db")).unwrap();
        let mut found = Vec::new();
        log.load(&mut |row| {
            found.push(row.revision);
            Ok(())
        })
        .unwrap();
        (log, found)
    }

    #[test]
    fn the_log_keeps_to_its_length_under_load_and_all_is_there_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path());
        for round in 0..40 {
            // What the round before wrote goes away with it, so that the database stays small.
            let gone: Vec<u64> = (round * 30..round * 30 + 30).collect();
            log.append(&rows(round * 30 + 30, 30, 100_000), &gone, 0).unwrap();
            let length = std::fs::metadata(folder.path().join("objects.db-wal")).unwrap().len();
            assert!(length < (TOO_LONG + LONG) as u64, "round {round}: {length} bytes");
        }
        drop(log);
        let length = std::fs::metadata(folder.path().join("objects.db-wal")).map_or(0, |file| file.len());
        assert_eq!((open(folder.path()).1, length), ((1200..1230).collect::<Vec<u64>>(), 0));
    }

    #[test]
    fn the_log_has_its_room_from_the_start_and_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let length = || std::fs::metadata(folder.path().join("objects.db-wal")).map_or(0, |file| file.len());
        let (mut log, _) = open(folder.path());
        assert_eq!(length(), room::ROOM as u64);
        for round in 0..20 {
            log.append(&rows(round * 10 + 1, 10, 100_000), &[], 0).unwrap();
        }
        assert!(length() >= room::ROOM as u64);
        let copy = tempfile::tempdir().unwrap();
        for name in ["objects.db", "objects.db-wal", "objects.head"] {
            std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
        }
        // What stands behind the end of the log is not taken for a part of it.
        assert_eq!(open(copy.path()).1, (1..=200).collect::<Vec<u64>>());
    }

    #[test]
    fn the_index_of_the_log_has_no_need_to_grow_before_the_log_is_much_too_long() {
        // A part of it, of 32 KiB, has places for so many pages, and a table with two bytes for each of 8,192; the first one also a
        // header of 136 bytes.
        const PLACES: usize = (32 * 1024 - 2 * 8192) / 4;
        const { assert!((TOO_LONG + LONG) / (PAGE + 24) <= room::INDEX / (32 * 1024) * PLACES - 136 / 4) };
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path());
        let length = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
        let before = length("objects.db-shm");
        // Who reads the database keeps the log from beginning anew.
        let reader = Connection::open(folder.path().join("objects.db")).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM object_log;").unwrap();
        for round in 0..10 {
            log.append(&rows(round * 4 + 1, 4, 1000 * 1000), &[], 0).unwrap();
        }
        assert!(length("objects.db-wal") > 2 * room::ROOM as u64);
        assert_eq!((before, length("objects.db-shm")), (room::INDEX as u64, room::INDEX as u64));
    }

    #[test]
    fn what_a_killed_process_left_in_the_log_is_moved_by_the_next_one() {
        let (folder, next) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (mut log, _) = open(folder.path());
        for round in 0..4 {
            log.append(&rows(round * 50 + 1, 50, 100_000), &[], 0).unwrap();
        }
        for name in ["objects.db", "objects.db-wal", "objects.head"] {
            std::fs::copy(folder.path().join(name), next.path().join(name)).unwrap();
        }
        drop(log);
        let (mut log, found) = open(next.path());
        assert_eq!((found.len(), log.log_length() >= LONG), (200, true));
        // Each write may be the one that finds the thread at rest.
        let until = std::time::Instant::now() + Duration::from_mins(1);
        let mut revision = 201;
        while log.log_length() >= LONG {
            assert!(std::time::Instant::now() < until, "the log does not begin anew");
            log.append(&rows(revision, 1, 10), &[], 0).unwrap();
            revision += 1;
        }
        drop(log);
        assert_eq!(open(next.path()).1, (1..revision).collect::<Vec<u64>>());
    }

    #[test]
    fn someone_who_reads_the_database_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path());
        log.append(&rows(1, 1, 10), &[], 0).unwrap();
        let reader = Connection::open(folder.path().join("objects.db")).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM object_log;").unwrap();
        for round in 0..10 {
            log.append(&rows(round * 30 + 2, 30, 100_000), &[], 0).unwrap();
        }
        let seen: i64 = reader.query_row("SELECT count(*) FROM object_log", [], |row| row.get(0)).unwrap();
        drop((reader, log));
        assert_eq!((seen, open(folder.path()).1.len()), (1, 301));
    }

    #[test]
    fn a_full_database_refuses_a_write_as_a_whole_and_goes_on_when_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path());
        log.append(&rows(1, 3, 1000), &[], 0).unwrap();
        log.limit_pages(40);
        let refused = log.append(&rows(4, 50, 8000), &[1], 1).unwrap_err();
        let file = folder.path().join("objects.db");
        let expected = format!(
            "the disk that holds {} is full; nothing was changed, and writes go on once it has room",
            file.display()
        );
        assert_eq!(refused, expected);
        log.append(&rows(4, 2, 1000), &[2], 2).unwrap();
        log.limit_pages(100_000);
        log.append(&rows(6, 50, 8000), &[], 2).unwrap();
        drop(log);
        let expected: Vec<u64> = [1].into_iter().chain(3..56).collect();
        assert_eq!(open(folder.path()).1, expected);
    }
}
