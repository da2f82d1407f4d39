//! What can go wrong with the store.

use std::{io, path::PathBuf, sync::Arc};

use thiserror::Error;

use super::Stored;

/// Why a data folder could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process uses the folder.
    #[error("{folder} is in use by process {pid}: stop it first, or choose another data folder", folder = .folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// The other process.
        pid: String,
    },
    /// A newer program wrote it.
    #[error("{file} has data format {found}, this program knows up to {known}: start it with the newer version, or restore a backup made by this one", file = .file.display())]
    NewerFormat {
        /// The database.
        file: PathBuf,
        /// Its format.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// Something in it is not what was written.
    #[error(
        "the object store is damaged at {place}: {problem}; restore a backup, or move the folder away to start anew"
    )]
    Damaged {
        /// Where.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// The operating system said no.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What it answered.
        #[source]
        source: io::Error,
    },
    /// SQLite said no.
    #[error("{what}: {source}")]
    Sqlite {
        /// What was tried.
        what: String,
        /// What it answered.
        #[source]
        source: rusqlite::Error,
    },
    /// Keys or certificates could not be made or read.
    #[error("{0}")]
    Identity(String),
}

/// Why a write did not happen.
#[derive(Debug, Error, Clone)]
pub(crate) enum WriteError {
    /// The object has another revision than was expected; the current state, if it exists.
    #[error("the object has been modified")]
    Changed(Option<Arc<Stored>>),
    /// The disk refused; nothing was changed.
    #[error("the store could not write: {0}")]
    Disk(String),
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Closed,
}
