//! Room for the write-ahead log and its index, made before it is needed.
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
/// Not more than SQLite's index of the log has room for.
pub(super) const ROOM: usize = 15 * 1024 * 1024;
/// SQLite's index of the log has so many bytes from the start: five parts of 32 KiB, which tell of 20,446 pages, 80 MB of log.
///
/// On a full disk the index could not grow while the log still can, and SQLite finds that out only after the pages are in the log: what
/// it refuses then would be there again after a crash.
pub(super) const INDEX: usize = 5 * 32 * 1024;
/// Written at a time.
const PIECE: usize = 1024 * 1024;

/// Fills the file up with zeros, which are no frames of a log; only while nobody writes to it.
///
/// A disk without that much room is not used up for it: the log grows as it must then.
pub(super) fn make(log: &Path) {
    if let Some(file) = grown(log, ROOM)
        && let Err(error) = file.sync_all()
    {
        tracing::debug!(%error, "the room for the write-ahead log may have to be made again");
    }
}

/// Fills the log's index up with zeros, as SQLite does when it grows.
///
/// Whoever closes the file gives up what SQLite has locked of it in this process: it must be closed after the database.
pub(super) fn make_index(index: &Path) -> Option<File> {
    grown(index, INDEX)
}

/// The file, with at least so many bytes where there is room for them.
fn grown(path: &Path, bytes: usize) -> Option<File> {
    let file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) => {
            tracing::debug!(%error, "{} has no room yet", path.display());
            return None;
        }
    };
    let Ok(length) = file.metadata().map(|file| file.len()) else { return Some(file) };
    if let Err(error) = fill(&file, length, bytes as u64) {
        tracing::debug!(%error, "there is no room for the whole of {}", path.display());
        if let Err(error) = file.set_len(length) {
            tracing::warn!(%error, "{} keeps room that it could not use", path.display());
        }
    }
    Some(file)
}

fn fill(file: &File, length: u64, bytes: u64) -> io::Result<()> {
    let zeros = vec![0; PIECE];
    let mut at = length;
    while at < bytes {
        let some = (bytes - at).min(PIECE as u64);
        file.write_all_at(&zeros[..usize::try_from(some).unwrap_or(PIECE)], at)?;
        at += some;
    }
    Ok(())
}
