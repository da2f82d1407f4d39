//! Room for the write-ahead log, made before it is needed.
//!
//! A file that grows makes each commit wait for the file system's journal besides its own bytes; one that is written over does not.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

/// The log's file has so many bytes from the start, and is cut to that many when it was longer.
///
/// Not more than the first part of SQLite's index of the log can tell of, which are 4,062 pages: on a full disk the index could not grow
/// while the log still had room, and SQLite finds that out only after the pages are in the log. What it refuses then would be there
/// again after a crash.
pub(super) const ROOM: usize = 15 * 1024 * 1024;
/// Written at a time.
const PIECE: usize = 1024 * 1024;

/// Fills the file up with zeros, which are no frames of a log; only while nobody writes to it.
///
/// A disk without that much room is not used up for it: the log grows as it must then.
pub(super) fn make(log: &Path) {
    let file = match OpenOptions::new().write(true).open(log) {
        Ok(file) => file,
        Err(error) => return tracing::debug!(%error, "the write-ahead log has no room yet"),
    };
    let Ok(length) = file.metadata().map(|file| file.len()) else { return };
    if let Err(error) = fill(&file, length) {
        tracing::debug!(%error, "there is no room for the whole write-ahead log");
        if let Err(error) = file.set_len(length) {
            tracing::warn!(%error, "the write-ahead log keeps room that it could not use");
        }
    }
}

fn fill(file: &File, length: u64) -> io::Result<()> {
    let zeros = vec![0; PIECE];
    let mut at = length;
    while at < ROOM as u64 {
        let some = (ROOM as u64 - at).min(PIECE as u64);
        file.write_all_at(&zeros[..usize::try_from(some).unwrap_or(PIECE)], at)?;
        at += some;
    }
    if at > length { file.sync_all() } else { Ok(()) }
}
