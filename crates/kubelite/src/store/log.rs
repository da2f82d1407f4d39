//! The interface to what lies on disk: small, so that another store can stand behind it.

use std::{path::Path, sync::Arc};

use bytes::Bytes;

use super::OpenError;

/// One change of one object.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The revision, unique and growing.
    pub(crate) revision: u64,
    /// The shelf.
    pub(crate) shelf: Arc<str>,
    /// The object's path on the shelf.
    pub(crate) path: Arc<str>,
    /// Whether this change removed the object.
    pub(crate) removed: bool,
    /// When, in milliseconds since 1970.
    pub(crate) at: i64,
    /// The object, encoded.
    pub(crate) bytes: Bytes,
}

/// An append-only list of changes.
pub(crate) trait Log: Send {
    /// The newest revision that was compacted away, 0 at the beginning.
    fn compacted(&mut self) -> Result<u64, OpenError>;
    /// Hands out every row in order of revision, each checked against its checksum.
    fn load(&mut self, each: &mut dyn FnMut(Row) -> Result<(), OpenError>) -> Result<(), OpenError>;
    /// Appends all rows and forgets these revisions, or does nothing; it is on disk when this returns.
    fn append(&mut self, rows: &[Row], forgotten: &[u64], floor: u64) -> Result<(), String>;
    /// Forgets these revisions; nothing at or below `floor` can be resumed from any more.
    fn forget(&mut self, revisions: &[u64], floor: u64) -> Result<(), String>;
    /// Writes a copy to a file that must not exist.
    fn backup(&mut self, file: &Path) -> Result<(), String>;
}

/// Keeps nothing.
pub(crate) struct MemoryLog;

impl Log for MemoryLog {
    fn compacted(&mut self) -> Result<u64, OpenError> {
        Ok(0)
    }

    fn load(&mut self, _each: &mut dyn FnMut(Row) -> Result<(), OpenError>) -> Result<(), OpenError> {
        Ok(())
    }

    fn append(&mut self, _rows: &[Row], _forgotten: &[u64], _floor: u64) -> Result<(), String> {
        Ok(())
    }

    fn forget(&mut self, _revisions: &[u64], _floor: u64) -> Result<(), String> {
        Ok(())
    }

    fn backup(&mut self, _file: &Path) -> Result<(), String> {
        Err("a store in memory has nothing to back up: open the server with a data folder".into())
    }
}
